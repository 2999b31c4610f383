import * as z from 'zod/mini';
import { documented } from '../schema.ts';
import type { Item } from '../store.ts';

export const runKinds = ['offboarding', 'onboarding', 'job', 'cleanup'] as const;
export type RunKind = (typeof runKinds)[number];

/** The durable function that carries out the runs of a kind. */
export const workflowIds: Record<RunKind, string> = {
  offboarding: 'offboarding/run-offboarding',
  onboarding: 'onboarding/run-onboarding',
  job: 'jobs/run-job',
  cleanup: 'cleanup/run-cleanup',
};

export const runStatus = z.enum([
  'planned',
  'held',
  'scheduled',
  'running',
  'halted',
  'disabling',
  'grace',
  'removing',
  'handing_over',
  'verifying',
  'completed',
  'completed_with_errors',
  'needs_attention',
  'cancelling',
  'cancelled',
  'expired',
]);
export type RunStatus = z.infer<typeof runStatus>;

/** Nothing happens any more, unless somebody starts it again. */
export const endedStatuses: RunStatus[] = [
  'completed',
  'completed_with_errors',
  'needs_attention',
  'cancelled',
  'expired',
];

export const stepStatus = z.enum(['pending', 'running', 'succeeded', 'unsupported', 'skipped', 'needs_attention']);
export type StepStatus = z.infer<typeof stepStatus>;

/** One thing that a run does to one account. Times are epoch milliseconds. */
export interface Step {
  provider: string;
  action: string;
  /** For a person: what is done … */
  what: string;
  /** … and how it can be undone, or that it cannot. */
  undo: string;
  status: StepStatus;
  /** Why it is not done, or not yet. */
  reason?: string;
  /** Steps that must have ended well before, by id. */
  after: string[];
  /** Steps that must have ended before, well or not. */
  waitsFor?: string[];
  /** Steps that come first, but may go on failing beside it. */
  follows?: string[];
  /** Not before. */
  dueAt?: number;
  /** How often it has failed in a row, and since when. */
  delays: number;
  failingSince?: number;
  /** When a person asked for another attempt. */
  retriedAt?: number;
  startedAt?: number;
  endedAt?: number;
  result?: StepResult;
  /** A keyed print of the account right after the step made it. */
  made?: string;
}

/** Ids, flags and words of ours; no personal data. */
export type StepResult = Record<string, unknown>;
/** By id, such as `wecom.disable`, in the order of the plan. */
export type Steps = Record<string, Step>;

export const endedWell = ({ status }: Step): boolean => ['succeeded', 'unsupported', 'skipped'].includes(status);
export const hasEnded = (step: Step): boolean => endedWell(step) || step.status === 'needs_attention';

/** A run as the store holds it. `Request` is what was asked, `Facts` what was read for the plan. */
export interface Run<Request = object, Facts = object> extends Item {
  id: string;
  kind: RunKind;
  status: RunStatus;
  /** Who asked for the plan. */
  requester: string;
  createdAt: number;
  plannedAt: number;
  expiresAt: number;
  /** When it begins, if not at once. */
  effectiveAt?: number;
  digest: string;
  /** Erased once the run is over. */
  request?: Request;
  facts: Facts;
  warnings: string[];
  steps: Steps;
  stepOrder: string[];
  /** Removals that the plan makes, by provider. */
  removals: Record<string, number>;
  approval?: Approval;
  /** Why the fence holds the plan. */
  heldFor?: string;
  /** Grows whenever somebody changes the run from outside, so that its workflow does not lie down over it. */
  signal: number;
  /** The callback that wakes its workflow. */
  wake?: string;
  /** Which execution of the workflow carries it out: the n-th. */
  generation: number;
  execution?: string;
  /** Whether an execution has looked at the run since it was applied. */
  begun?: boolean;
  startedAt?: number;
  /** Which request to apply it has started it, as one person may send two. */
  attempt?: string;
  /** Who has applied, cancelled and last retried it. */
  appliedBy?: string;
  cancelledBy?: string;
  retriedBy?: string;
  /** When it was cancelled, so that a retry goes on with that. */
  cancelledAt?: number;
  /** When the first removal was allowed; from then on it cannot be cancelled. */
  removingAt?: number;
  /** What is still to be told of it, oldest first … */
  news: RunNews[];
  /** … how much was told before, and with which status last. */
  told: { count: number; status?: RunStatus };
}

