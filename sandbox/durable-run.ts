import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import {
  afterDue,
  applyUpdates,
  type DurableError,
  type DurableOperation,
  dueAt,
  durableError,
  endedCallback,
  epochSeconds,
  executionOperation,
  isoTime,
  liveOperations,
  operationUpdate,
  replayedOperations,
  requireSize,
  wireOperation,
} from './durable-operations.ts';
import type { Change, Execution, ExecutionStatus, Journal } from './executions.ts';
import { invalid, LambdaError } from './lambda-error.ts';

export const checkpointRequest = z.object({
  CheckpointToken: z.string(),
  Updates: z._default(z.array(operationUpdate), []),
  ClientToken: z.optional(z.string()),
});

const functionAnswer = z.discriminatedUnion('Status', [
  z.object({ Status: z.literal('PENDING') }),
  z.object({ Status: z.literal('SUCCEEDED'), Result: z.optional(z.string()) }),
  z.object({ Status: z.literal('FAILED'), Error: z.optional(durableError) }),
]);

export type CallbackOutcome = { Status: 'SUCCEEDED'; Result?: string } | { Status: 'FAILED'; Error: DurableError };

interface Ending {
  result?: string | undefined;
  error?: DurableError | undefined;
}

const mostOperationsInPage = 1_000;
const mostBytesInPage = 4 * 1024 * 1024;
const executionTimeoutMs = 31_622_400_000;

/** One execution in memory, by the rules of Lambda. What it changes is to be taken and written before anybody is told. */
export class DurableRun {
  readonly #execution: Execution;
  readonly #operations: Map<string, DurableOperation>;
  readonly #ending = Promise.withResolvers<void>();
  readonly #unwritten = new Set<string>();
  /** Changed by time or from outside since the function was last told. */
  readonly #untold = new Set<string>();
  #token: string | undefined;
  #lastCheckpoint: { clientToken: string | undefined; answer: object } | undefined;
  #changes: number;
  #written: Promise<void> = Promise.resolve();
  #writtenHeader = '';

  private constructor(execution: Execution, operations: DurableOperation[], changes: number) {
    this.#execution = execution;
    this.#operations = new Map(operations.map((operation) => [operation.Id, operation]));
    this.#changes = changes;
    if (!this.isRunning) this.#ending.resolve();
  }

  static start(execution: Execution): DurableRun {
    const run = new DurableRun(execution, [], 0);
    run.#put(executionOperation(randomUUID(), execution.input, execution.startedAt));
    return run;
  }

  /** As it was when its last change was written. */
  static restore({ changes, next }: Journal): DurableRun | undefined {
    const execution = changes.at(-1)?.execution;
    const operations = changes.flatMap((change) => change.operations);
    return execution && new DurableRun({ ...execution }, operations, next);
  }

  get execution(): Readonly<Execution> {
    return this.#execution;
  }

  get isRunning(): boolean {
    return this.#execution.status === 'RUNNING';
  }

  /** Resolves when the execution has ended. */
  get ended(): Promise<void> {
    return this.#ending.promise;
  }

