import { clock } from '../clock.ts';
import { changedMeanwhile, statusForbids } from './refusals.ts';
import type { Run, RunStatus } from './run.ts';
import { changeRun, loadRun, watchRun } from './run-store.ts';
import { startExecution, wakeWorkflow } from './workflow-control.ts';

const beforeRemoving: RunStatus[] = ['scheduled', 'disabling', 'grace'];

/**
 * Stops a run before its first removal. A plan ends at once; the workflow of one under way gives back what it took.
 * Of a cancel and a removal at the same moment one wins, by the same conditional update.
 * @param before the states in which it can be cancelled, beside a plan
 * @throws OperationError `conflict` with the status, when removing has begun or the run is over
 */
export async function cancelRun(run: Run, caller: string, before = beforeRemoving): Promise<Run> {
  const plan = await changeRun(run, {
    set: { status: 'cancelled', cancelledBy: caller },
    remove: ['request'],
    when: { statuses: ['planned', 'held'] },
  });
  if (plan) return plan;
  // Before it is changed: when this dies on the way, somebody looks after what was begun.
  if (run.removingAt === undefined) await watchRun(run);
  if (hasStoppedBeforeRemoving(run)) return goOnCancelling(run, caller);
  const cancelled = await changeRun(run, {
    set: { status: 'cancelling', cancelledAt: clock.now(), cancelledBy: caller },
    signals: true,
    when: { statuses: before },
  });
  if (!cancelled) throw statusForbids(await loadRun(run.id, run.kind), 'cancel it');
  await wakeWorkflow(cancelled);
  return cancelled;
}

/** It needs attention, and took nothing away for good. */
const hasStoppedBeforeRemoving = ({ status, cancelledAt, removingAt }: Run): boolean =>
  status === 'needs_attention' && cancelledAt === undefined && removingAt === undefined;

/** Its workflow has ended, so a new execution gives back what it took. */
async function goOnCancelling(run: Run, caller: string): Promise<Run> {
  const { generation } = run;
  const cancelled = await changeRun(run, {
    set: { status: 'cancelling', cancelledAt: clock.now(), cancelledBy: caller, generation: generation + 1 },
    signals: true,
    when: { statuses: ['needs_attention'], generation },
  });
  if (!cancelled) throw await changedMeanwhile(run, 'cancel it');
  return startExecution(cancelled);
}
