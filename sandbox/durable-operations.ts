import * as z from 'zod/mini';
import { invalid } from './lambda-error.ts';

const mostOperations = 3_000;
const mostSeconds = 31_622_400;
const mostBytes = 1024 * 1024;

const text = z.optional(z.string());
const seconds = (least: number) => {
  const range = `must be a whole number of seconds from ${least} to ${mostSeconds}`;
  return z.int(range).check(z.minimum(least, range), z.maximum(mostSeconds, range));
};
const timeout = z.optional(seconds(0));

export const durableError = z.object({
  ErrorMessage: text,
  ErrorType: text,
  ErrorData: text,
  StackTrace: z.optional(z.array(z.string())),
});

export const operationUpdate = z.object({
  Id: z.string().check(z.minLength(1), z.maxLength(64)),
  ParentId: text,
  Name: text,
  SubType: text,
  Type: z.enum(['EXECUTION', 'CONTEXT', 'STEP', 'WAIT', 'CALLBACK'], 'The sandbox knows no such operation.'),
  Action: z.enum(['START', 'SUCCEED', 'FAIL', 'RETRY', 'CANCEL']),
  Payload: text,
  Error: z.optional(durableError),
  ContextOptions: z.optional(z.object({ ReplayChildren: z.optional(z.boolean()) })),
  StepOptions: z.optional(z.object({ NextAttemptDelaySeconds: seconds(1) })),
  WaitOptions: z.optional(z.object({ WaitSeconds: seconds(1) })),
  CallbackOptions: z.optional(z.object({ TimeoutSeconds: timeout, HeartbeatTimeoutSeconds: timeout })),
});

export type DurableError = z.infer<typeof durableError>;
export type OperationUpdate = z.infer<typeof operationUpdate>;
export type Operations = ReadonlyMap<string, DurableOperation>;

type Status = 'STARTED' | 'PENDING' | 'READY' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'CANCELLED';

interface Outcome {
  Result?: string | undefined;
  Error?: DurableError | undefined;
}

/** Lambda's Operation, where a time is epoch milliseconds. */
export interface DurableOperation {
  Id: string;
  ParentId?: string | undefined;
  Name?: string | undefined;
  SubType?: string | undefined;
  Type: OperationUpdate['Type'];
  Status: Status;
  StartTimestamp: number;
  EndTimestamp?: number;
  ExecutionDetails?: { InputPayload: string };
  ContextDetails?: Outcome & { ReplayChildren?: boolean | undefined };
  /** `Attempt` counts the attempts that ended. */
  StepDetails?: Outcome & { Attempt: number; NextAttemptTimestamp?: number };
  WaitDetails?: { ScheduledEndTimestamp: number };
  CallbackDetails?: Outcome & { CallbackId: string };
  /** When a callback is given up. Lambda does not show it. */
  timers?: { timeoutAt: number; heartbeatMs: number; heartbeatAt: number };
}

/** The statuses in which an operation may be told so; `none` when it does not exist yet. */
const allowed: Record<string, (Status | 'none')[]> = {
  'CONTEXT START': ['none'],
  'CONTEXT SUCCEED': ['none', 'STARTED'],
  'CONTEXT FAIL': ['none', 'STARTED'],
  'STEP START': ['none', 'READY'],
  'STEP SUCCEED': ['none', 'STARTED', 'READY'],
  'STEP FAIL': ['none', 'STARTED', 'READY'],
  'STEP RETRY': ['none', 'STARTED', 'READY'],
  'WAIT START': ['none'],
  'WAIT CANCEL': ['STARTED'],
  'CALLBACK START': ['none'],
  'CALLBACK CANCEL': ['STARTED'],
  'EXECUTION SUCCEED': ['STARTED'],
  'EXECUTION FAIL': ['STARTED'],
};

export const executionOperation = (Id: string, InputPayload: string, StartTimestamp: number): DurableOperation => ({
  Id,
  Type: 'EXECUTION',
  Status: 'STARTED',
  StartTimestamp,
  ExecutionDetails: { InputPayload },
});

/**
 * The operations that the updates create or change, in order; all of them or, when one is refused, none.
 * @throws LambdaError
 */
