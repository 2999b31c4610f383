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
  /** Whether it puts events on the bus. */
  publishes?: boolean;
  /** What it may take when it needs more than other functions do. */
  size?: Size;
  run(clients: Clients<P>, deadline: Deadline): Promise<object>;
}

/** Of a function. Lambda gives it a processor in proportion to its memory. */
export interface Size {
  seconds: number;
  megabytes: number;
}

/** What everything else is derived from. */
export interface ScheduledOperation {
  summary: string;
  schedule: string;
  providers: string[];
  starts?: string[];
  publishes?: boolean;
  size?: Size;
}

const usualSeconds = 28;
const reserveMs = 3_000;

/**
 * The one way to make a Lambda for a schedule. It takes no input; its result is logged and returned. A failure is
 * thrown, so that the Errors metric moves and Lambda tries again.
 */
export function defineSchedule<P extends Providers>({ run, ...definition }: Definition<P>) {
  const { summary, providers, size } = definition;
  const handler = async (_event: unknown, context: Context): Promise<object> => {
    try {
      const deadline = new Deadline((size?.seconds ?? usualSeconds) * 1_000 - reserveMs);
      const result = await run(connectAll(providers, deadline), deadline);
      logger.info(summary, { requestId: context.awsRequestId, ...result });
      return result;
    } catch (error) {
      logger.error(summary, { requestId: context.awsRequestId, ...whereOf(error) });
      throw error;
    }
  };
  const operation: ScheduledOperation = { ...definition, providers: Object.keys(providers) };
  return Object.assign(handler, { operation });
}
