import type { Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { BadEvent, bury, type DeadLetter, knownOf, parseEvent } from './bad-event.ts';
import { Deadline } from './clock.ts';
import { OperationError } from './errors.ts';
import { countOf, logger, whereOf } from './log.ts';
import { type Clients, connectAll, type Providers } from './operation.ts';

interface Declared {
  summary: string;
  /** Which events of the bus it gets. */
  event: { source: string; detailType: string };
  /** The durable functions that it may start and wake, such as `offboarding/run-offboarding`. */
  starts?: string[];
}

interface Definition<Detail extends z.ZodMiniType<object>, P extends Providers> extends Declared {
  /** The providers whose secrets the function may read, each with the way to its client. */
  providers: P;
  detail: Detail;
  /** `<provider>:<id>` of each account that a detail names, as far as it can be read. */
  subjectsOf(detail: unknown): string[];
  run(detail: z.output<Detail>, clients: Clients<P>): Promise<object>;
}

/** What everything else is derived from. */
export interface EventOperation extends Declared {
  providers: string[];
  detail: z.ZodMiniType;
}

const budgetMs = 25_000;

/**
 * Makes the Lambda for one kind of event. One that cannot be carried out goes to the dead-letter queue with the reason,
 * and is done with. A failure that may pass is thrown, so that Lambda comes again with the same event.
 */
export function defineEvent<Detail extends z.ZodMiniType<object>, P extends Providers>({
  run,
  subjectsOf,
  ...definition
}: Definition<Detail, P>) {
  const { summary, event, providers } = definition;
  const handler = async (delivered: { detail?: unknown }, context: Context): Promise<object> => {
    const { detail } = delivered;
    const subjects = subjectsOf(detail);
    const about = { requestId: context.awsRequestId, subjects, ...knownOf(detail) };
    try {
      const result = await run(parseEvent(definition.detail, detail), connectAll(providers, new Deadline(budgetMs)));
      logger.info(summary, { ...about, ...result });
      return result;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) {
        logger.error(summary, { ...about, ...failureOf(error) });
        throw error;
      }
      const letter: DeadLetter = { ...knownOf(detail), detailType: event.detailType, subjects, reason };
      await bury(letter);
      logger.error(summary, { ...about, reason, ...countOf('event_rejected') });
      return letter;
    }
  };
  const operation: EventOperation = { ...definition, providers: Object.keys(providers) };
  return Object.assign(handler, { operation });
}

/** @returns undefined when another attempt can help, or something unforeseen happened */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof BadEvent) return error.message;
  if (!(error instanceof OperationError) || error.retryable) return undefined;
  return [`${error.code}: ${error.message}`, error.options.fix].filter(Boolean).join('. ');
}

const failureOf = (error: unknown): Record<string, unknown> =>
  error instanceof OperationError ? { code: error.code, provider: error.options.provider?.name } : whereOf(error);
