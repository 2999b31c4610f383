import { clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { changedMeanwhile, statusForbids } from './refusals.ts';
import { endedStatuses, type Run, type RunStatus, type Steps, stepsOf } from './run.ts';
import { changeRun, watchRun } from './run-store.ts';
import { startExecution, wakeWorkflow } from './workflow-control.ts';

/**
 * Tries the steps again that need attention. A run that had come to its end goes on as `resumed`.
 * @throws OperationError `conflict` when no step needs attention or the run is over, `store_unavailable`
 */
export async function retryRun(run: Run, resumed: RunStatus, caller: string): Promise<Run> {
  const hasEnded = run.status === 'needs_attention';
  if (!hasEnded && endedStatuses.includes(run.status)) throw statusForbids(run, 'retry it');
  const now = clock.now();
  const steps: Steps = Object.fromEntries(
    stepsOf(run)
      .filter(([, { status }]) => status === 'needs_attention')
      // When it was first started stays: a cancelled run gives back what it may have taken then.
      .map(([id, { reason: _reason, endedAt: _endedAt, failingSince: _since, ...step }]) => [
        id,
        { ...step, status: 'pending', dueAt: now, retriedAt: now, delays: 0 },
      ]),
  );
  if (Object.keys(steps).length === 0) throw nothingToRetry(run);
  // Before it is changed: when this dies on the way, somebody looks after what was begun.
  await watchRun(run);
  const changed = await changeRun(run, {
    set: { retriedBy: caller, ...(hasEnded && { status: resumed, generation: run.generation + 1 }) },
    steps,
    signals: true,
    when: { statuses: [run.status], generation: run.generation, signal: run.signal },
  });
  if (!changed) throw await changedMeanwhile(run, 'retry it');
  if (!hasEnded) {
    await wakeWorkflow(changed);
    return changed;
  }
  return startExecution(changed);
}

const nothingToRetry = ({ status }: Run): OperationError =>
  new OperationError('conflict', 'no step of it needs attention, so there is nothing to try again', {
    members: { runStatus: status },
  });