/** A status that the run came to, and when. */
export interface RunNews {
  status: RunStatus;
  at: number;
}

export interface Approval {
  by: string;
  at: number;
  digest: string;
}

/** Somebody has approved exactly this plan, so the fence's numbers do not hold it back. */
export const isApproved = ({ approval, digest }: Pick<Run, 'approval' | 'digest'>): boolean =>
  approval?.digest === digest;

/** Its steps in the order of the plan. */
export const stepsOf = ({ steps, stepOrder }: Pick<Run, 'steps' | 'stepOrder'>): [id: string, step: Step][] =>
  stepOrder.flatMap((id) => (steps[id] ? [[id, steps[id]] as [string, Step]] : []));

const time = z.optional(z.string());

export const stepAnswer = z.object({
  provider: z.string(),
  action: z.string(),
  what: documented(z.string(), { description: 'What is done, for a person' }),
  undo: documented(z.string(), { description: 'How it can be undone, or that it cannot' }),
  status: stepStatus,
  reason: documented(z.optional(z.string()), { description: 'Why it is not done, or not yet' }),
  dueAt: documented(time, { description: 'Not before' }),
  startedAt: time,
  endedAt: time,
  result: z.optional(z.record(z.string(), z.unknown())),
});

export const planAnswer = z.object({
  steps: z.array(stepAnswer),
  warnings: documented(z.array(z.string()), { description: '`<code>: <sentence>`' }),
});

/** A run as it is answered. */
export const runAnswer = z.object({
  id: z.string(),
  kind: z.enum(runKinds),
  status: runStatus,
  digest: documented(z.string(), { description: 'Stands for exactly this plan; what applies or approves it names it' }),
  expiresAt: documented(z.string(), { description: 'Until then it can be applied' }),
  requester: z.string(),
  createdAt: z.string(),
  effectiveAt: documented(time, { description: 'When it begins, if not at once' }),
  startedAt: time,
  approval: z.optional(z.object({ by: z.string(), at: z.string() })),
  appliedBy: z.optional(z.string()),
  cancelledBy: z.optional(z.string()),
  retriedBy: z.optional(z.string()),
  heldFor: documented(z.optional(z.string()), { description: 'Why the fence holds the plan' }),
  plan: planAnswer,
});
export type RunAnswer = z.infer<typeof runAnswer>;

/** @param now past `expiresAt` a plan that nobody applied is `expired` */
export function toRunAnswer(run: Run, now: number): RunAnswer {
  const { id, kind, status, digest, expiresAt, requester, createdAt, effectiveAt, startedAt, approval } = run;
  const { appliedBy, cancelledBy, retriedBy, heldFor } = run;
  const isExpired = ['planned', 'held'].includes(status) && now > expiresAt;
  return {
    id,
    kind,
    status: isExpired ? 'expired' : status,
    digest,
    expiresAt: iso(expiresAt),
    requester,
    createdAt: iso(createdAt),
    ...(effectiveAt !== undefined && { effectiveAt: iso(effectiveAt) }),
    ...(startedAt !== undefined && { startedAt: iso(startedAt) }),
    ...(approval && { approval: { by: approval.by, at: iso(approval.at) } }),
    ...(appliedBy !== undefined && { appliedBy }),
    ...(cancelledBy !== undefined && { cancelledBy }),
    ...(retriedBy !== undefined && { retriedBy }),
    ...(status === 'held' && heldFor !== undefined && { heldFor }),
    plan: toPlanAnswer(run),
  };
}

const toPlanAnswer = (run: Pick<Run, 'steps' | 'stepOrder' | 'warnings'>): RunAnswer['plan'] => ({
  steps: stepsOf(run).map(([, step]) => toStepAnswer(step)),
  warnings: run.warnings,
});

function toStepAnswer({ provider, action, what, undo, status, reason, result, dueAt, startedAt, endedAt }: Step) {
  return {
    provider,
    action,
    what,
    undo,
    status,
    ...(reason !== undefined && { reason }),
    ...(dueAt !== undefined && { dueAt: iso(dueAt) }),
    ...(startedAt !== undefined && { startedAt: iso(startedAt) }),
    ...(endedAt !== undefined && { endedAt: iso(endedAt) }),
    ...(result && { result }),
  };
}

export const iso = (ms: number): string => new Date(ms).toISOString();
