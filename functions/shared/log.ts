import { Logger } from '@aws-lambda-powertools/logger';
import { clock } from './clock.ts';
import { counts, env } from './env-names.ts';
import type { ErrorCode } from './errors.ts';
import { framesOf } from './stack-trace.ts';

/** Log lines are built from named fields, never from an event, a request or an error object. */
export const logger = new Logger({ serviceName: 'usher' });

/** Where a bug is: its name and stack without the message, which can quote what was being read. */
export const whereOf = (error: unknown): Record<string, unknown> =>
  Error.isError(error) ? { error: error.name, stack: framesOf(error.stack ?? '') } : { error: typeof error };

/**
 * What is counted: a request that failed, by its code; a write whose effect could not be read for a day; a run whose
 * step a person must look at, and one that stands still; an event that was refused, and one that the bus refuses.
 */
export type Counted =
  | ErrorCode
  | 'effect_unknown'
  | 'run_needs_attention'
  | 'run_stuck'
  | 'event_rejected'
  | 'event_untold';

/**
 * Fields that make a log line count one in a CloudWatch metric called `name`, by stage. CloudWatch reads them out of the
 * line itself (embedded metric format), so nothing is sent; it looks for them at the top level only.
 */
export const countOf = (name: Counted): Record<string, unknown> => ({
  _aws: {
    Timestamp: clock.now(),
    CloudWatchMetrics: [
      {
        Namespace: counts.namespace,
        Dimensions: [[counts.dimension]],
        Metrics: [{ Name: name, Unit: 'Count' }],
      },
    ],
  },
  [counts.dimension]: process.env[env.stage] ?? 'none',
  [name]: 1,
});
