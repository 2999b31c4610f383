import { clock } from '../clock.ts';
import { refuseHalted } from '../halt.ts';
import { createRun, type PlannedRun } from './plan-run.ts';
import { endedStatuses, type Run } from './run.ts';
import { changeRun, loadRun, unwatchRun, watchRun } from './run-store.ts';
import { startExecution } from './workflow-control.ts';

/**
 * Stores a run and starts it at once, without a plan that somebody applies.
 * @param storedKey of a request with an `Idempotency-Key`
 * @throws OperationError `halted`; `store_unavailable` when its workflow cannot be started, and then the run is over and
 * did nothing
 */
export async function startRun<Request extends object, Facts extends object>(
  planned: PlannedRun<Request, Facts>,
  storedKey: string | undefined,
): Promise<Run> {
  await refuseHalted();
  const begins = { status: 'running' as const, generation: 1, startedAt: clock.now(), begun: false };
  const found = await createRun(planned, storedKey, begins);
  const run = isWithdrawn(found) ? await beginAgain(found, planned.request) : found;
  // An earlier request with this key had begun it, and may have died before its workflow was started.
  if (run.begun || endedStatuses.includes(run.status)) return run;
  try {
    return await startExecution(run);
  } catch (error) {
    return withdraw(run, error);
  }
}

/** Its workflow could not be started, when it was asked for first. */
const isWithdrawn = ({ status, begun }: Run): boolean => status === 'cancelled' && begun === false;

async function beginAgain(run: Run, request: object): Promise<Run> {
  const { generation } = run;
  await watchRun(run);
  const set = { status: 'running' as const, request, generation: generation + 1, startedAt: clock.now() };
  return (await changeRun(run, { set, when: { statuses: ['cancelled'], generation } })) ?? loadRun(run.id, run.kind);
}

/** Unless it is at work all the same: a start may be answered by a failure. */
async function withdraw(run: Run, error: unknown): Promise<Run> {
  const { generation } = run;
  const when = { generation, begun: false };
  const withdrawn = await changeRun(run, { set: { status: 'cancelled' }, remove: ['request'], when });
  if (!withdrawn) return loadRun(run.id, run.kind);
  await unwatchRun(run);
  throw error;
}
