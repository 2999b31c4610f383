import type { BulkOperation } from '../../shared/bulk.ts';
import { OperationError } from '../../shared/errors.ts';
import { findByKey, requireSettled } from '../../shared/ledger.ts';
import { lostAnswer } from '../../shared/settle.ts';
import type { ItemEnd, JobItem } from '../job/items.ts';
import type { Job } from '../job/job.ts';

/** Names the write of one row in the ledger. */
export const ledgerKeyOf = (job: Pick<Job, 'id'>, { index }: Pick<JobItem, 'index'>): string =>
  `run#${job.id}/item#${index}`;

/**
 * What the ledger tells of a row that a worker may have begun and not ended.
 * @returns how it ended; `open` while nobody knows; undefined when nothing was done so far
 */
export async function traceOf(
  job: Job,
  operation: BulkOperation,
  item: JobItem,
): Promise<ItemEnd | 'open' | undefined> {
  // In this order: a write that is settled in between is in the ledger before its lock is gone.
  const isOpen = await requireSettled(item.subject, job.id).then(() => false, whetherLocked);
  if (isOpen) return 'open';
  const entry = await findByKey(item.subject, ledgerKeyOf(job, item));
  if (entry?.state === 'unknown') return { status: 'unknown', error: effectUnknown };
  if (entry?.state !== 'succeeded') return undefined;
  if (entry.answered) {
    const { outcome, verified } = entry.answered;
    return { status: 'succeeded', outcome, verified: verified || 'unverified' };
  }
  // It was read from the provider afterwards, and who is not there now may never have been.
  if (operation.effect === 'delete' && item.seen === false) return { status: 'failed', error: neverThere };
  return { status: 'succeeded', outcome: operation.outcome(item.input ?? {}), verified: true, warnings: lostAnswer };
}

function whetherLocked(error: unknown): true {
  if (error instanceof OperationError && error.code === 'locked') return true;
  throw error;
}

const neverThere = { code: 'not_found' as const, message: 'there was no such account when the job was planned' };

export const effectUnknown = {
  code: 'provider_timeout' as const,
  message: 'no answer came, and no reading can tell whether it took effect',
  fix: 'Look at the account before you try it again.',
};
