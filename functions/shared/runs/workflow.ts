import {
  CallbackError,
  type DurableContext,
  type DurableLambdaHandler,
  StepSemantics,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js';
import { clock, type Deadline } from '../clock.ts';
import { logger } from '../log.ts';
import type { Clients, Providers } from '../operation.ts';
import { defaultStepMs, performStep, type StepEnd } from './perform-step.ts';
import { endedStatuses, type Run, type RunKind, type RunStatus, type Steps, workflowIds } from './run.ts';
import { changeRun, loadRun, unwatchRun, watchRun } from './run-store.ts';
import { startExecution, type WorkflowInput } from './workflow-control.ts';

/** What is to be done now. */
export interface Progress {
  status: RunStatus;
  /** Steps that are due, by id; they are carried out side by side. */
  due: string[];
  /** When something is due next, if nothing is now; without it only a person can bring the run on. */
  wakeAt?: number;
  /** Steps that look different now, or are new. */
  steps?: Steps;
}

export interface Performing<Request, Facts, C> {
  run: Run<Request, Facts>;
  stepId: string;
  clients: C;
  deadline: Deadline;
}

export interface WorkflowDefinition<Request, Facts, P extends Providers> {
  summary: string;
  kind: RunKind;
  /** The providers whose secrets the function may read, each with the way to its client. */
  providers: P;
  /** Whether a run that needs attention can be tried again, so that what was asked is kept till then. */
  canBeRetried: boolean;
  /** How long one attempt at a step may take; 25 s unless given. */
  stepMs?: number;
  /** Further durable functions that its steps start, such as `jobs/run-job`. */
  starts?: string[];
  /** Decides from the run alone. */
  progress(run: Run<Request, Facts>, now: number): Progress;
  /** Carries out one step; it may be called again for a step whose function died on the way. */
  perform(performing: Performing<Request, Facts, Clients<P>>): Promise<StepEnd>;
}

/** What everything else is derived from. */
export interface WorkflowOperation {
  summary: string;
  workflow: RunKind;
  providers: string[];
  /** Itself, as a new execution goes on where the last one rested, and those that its steps start. */
  starts: string[];
}

/** What one look at the run decided; it is checkpointed, so it holds ids and numbers only. */
type Look = { over: true } | { over: false; due: string[]; restSeconds: number; signal: number };

/** An execution may have 3,000 durable operations, and a round makes up to a dozen. */
const maxRounds = 200;
/** After a rest of an hour or more the code and the settings may be older than what was deployed since. */
const longRestSeconds = 3_600;
const longestRestMs = 300 * 86_400_000;
/** An invocation with less left than this and a step rests for a second, and the next one begins the step. */
const afterStepMs = 15_000;
/** When a run that did nothing for so long after its time is looked after. */
const watchMarginMs = 10 * 60_000;

/**
 * Makes the durable function that carries out runs of one kind. The run in the store says what is done and what comes
 * next; the engine brings the function back at the right time, after a crash, and when somebody wakes it. A step that
 * writes is started at most once by the engine; when its function died on the way, the ledger tells what became of it.
 */
export function defineWorkflow<Request, Facts, P extends Providers>(
  definition: WorkflowDefinition<Request, Facts, P>,
): DurableLambdaHandler & { operation: WorkflowOperation } {
  const { summary, kind, providers, starts = [] } = definition;
  const handler = withDurableExecution(async (input: WorkflowInput, context: DurableContext) => {
    for (let round = 1; round <= maxRounds; round++) {
      const msLeft = () => context.lambdaContext.getRemainingTimeInMillis();
      const look = await context.step(`look ${round}`, () => lookAt(definition, input, msLeft), {
        retryStrategy: keepTrying,
      });
      if (look.over) return;
      if (look.due.length === 0) {
        await rest(context, round, input, look);
        if (look.restSeconds >= longRestSeconds) break;
      } else {
        await Promise.all(
          look.due.map((stepId) =>
            context.step(`${stepId} ${round}`, () => performStep(definition, input, stepId), {
              semantics: StepSemantics.AtMostOncePerRetry,
              retryStrategy: keepTrying,
            }),
          ),
        );
      }
    }
    await context.step('go on anew', () => goOnAnew(kind, input), { retryStrategy: keepTrying });
  });
  const operation: WorkflowOperation = {
    summary,
    workflow: kind,
    providers: Object.keys(providers),
    starts: [workflowIds[kind], ...starts],
  };
  return Object.assign(handler, { operation });
}

/** Only the store can fail here, and a run is never given up for that. */
const keepTrying = (_error: Error, attempt: number) => ({
  shouldRetry: true,
  delay: { seconds: Math.min(2 ** attempt, 300) },
});

/**
 * Hands the run over to a new execution. An execution is pinned to the version it began on, and to its settings, so one
 * that has rested for weeks would remove people by an old list of those who are protected.
 */
async function goOnAnew(kind: RunKind, { runId, generation }: WorkflowInput): Promise<void> {
  const next = generation + 1;
  const when = { generation };
  const run = (await changeRun({ id: runId }, { set: { generation: next }, when })) ?? (await loadRun(runId, kind));
  if (run.generation === next && isUnderWay(run)) await startExecution(run);
}

/** Brings the status up to date and tells what is due. Whoever changes the run at the same time makes it look again. */
async function lookAt<Request, Facts, P extends Providers>(
  { kind, canBeRetried, progress, stepMs = defaultStepMs }: WorkflowDefinition<Request, Facts, P>,
  { runId, generation }: WorkflowInput,
  msLeft: () => number,
): Promise<Look> {
  for (;;) {
    const run = await loadRun<Request, Facts>(runId, kind);
    if (run.generation !== generation || !isUnderWay(run)) return { over: true };
    const { status, due, wakeAt, steps = {} } = progress(run, clock.now());
    const isOver = endedStatuses.includes(status);
    const added = Object.keys(steps).filter((id) => !run.stepOrder.includes(id));
    const changed = await changeRun(run, {
      set: {
        ...(status !== run.status && { status }),
        begun: true,
        stepOrder: [...run.stepOrder, ...added],
        ...(status === 'removing' && { removingAt: run.removingAt ?? clock.now() }),
      },
      steps,
      remove: ['wake', ...(isOver && !(canBeRetried && status === 'needs_attention') ? (['request'] as const) : [])],
      when: { statuses: [run.status], generation, signal: run.signal },
    });
    if (!changed) continue;
    if (status !== run.status) logger.info('run', { runId, kind, status });
    if (isOver) {
      await unwatchRun(run);
      return { over: true };
    }
    const untilWakeMs = Math.max((wakeAt ?? Number.POSITIVE_INFINITY) - clock.now(), 0);
    const restMs = due.length > 0 ? 0 : Math.min(untilWakeMs, longestRestMs);
    await watchRun(run, clock.now() + restMs + watchMarginMs);
    const isLate = msLeft() < stepMs + afterStepMs;
    const restSeconds = Math.max(1, Math.ceil(restMs / 1000));
    return { over: false, due: isLate ? [] : due, restSeconds, signal: changed.signal };
  }
}

const isUnderWay = ({ status }: Pick<Run, 'status'>): boolean =>
  !endedStatuses.includes(status) && status !== 'planned' && status !== 'held';

/** Lies down until the time has come, or somebody who changes the run wakes it. */
async function rest(
  context: DurableContext,
  round: number,
  { runId, generation }: WorkflowInput,
  { restSeconds, signal }: Look & { over: false },
): Promise<void> {
  const lieDown = async (wake: string) => {
    if (!(await changeRun({ id: runId }, { set: { wake }, when: { generation, signal } })))
      throw new ChangedMeanwhile();
  };
  try {
    await context.waitForCallback(`rest ${round}`, lieDown, {
      timeout: { seconds: restSeconds },
      retryStrategy: (error, attempt) =>
        error instanceof ChangedMeanwhile ? { shouldRetry: false } : keepTrying(error, attempt),
    });
  } catch (error) {
    // The time has come, or the run was changed before the workflow lay down: either way it looks again.
    if (!(error instanceof CallbackError)) throw error;
  }
}

class ChangedMeanwhile extends Error {}
