import type { Context } from 'aws-lambda';
import { Deadline } from './clock.ts';
import { logger, whereOf } from './log.ts';
import { type Clients, connectAll, type Providers } from './operation.ts';

interface Definition<P extends Providers> {
  summary: string;
  /** An EventBridge Scheduler expression. */
  schedule: string;
  providers: P;
  /** The durable functions that it may start and wake, such as `offboarding/run-offboarding`. */
  starts?: string[];
  run(clients: Clients<P>, deadline: Deadline): Promise<object>;
}

/** What everything else is derived from. */
export interface ScheduledOperation {
  summary: string;
  schedule: string;
  providers: string[];
  starts?: string[];
}

const budgetMs = 25_000;

/**
 * The one way to make a Lambda for a schedule. It takes no input; its result is logged and returned. A failure is
 * thrown, so that the Errors metric moves and Lambda tries again.
 */
export function defineSchedule<P extends Providers>({ run, ...definition }: Definition<P>) {
  const { schedule, summary, providers, starts } = definition;
  const handler = async (_event: unknown, context: Context): Promise<object> => {
    try {
      const deadline = new Deadline(budgetMs);
      const result = await run(connectAll(providers, deadline), deadline);
      logger.info(summary, { requestId: context.awsRequestId, ...result });
      return result;
    } catch (error) {
      logger.error(summary, { requestId: context.awsRequestId, ...whereOf(error) });
      throw error;
    }
  };
  const operation: ScheduledOperation = {
    summary,
    schedule,
    providers: Object.keys(providers),
    ...(starts && { starts }),
  };
  return Object.assign(handler, { operation });
}
