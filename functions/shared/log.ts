import { Logger } from '@aws-lambda-powertools/logger';
import { env } from './env-names.ts';
import { framesOf } from './stack-trace.ts';

/** Log lines are built from named fields, never from an event, a request or an error object. */
export const logger = new Logger({ serviceName: 'usher', environment: process.env[env.stage] ?? 'none' });

/** Where a bug is: its name and stack without the message, which can quote what was being read. */
export const whereOf = (error: unknown): Record<string, unknown> =>
  Error.isError(error) ? { error: error.name, stack: framesOf(error.stack ?? '') } : { error: typeof error };
