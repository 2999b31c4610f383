import { hasEnded, type RunStatus, type Step } from '../../shared/runs/run.ts';
import type { Progress as RunProgress } from '../../shared/runs/workflow.ts';
import type { Job } from '../job/job.ts';
import { countsOf } from '../job/progress.ts';

/** What a job does now: its one step, slice after slice, until all rows have ended. */
export function jobProgress(job: Job, now: number): RunProgress {
  const { work } = job.steps;
  if (!work) throw new Error(`the job ${job.id} has no step`);
  if (hasEnded(work)) return { status: endOf(job), due: [] };
  const { dueAt = 0 } = work;
  const status = underWay(job, work);
  return dueAt <= now ? { status, due: ['work'] } : { status, due: [], wakeAt: dueAt };
}

function underWay({ status }: Job, { status: stepStatus, reason }: Step): RunStatus {
  if (status === 'cancelling') return status;
  return stepStatus === 'pending' && reason?.startsWith('halted:') ? 'halted' : 'running';
}

function endOf(job: Job): RunStatus {
  if (job.status === 'cancelling') return 'cancelled';
  return countsOf(job.progress).succeeded === job.facts.total ? 'completed' : 'completed_with_errors';
}