  /** Writes what changed since the last time, after all that was written before. */
  write(append: (number: number, change: Change) => Promise<void>): Promise<void> {
    const header = JSON.stringify(this.#execution);
    if (this.#unwritten.size === 0 && this.#writtenHeader === header) return this.#written;
    this.#writtenHeader = header;
    const operations = [...this.#operations.values()].filter(({ Id }) => this.#unwritten.has(Id));
    const change = { execution: { ...this.#execution }, operations };
    const number = this.#changes;
    this.#unwritten.clear();
    this.#changes += 1;
    this.#written = this.#written.then(() => append(number, change));
    return this.#written;
  }

  /** The event of the next invocation, which alone may checkpoint from now on. */
  beginInvocation(): object {
    this.#execution.parked = false;
    this.#token = randomUUID();
    this.#lastCheckpoint = undefined;
    const UpdatedOperationIds = [...this.#untold];
    this.#untold.clear();
    return {
      DurableExecutionArn: this.#execution.arn,
      CheckpointToken: this.#token,
      InitialExecutionState: this.#page(0, mostOperationsInPage, isoTime),
      UpdatedOperationIds,
    };
  }

  /** For an invocation that gave no answer: nothing that is left of it can write any more. */
  abandonInvocation(): void {
    this.#token = undefined;
  }

  /** Takes what the function returned. It is parked after that, or has ended, or there is cause to invoke it again. */
  endInvocation(returned: unknown, now: number): void {
    this.#token = undefined;
    if (!this.isRunning) return;
    const { data: answer } = functionAnswer.safeParse(returned);
    if (!answer) this.#fail('InvalidOutput', 'The function did not answer with a Status.', now);
    else if (answer.Status === 'SUCCEEDED') this.end('SUCCEEDED', { result: answer.Result }, now);
    else if (answer.Status === 'FAILED') this.end('FAILED', { error: answer.Error ?? {} }, now);
    else this.#park(now);
  }

  #park(now: number): void {
    this.fireDue(now);
    const live = liveOperations(this.#operations);
    const hasNews = this.#untold.size > 0 || live.some(({ Status }) => Status === 'READY');
    if (hasNews || !this.isRunning) return;
    this.#execution.parked = live.some((operation) => dueAt(operation) !== undefined);
    if (!this.#execution.parked)
      this.#fail('StuckExecution', 'The function answered PENDING, with no wait, retry or callback to wait for.', now);
  }

  /** A repeated request has the same answer as the first. @throws LambdaError, and nothing is changed then */
  checkpoint({ CheckpointToken, Updates, ClientToken }: z.infer<typeof checkpointRequest>, now: number): object {
    if (ClientToken && this.#lastCheckpoint?.clientToken === ClientToken) return this.#lastCheckpoint.answer;
    this.#requireToken(CheckpointToken);
    const changed = applyUpdates(this.#operations, Updates, now, (id) => callbackIdOf(this.#execution.arn, id));
    for (const operation of changed.values()) this.#put(operation);
    this.fireDue(now);
    const last = Updates.at(-1);
    if (last?.Type === 'EXECUTION')
      this.end(last.Action === 'FAIL' ? 'FAILED' : 'SUCCEEDED', { result: last.Payload, error: last.Error }, now);

    const told = this.#untold.union(changed);
    this.#untold.clear();
    this.#token = randomUUID();
    const Operations = [...this.#operations.values()]
      .filter(({ Id }) => told.has(Id))
      .map((operation) => wireOperation(operation, epochSeconds));
    const answer = { CheckpointToken: this.#token, NewExecutionState: { Operations } };
    this.#lastCheckpoint = { clientToken: ClientToken, answer };
    return answer;
  }

  /** A page of what an invocation replays. @throws LambdaError */
  state(token: string, marker: number, maxItems: number): object {
    this.#requireToken(token);
    return this.#page(marker, maxItems || mostOperationsInPage, epochSeconds);
  }

  /** @throws LambdaError when it has ended already, in whatever way */
  endCallback(operationId: string, { Status, ...outcome }: CallbackOutcome, now: number): void {
    const operation = this.#openCallback(operationId);
    requireSize(JSON.stringify(outcome), 'What the callback brings');
    this.#happened(endedCallback(operation, Status, outcome, now));
  }

  /** @throws LambdaError when it has ended already, in whatever way */
  heartbeat(operationId: string, now: number): void {
    const { timers, ...operation } = this.#openCallback(operationId);
    if (timers) this.#put({ ...operation, timers: { ...timers, heartbeatAt: now + timers.heartbeatMs } });
  }

  /** Does what time does. @returns whether it did anything */
  fireDue(now: number): boolean {
    if (!this.isRunning) return false;
    if (this.#execution.startedAt + executionTimeoutMs <= now) {
      this.end('TIMED_OUT', { error: { ErrorMessage: 'Execution timed out' } }, now);
      return true;
    }
    const due = liveOperations(this.#operations).filter((operation) => (dueAt(operation) ?? now + 1) <= now);
    for (const operation of due) this.#happened(afterDue(operation, now));
    return due.length > 0;
  }

  end(status: Exclude<ExecutionStatus, 'RUNNING'>, { result, error }: Ending, now: number): void {
    this.#token = undefined;
    Object.assign(this.#execution, { status, endedAt: now, parked: false, result, error });
    this.#ending.resolve();
  }

  #fail(ErrorType: string, ErrorMessage: string, now: number): void {
    this.end('FAILED', { error: { ErrorType, ErrorMessage } }, now);
  }

  #put(operation: DurableOperation): void {
    this.#operations.set(operation.Id, operation);
    this.#unwritten.add(operation.Id);
  }

  /** By time or from outside, so that the function is to be told. */
  #happened(operation: DurableOperation): void {
    this.#put(operation);
    this.#untold.add(operation.Id);
    this.#execution.parked = false;
  }

  #requireToken(token: string): void {
    if (!this.isRunning || token !== this.#token)
      throw invalid('Invalid Checkpoint Token: it is not the newest of the running invocation.');
  }

  #openCallback(operationId: string): DurableOperation {
    const operation = this.#operations.get(operationId);
    if (operation?.Type !== 'CALLBACK') throw invalid('Invalid callback id.');
    if (this.isRunning && operation.Status === 'STARTED') return operation;
    throw new LambdaError('CallbackTimeoutException', 400, 'The callback has timed out or is closed.');
  }

  #page(from: number, maxItems: number, stamp: (ms: number) => string | number): object {
    const operations = replayedOperations(this.#operations).slice(from);
    let bytes = 0;
    const tooMany = operations.findIndex((operation, index) => {
      bytes += JSON.stringify(operation).length;
      return index > 0 && (index >= maxItems || bytes > mostBytesInPage);
    });
    const count = tooMany < 0 ? operations.length : tooMany;
    return {
      Operations: operations.slice(0, count).map((operation) => wireOperation(operation, stamp)),
      NextMarker: count < operations.length ? String(from + count) : '',
    };
  }
}

const callbackIdOf = (arn: string, operationId: string): string =>
  Buffer.from(JSON.stringify([arn, operationId])).toString('base64');

/** @throws LambdaError */
export function readCallbackId(id: string): { arn: string; operationId: string } {
  try {
    const [arn, operationId] = z
      .tuple([z.string(), z.string()])
      .parse(JSON.parse(Buffer.from(id, 'base64').toString()));
    return { arn, operationId };
  } catch {
    throw invalid('Invalid callback id.');
  }
}
