import * as z from 'zod/mini';
import type { FoundBy } from '../../cleanup/policies/still-found.ts';
import type { Reservation } from '../../shared/budget.ts';
import { type Run, runAnswer, toRunAnswer } from '../../shared/runs/run.ts';
import { loadRun } from '../../shared/runs/run-store.ts';
import { documented } from '../../shared/schema.ts';
import { type Counts, countsOf, type Progress } from './progress.ts';

export const onError = z.enum(['continue', 'stop']);

export interface JobRequest {
  /** Such as `wecom/delete-user`. */
  operation: string;
  onError: z.infer<typeof onError>;
  /** The policy of the cleanup that has found the accounts. */
  foundBy?: FoundBy;
}

/** What a job stands on. It holds no row: those are items of their own. */
export interface JobFacts extends JobRequest {
  total: number;
  tenant: object;
  /** Digests of the accounts that the rows name, and of those that the directory lacks. */
  subjects: string;
  absent: string;
}

export interface Job extends Run<JobRequest, JobFacts> {
  progress?: Progress;
  /** What is taken of the budget for rows that have not ended. */
  reserved?: Reservation;
}

/** @throws OperationError `not_found` */
export const loadJob = (id: string): Promise<Job> => loadRun<JobRequest, JobFacts>(id, 'job');

export const jobAnswer = z.extend(runAnswer, {
  operation: z.string(),
  onError,
  total: documented(z.number(), { description: 'Rows' }),
  succeeded: z.number(),
  failed: z.number(),
  skipped: documented(z.number(), { description: 'Not tried: the job was cancelled, or stopped at an error' }),
  unknown: documented(z.number(), { description: 'May have taken effect, and no reading can tell' }),
  ratePerSecond: documented(z.number(), { description: 'Rows that ended in a second, lately' }),
  etaSeconds: documented(z.nullable(z.number()), { description: 'Until all rows have ended; null when nobody knows' }),
});

export function toJobAnswer(job: Job, now: number): z.infer<typeof jobAnswer> {
  const { operation, onError, total } = job.facts;
  const counts: Counts = countsOf(job.progress);
  const { ratePerSecond = 0, etaSeconds = null }: Partial<Progress> =
    job.status === 'halted' ? {} : (job.progress ?? {});
  return { ...toRunAnswer(job, now), operation, onError, total, ...counts, ratePerSecond, etaSeconds };
}
