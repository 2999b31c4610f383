import { randomUUID } from 'node:crypto';
import { requireBudget } from '../budget.ts';
import { clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { refuseHalted } from '../halt.ts';
import { tellFenceTripped } from '../outbox.ts';
import { type Draft, planFrom, withAdvice } from './plan-run.ts';
import { changedMeanwhile, planDrifted, statusForbids } from './refusals.ts';
import { isApproved, type Run, type RunStatus } from './run.ts';
import { changeRun, loadRun, watchRun } from './run-store.ts';
import { runSettings } from './settings.ts';
import { startExecution } from './workflow-control.ts';

export interface Applying<Request, Facts> {
  run: Run<Request, Facts>;
  caller: string;
  /** As the caller names it. */
  digest: string;
  /** Reads everything again. */
  draft(request: Request, plannedAt: number): Promise<Draft<Facts>>;
  /** What a person should know of a fresh plan beside its warnings. */
  advise(request: Request): Promise<string[]>;
  /** What the run is once it is applied. */
  statusAfter(draft: Draft<Facts>): RunStatus;
  /** Takes what the run needs of the budgets, where that is done for all of it at once. */
  reserve?: (draft: Draft<Facts>, approved: boolean) => Promise<Taken>;
}

/** What was taken of the budgets for a run: what to note in it, and how to give it back when it does not begin. */
export interface Taken {
  set: Partial<Run>;
  giveBack(): Promise<void>;
}

export const nothingTaken: Taken = { set: {}, giveBack: async () => {} };

const waiting: RunStatus[] = ['planned', 'held'];

/**
 * Starts a run, if everything is still as its plan says. Until then nothing was sent to a provider that writes.
 * @throws OperationError `plan_drifted` with a fresh plan in place of the old one, `conflict`, `protected`, `halted`,
 * `fence_tripped`, or whatever else forbids the plan; `store_unavailable` when its workflow cannot be started
 */
export async function applyRun<Request extends object, Facts extends object>(
  applying: Applying<Request, Facts>,
): Promise<Run> {
  const { run, caller, digest, draft, statusAfter, reserve = requireRoom } = applying;
  if (!waiting.includes(run.status) || !run.request) throw statusForbids(run, 'apply it');
  if (clock.now() > run.expiresAt) throw planDrifted(await planAnew(applying, run.request), 'replaced');
  if (digest !== run.digest) throw planDrifted(run, 'otherDigest');
  const fresh = await draft(run.request, run.plannedAt);
  const plan = planFrom(run.id, { ...run, request: run.request, draft: fresh });
  if (plan.digest !== digest) throw planDrifted(await planAnew(applying, run.request), 'changed');
  const [refusal] = fresh.refusals;
  if (refusal) return hold(run, refusal);

  const approved = isApproved(run);
  if (runSettings().approval === 'four-eyes' && !approved)
    throw statusForbids(run, 'apply it before somebody approves');
  await refuseHalted();
  const taken = await reserve(fresh, approved).catch((error: unknown) => hold(run, error));
  const attempt = randomUUID();
  const set = { ...taken.set, status: statusAfter(fresh), appliedBy: caller, attempt };
  return start(run, digest, set).catch(async (error: unknown) => {
    if (!(await isStartedBy(attempt, run))) await taken.giveBack();
    throw error;
  });
}

/** The answer of the store may have been lost. When it cannot tell, what was taken stays taken, which harms nobody. */
async function isStartedBy(attempt: string, { id, kind }: Run): Promise<boolean> {
  const current = await loadRun(id, kind);
  return current.attempt === attempt && !waiting.includes(current.status);
}

/** Only looks: each removal is counted when it is made. */
async function requireRoom({ removals }: Draft, approved: boolean): Promise<Taken> {
  if (!approved) await requireBudget(removals);
  return nothingTaken;
}

/** Puts a fresh plan, with a digest of its own, in the place of the one that no longer holds; its approval dies. */
async function planAnew<Request extends object, Facts extends object>(
  { run, draft, advise }: Applying<Request, Facts>,
  request: Request,
): Promise<Run> {
  const plannedAt = clock.now();
  const [drafted, advice] = await Promise.all([draft(request, plannedAt), advise(request)]);
  const fresh = planFrom(run.id, { ...run, request, plannedAt, draft: withAdvice(drafted, advice) });
  const replaced = await changeRun(run, {
    set: fresh,
    remove: ['approval', 'heldFor'],
    when: { statuses: waiting, digest: run.digest },
  });
  if (!replaced) throw await changedMeanwhile(run, 'apply it');
  return replaced;
}

/** What the fence refuses stays and waits for a person. An approval lifts the numbers, and no protection. */
async function hold(run: Run, error: unknown): Promise<never> {
  if (!(error instanceof OperationError) || !['fence_tripped', 'protected'].includes(error.code)) throw error;
  const set = { status: 'held' as const, heldFor: `${error.code}: ${error.message}` };
  await changeRun(run, { set, when: { statuses: waiting, digest: run.digest } });
  await tellFenceTripped(error, { runId: run.id, digest: run.digest });
  if (error.code === 'protected') throw error;
  throw error.with({ fix: `Let somebody look at the plan and approve it: POST /${run.kind}s/${run.id}/approve.` });
}

/** Watched first, then the run, then its workflow: when this dies on the way, the run is found overdue and is started. */
async function start(run: Run, digest: string, set: Partial<Run>): Promise<Run> {
  await watchRun(run);
  const started = await changeRun(run, {
    set: { ...set, generation: run.generation + 1, startedAt: clock.now(), begun: false },
    when: { statuses: waiting, digest },
  });
  if (!started) throw await changedMeanwhile(run, 'apply it');
  try {
    return await startExecution(started);
  } catch (error) {
    return withdraw(started, run.status, error);
  }
}

/**
 * Back to the plan, if the workflow was not started. One whose start was answered by a failure may be at work all the
 * same: then the run is started. With a generation of its own the plan is safe from one that begins later.
 */
async function withdraw(started: Run, status: RunStatus, error: unknown): Promise<Run> {
  const { generation } = started;
  const withdrawn = await changeRun(started, {
    set: { status, generation: generation + 1 },
    remove: ['startedAt', 'appliedBy'],
    when: { statuses: [started.status], generation, begun: false },
  });
  if (withdrawn) throw error;
  const current = await loadRun(started.id, started.kind);
  if (current.begun) return current;
  throw error;
}