export function applyUpdates(
  operations: Operations,
  updates: OperationUpdate[],
  now: number,
  callbackIdOf: (operationId: string) => string,
): Map<string, DurableOperation> {
  const changed = new Map<string, DurableOperation>();
  const find = (id: string) => changed.get(id) ?? operations.get(id);
  const [executionId = ''] = operations.keys();

  for (const update of updates) {
    if (find(executionId)?.Status !== 'STARTED') throw invalid('EXECUTION checkpoint must be the last update.');
    const Id = update.Type === 'EXECUTION' ? executionId : update.Id; // the SDK invents an id for the execution
    const known = find(Id);
    requireAllowed(update, known);
    if (update.ParentId && find(update.ParentId)?.Type !== 'CONTEXT') throw invalid('Invalid parent operation id.');
    changed.set(Id, updated(known ?? begun(update, now, callbackIdOf), update, now));
  }

  const added = [...changed.keys()].filter((id) => !operations.has(id)).length;
  if (operations.size + added > mostOperations) throw invalid(`An execution has at most ${mostOperations} operations.`);
  return changed;
}

function requireAllowed(update: OperationUpdate, known: DurableOperation | undefined): void {
  const { Type, Action, Payload, Error: error, StepOptions, WaitOptions } = update;
  const statuses = allowed[`${Type} ${Action}`];
  if (!statuses || (known && known.Type !== Type)) throw invalid(`Invalid action ${Action} for ${Type}.`);
  const status = known?.Status ?? 'none';
  if (!statuses.includes(status)) throw invalid(`Invalid current ${Type} state to ${Action}: ${status}.`);
  if (Action === 'RETRY' && !StepOptions) throw invalid('Invalid StepOptions for the given action.');
  if (Type === 'WAIT' && Action === 'START' && !WaitOptions) throw invalid('Invalid WaitOptions for the given action.');
  if (Payload !== undefined && error) throw invalid('Cannot provide both a Payload and an Error.');
  requireSize(Payload ?? '', `The payload of ${Type}`);
  requireSize(JSON.stringify(error ?? {}), `The error of ${Type}`);
}

/** @throws LambdaError */
export function requireSize(content: string, what: string): void {
  if (Buffer.byteLength(content) > mostBytes) throw invalid(`${what} has more than ${mostBytes} bytes.`);
}

function begun(
  { Id, ParentId, Name, SubType, Type, WaitOptions, CallbackOptions }: OperationUpdate,
  now: number,
  callbackIdOf: (operationId: string) => string,
): DurableOperation {
  const { TimeoutSeconds, HeartbeatTimeoutSeconds } = CallbackOptions ?? {};
  const msOf = (seconds: number | undefined) => (seconds || mostSeconds) * 1000; // no execution lasts longer
  const heartbeatMs = msOf(HeartbeatTimeoutSeconds);
  return {
    ...{ Id, ParentId, Name, SubType, Type, Status: 'STARTED', StartTimestamp: now },
    ...(WaitOptions && { WaitDetails: { ScheduledEndTimestamp: now + msOf(WaitOptions.WaitSeconds) } }),
    ...(Type === 'CALLBACK' && {
      CallbackDetails: { CallbackId: callbackIdOf(Id) },
      timers: { timeoutAt: now + msOf(TimeoutSeconds), heartbeatMs, heartbeatAt: now + heartbeatMs },
    }),
  };
}

const statusAfter = {
  START: 'STARTED',
  SUCCEED: 'SUCCEEDED',
  FAIL: 'FAILED',
  RETRY: 'PENDING',
  CANCEL: 'CANCELLED',
} as const;

