import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { refuseHalted } from '../../shared/halt.ts';
import { loadJob } from '../job/job.ts';

const freshMs = 1_000;

/**
 * Looks before every write whether it may begin: everything may have been halted since, or this job cancelled. What was
 * read within the last second holds for all.
 */
export function permitFor(jobId: string, generation: number): () => Promise<void> {
  let checked: { at: number; permit: Promise<void> } | undefined;
  return () => {
    if (!checked || clock.now() - checked.at > freshMs) {
      checked = { at: clock.now(), permit: check(jobId, generation) };
    }
    return checked.permit;
  };
}

/** @throws OperationError `halted` */
async function check(jobId: string, generation: number): Promise<void> {
  const job = await loadJob(jobId);
  // Last, so that what was read of a halt is new, however long the job took.
  await refuseHalted();
  if (job.generation === generation && ['running', 'halted'].includes(job.status)) return;
  throw new OperationError('halted', 'the job was cancelled');
}
