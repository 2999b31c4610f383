import { clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { countOf, logger } from '../log.ts';
import { endedStatuses } from './run.ts';
import { changeRun, loadRun, overdueRuns, unwatchRun, type Watched, watchRun } from './run-store.ts';
import { isRunning, startExecution, wakeWorkflow } from './workflow-control.ts';

const batch = 25;
/** When a run that was looked after is looked at again. */
const againMs = 10 * 60_000;

export interface WatchedRuns {
  over: number;
  woken: number;
  restarted: number;
  stuck: number;
}

/**
 * Looks after runs that are past their time: wakes a workflow that sleeps over a change, starts a new execution where
 * the last one has ended, and reports one that runs and does nothing. What was done is not done again.
 */
export async function watchRuns(): Promise<WatchedRuns> {
  const seen: WatchedRuns = { over: 0, woken: 0, restarted: 0, stuck: 0 };
  for (const watched of await overdueRuns(clock.now(), batch)) seen[await lookAfter(watched)] += 1;
  return seen;
}

async function lookAfter({ id, kind }: Watched): Promise<keyof WatchedRuns> {
  const run = await loadRun(id, kind).catch(asForgotten);
  if (!run) {
    await unwatchRun({ id });
    return 'over';
  }
  if (endedStatuses.includes(run.status) || run.status === 'planned' || run.status === 'held') {
    await unwatchRun(run);
    return 'over';
  }
  await watchRun(run, clock.now() + againMs);
  if (run.execution === undefined || !(await isRunning(run.execution))) {
    logger.warn('a run is taken up by a new execution', { runId: run.id, kind: run.kind, status: run.status });
    const { generation } = run;
    const restarted = await changeRun(run, {
      set: { generation: generation + 1 },
      remove: ['wake'],
      when: { generation },
    });
    if (restarted) await startExecution(restarted);
    return 'restarted';
  }
  if (run.wake) {
    await wakeWorkflow(run);
    return 'woken';
  }
  logger.error('a run stands still', { runId: run.id, kind: run.kind, status: run.status, ...countOf('run_stuck') });
  return 'stuck';
}

/** The store forgets a run after some time, and what watches it stays. */
function asForgotten(error: unknown): undefined {
  if (error instanceof OperationError && error.code === 'not_found') return;
  throw error;
}