function updated(operation: DurableOperation, update: OperationUpdate, now: number): DurableOperation {
  const { Type, Action, ContextOptions, StepOptions } = update;
  const outcome = { Result: update.Payload, Error: update.Error };
  const ends = Action === 'SUCCEED' || Action === 'FAIL' || Action === 'CANCEL';
  const after = { ...operation, Status: statusAfter[Action], ...(ends && { EndTimestamp: now }) };
  if (Type === 'CONTEXT') return { ...after, ContextDetails: { ...ContextOptions, ...outcome } };
  if (Type !== 'STEP') return after;

  const { Attempt, ...last } = operation.StepDetails ?? { Attempt: 0 };
  if (Action === 'START') return { ...after, StepDetails: { ...last, Attempt } };
  const NextAttemptTimestamp = now + (StepOptions?.NextAttemptDelaySeconds ?? 0) * 1000;
  return {
    ...after,
    StepDetails: { Attempt: Attempt + 1, ...outcome, ...(Action === 'RETRY' && { NextAttemptTimestamp }) },
  };
}

/** The moment at which an operation changes with nobody doing anything. */
export function dueAt({ Type, Status, StepDetails, WaitDetails, timers }: DurableOperation): number | undefined {
  if (Status === 'PENDING') return StepDetails?.NextAttemptTimestamp;
  if (Status !== 'STARTED') return undefined;
  if (Type === 'WAIT') return WaitDetails?.ScheduledEndTimestamp;
  return timers && Math.min(timers.timeoutAt, timers.heartbeatAt);
}

/** What becomes of an operation that is due. */
export function afterDue(operation: DurableOperation, now: number): DurableOperation {
  const { Type, StepDetails, timers } = operation;
  if (Type === 'WAIT') return { ...operation, Status: 'SUCCEEDED', EndTimestamp: now };
  if (Type === 'CALLBACK') {
    const ErrorMessage = (timers?.timeoutAt ?? 0) <= now ? 'Callback timed out' : 'Callback timed out on heartbeat';
    return endedCallback(operation, 'TIMED_OUT', { Error: { ErrorMessage } }, now);
  }
  const { NextAttemptTimestamp, ...rest } = StepDetails ?? { Attempt: 0 };
  return { ...operation, Status: 'READY', StepDetails: rest };
}

export function endedCallback(
  operation: DurableOperation,
  Status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT',
  outcome: Outcome,
  now: number,
): DurableOperation {
  const CallbackId = operation.CallbackDetails?.CallbackId ?? '';
  return { ...operation, Status, EndTimestamp: now, CallbackDetails: { CallbackId, ...outcome } };
}

/** Those in no context that has ended: what becomes of the others is of no interest to the execution any more. */
export const liveOperations = (operations: Operations): DurableOperation[] =>
  [...operations.values()].filter((operation) => !isBelow(operation, operations, hasEnded));

/** What an invocation is given. A context that has ended stands for all that is in it, unless it asked otherwise. */
export const replayedOperations = (operations: Operations): DurableOperation[] =>
  [...operations.values()].filter(
    (operation) =>
      !isBelow(operation, operations, (context) => hasEnded(context) && !context.ContextDetails?.ReplayChildren),
  );

const hasEnded = ({ EndTimestamp }: DurableOperation): boolean => EndTimestamp !== undefined;

function isBelow(
  { ParentId = '' }: DurableOperation,
  operations: Operations,
  test: (context: DurableOperation) => boolean,
): boolean {
  const parent = operations.get(ParentId);
  return parent !== undefined && (test(parent) || isBelow(parent, operations, test));
}

/** Lambda's own shape: with times as text in an event, and as epoch seconds in an answer of the API. */
export function wireOperation(operation: DurableOperation, stamp: (ms: number) => string | number): object {
  const { timers, StartTimestamp, EndTimestamp, StepDetails, WaitDetails, ...rest } = operation;
  const { NextAttemptTimestamp, ...step } = StepDetails ?? {};
  return {
    ...rest,
    StartTimestamp: stamp(StartTimestamp),
    ...(EndTimestamp && { EndTimestamp: stamp(EndTimestamp) }),
    ...(StepDetails && {
      StepDetails: { ...step, ...(NextAttemptTimestamp && { NextAttemptTimestamp: stamp(NextAttemptTimestamp) }) },
    }),
    ...(WaitDetails && { WaitDetails: { ScheduledEndTimestamp: stamp(WaitDetails.ScheduledEndTimestamp) } }),
  };
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const epochSeconds = (ms: number): number => ms / 1000;
