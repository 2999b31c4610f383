import { clock, Deadline } from '../clock.ts';
import { type ErrorCode, OperationError } from '../errors.ts';
import { haltPermit } from '../halt.ts';
import { countOf, logger, whereOf } from '../log.ts';
import { connectAll, type Providers } from '../operation.ts';
import { hasEnded, type Step, type StepResult } from './run.ts';
import { changeRun, loadRun } from './run-store.ts';
import type { WorkflowDefinition } from './workflow.ts';
import type { WorkflowInput } from './workflow-control.ts';

/** How an attempt at a step ended: for good, or to be tried again after a while. */
export type StepEnd =
  | {
      status: 'succeeded' | 'unsupported' | 'skipped' | 'needs_attention';
      reason?: string;
      result?: StepResult;
      /** A keyed print of the account that the step made. */
      made?: string | undefined;
    }
  | {
      againInMs: number;
      reason: string;
      result?: StepResult;
      /** Since when it fails in a way that may pass: counted from the first in a row, as a step can be at work for days. */
      failingSince?: number;
    };

/** The result of a step that finds nothing to remove. */
export const alreadyAbsent: StepResult = { outcome: 'already_absent', verified: true };

/** A step was refused when some of it was done, which the run is to tell. */
export class PartlyDone extends Error {
  readonly refusal: OperationError;
  readonly result: StepResult;

  constructor(refusal: OperationError, result: StepResult) {
    super(refusal.message);
    this.refusal = refusal;
    this.result = result;
  }
}

export const defaultStepMs = 25_000;
const dayMs = 86_400_000;
const longestDelayMs = 3_600_000;
/** Whoever lifts a halt waits for what was halted to go on. */
const longestHaltDelayMs = 60_000;

/** Failures that pass by themselves, and how long we wait for that before a person is asked. */
const patience: Partial<Record<ErrorCode, number>> = {
  // A lock ends by itself, at the latest after a day; a step of many writes can meet one after the other.
  locked: 7 * dayMs,
  store_unavailable: dayMs,
  provider_unavailable: dayMs,
  provider_rate_limited: dayMs,
  // Its lock stays until the effect was read; the next attempt starts from what the ledger says then.
  provider_timeout: dayMs,
  verification_failed: 60_000,
  halted: 30 * dayMs,
  fence_tripped: 7 * dayMs,
};

/**
 * Carries out one step of a run, and records how it ended. Nothing that a provider does makes it throw.
 * @throws OperationError `store_unavailable`; the step is to be performed again then
 */
export async function performStep<Request, Facts, P extends Providers>(
  { kind, providers, perform, stepMs = defaultStepMs }: WorkflowDefinition<Request, Facts, P>,
  { runId, generation }: WorkflowInput,
  stepId: string,
): Promise<void> {
  const run = await loadRun<Request, Facts>(runId, kind);
  const planned = run.steps[stepId];
  if (!planned || hasEnded(planned)) return;
  const step: Step = { ...planned, status: 'running', startedAt: planned.startedAt ?? clock.now() };
  const put = (next: Step) => changeRun(run, { steps: { [stepId]: next }, when: { generation } });
  if (!(await put(step))) return;

  // What a cancelled run gives back is let through whatever is halted.
  const deadline = new Deadline(stepMs, step.action === 'restore' ? undefined : haltPermit());
  const clients = connectAll(providers, deadline);
  const end = await perform({ run, stepId, clients, deadline }).catch((error: unknown) => endAfter(error, step));
  // Before it is recorded: when this dies in between, the step is performed again, and the alarm comes twice.
  if ('status' in end && end.status === 'needs_attention') {
    logger.warn('a step needs attention', { runId, stepId, ...countOf('run_needs_attention') });
  }
  await put(afterEnd(step, end));
}

function endAfter(error: unknown, step: Step): StepEnd {
  if (error instanceof PartlyDone) return { ...endAfter(error.refusal, step), result: error.result };
  if (!(error instanceof OperationError)) {
    logger.error('bug', whereOf(error));
    return { status: 'needs_attention', reason: 'internal: a bug in Usher; details are in its log' };
  }
  const { code, message, options } = error;
  const reason = [`${code}: ${message}`, options.fix].filter(Boolean).join('. ');
  const failingSince = failsSince(step, code);
  const patienceMs = patience[code] ?? (error.retryable ? dayMs : undefined);
  if (patienceMs === undefined || clock.now() - failingSince > patienceMs) return { status: 'needs_attention', reason };
  const wait = Math.max((options.retryAfter ?? 0) * 1000, 5_000 * 2 ** step.delays);
  const longest = code === 'halted' ? longestHaltDelayMs : longestDelayMs;
  return { againInMs: Math.min(wait, longest), reason, failingSince };
}

/** Since when a step that fails with `code` has failed in a row. A halt is no failure, however long it was. */
export function failsSince({ reason, failingSince = clock.now() }: Step, code: ErrorCode): number {
  const wasHalted = reason?.startsWith('halted: ') === true;
  return wasHalted && code !== 'halted' ? clock.now() : failingSince;
}

function afterEnd({ reason: _reason, dueAt: _dueAt, failingSince: _since, ...step }: Step, end: StepEnd): Step {
  const now = clock.now();
  const { result = step.result, reason } = end;
  const told = { ...(reason !== undefined && { reason }), ...(result && { result }) };
  if ('status' in end) {
    return { ...step, ...told, ...(end.made && { made: end.made }), status: end.status, endedAt: now };
  }
  const failing = end.failingSince !== undefined && { failingSince: end.failingSince };
  return {
    ...step,
    ...told,
    ...failing,
    status: 'pending',
    dueAt: now + end.againInMs,
    delays: failing ? step.delays + 1 : 0,
  };
}
