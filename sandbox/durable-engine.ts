import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod/mini';
import type { DurableError } from './durable-operations.ts';
import { type CallbackOutcome, type checkpointRequest, DurableRun, readCallbackId } from './durable-run.ts';
import { type Execution, ExecutionStore } from './executions.ts';
import { invalid, LambdaError } from './lambda-error.ts';

export interface DurableEngineOptions {
  /** Epoch milliseconds. */
  now: () => number;
  /** The address of DynamoDB. */
  endpoint: string;
  table: string;
  /** The names of the durable functions, without a qualifier. */
  functions: { has(functionName: string): boolean };
  /** Runs a function once. Rejects when it threw, or when its process died. */
  invoke: (functionName: string, event: object) => Promise<unknown>;
}

export interface StartRequest {
  functionName: string;
  qualifier: string;
  name?: string | undefined;
  input: string;
}

const tickMs = 200;
const firstPauseMs = 100;
const mostPauseMs = 10_000;

/** The durable executions of Lambda: keeps their state in DynamoDB, and invokes their functions when there is cause. */
export class DurableEngine {
  readonly #options: DurableEngineOptions;
  readonly #store: ExecutionStore;
  readonly #runs = new Map<string, DurableRun>();
  readonly #driven = new Map<DurableRun, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #timer = setInterval(() => this.tick(), tickMs).unref();

  constructor(options: DurableEngineOptions) {
    this.#options = options;
    this.#store = new ExecutionStore(options.endpoint, options.table);
  }

  /** Goes on with what an engine before left in the table, which is created when it is not there. */
  async recover(): Promise<void> {
    await this.#store.open();
    for (const journal of await this.#store.read()) {
      const run = DurableRun.restore(journal);
      if (!run) continue;
      this.#runs.set(run.execution.arn, run);
      if (run.isRunning && !run.execution.parked) this.#wake(run);
    }
    this.tick();
  }

  /** An execution of that name and with that input is given back as it is. @throws LambdaError */
  async start(request: StartRequest): Promise<Readonly<Execution>> {
    const run = this.#existing(request) ?? this.#create(request);
    await this.#write(run);
    this.#wake(run);
    return run.execution;
  }

  /** Resolves when the execution has ended. @throws LambdaError */
  async ended(arn: string): Promise<Readonly<Execution>> {
    const run = this.#run(arn);
    await run.ended;
    await this.#write(run);
    return run.execution;
  }

  /** @throws LambdaError */
  async checkpoint(arn: string, request: z.infer<typeof checkpointRequest>): Promise<object> {
    const run = this.#run(arn);
    const answer = run.checkpoint(request, this.#options.now());
    await this.#write(run);
    return answer;
  }

  /** @throws LambdaError */
  state(arn: string, token: string, marker: number, maxItems: number): object {
    return this.#run(arn).state(token, marker, maxItems);
  }

  /** @throws LambdaError */
  execution(arn: string): Readonly<Execution> {
    return this.#run(arn).execution;
  }

  /** In the order in which they were started. */
  executions(): Readonly<Execution>[] {
    return [...this.#runs.values()]
      .map(({ execution }) => execution)
      .toSorted((one, other) => one.startedAt - other.startedAt);
  }

  /** An execution that has ended stays as it is. @throws LambdaError */
  async stop(arn: string, error: DurableError): Promise<Readonly<Execution>> {
    const run = this.#run(arn);
    if (run.isRunning) run.end('STOPPED', { error }, this.#options.now());
    await this.#write(run);
    return run.execution;
  }

  /** @throws LambdaError when the callback is not open */
  async endCallback(callbackId: string, outcome: CallbackOutcome): Promise<void> {
    const { arn, operationId } = readCallbackId(callbackId);
    const run = this.#run(arn);
    this.#fireDue(run);
    run.endCallback(operationId, outcome, this.#options.now());
    await this.#write(run);
    this.#wake(run);
  }

  /** @throws LambdaError when the callback is not open */
  async heartbeat(callbackId: string): Promise<void> {
    const { arn, operationId } = readCallbackId(callbackId);
    const run = this.#run(arn);
    this.#fireDue(run);
    run.heartbeat(operationId, this.#options.now());
    await this.#write(run);
  }

  /** Does what is due by now. Nobody waits for what comes of it. */
  tick(): void {
    for (const run of this.#runs.values()) this.#fireDue(run);
  }

  /** Resolves when no function runs and nothing is due. */
  async settled(): Promise<void> {
    for (this.tick(); this.#driven.size > 0; this.tick()) await Promise.all(this.#driven.values());
  }

  /** Invokes nothing any more, and takes no answer of what runs still. */
  close(): void {
    clearInterval(this.#timer);
    this.#closing.abort();
    this.#store.close();
  }

  #fireDue(run: DurableRun): void {
    if (!run.fireDue(this.#options.now())) return;
    this.#write(run).catch(this.#report);
    this.#wake(run);
  }

  #existing({ functionName, name, input }: StartRequest): DurableRun | undefined {
    const run = [...this.#runs.values()].find(
      ({ execution }) => execution.functionName === functionName && execution.name === name,
    );
    if (!run || run.execution.input === input) return run;
    const message = `Another execution has the name ${name}, with another payload.`;
    throw new LambdaError('DurableExecutionAlreadyStartedException', 409, message);
  }

  #create({ functionName, qualifier, name = randomUUID(), input }: StartRequest): DurableRun {
    if (!this.#options.functions.has(functionName))
      throw new LambdaError('ResourceNotFoundException', 404, `Function not found: ${functionName}`);
    if (!/^[\w-]{1,64}$/.test(name)) throw invalid(`Invalid durable execution name: ${name}`);
    const arn = `${functionArn(functionName, qualifier)}/durable-execution/${name}/${randomUUID()}`;
    const startedAt = this.#options.now();
    const run = DurableRun.start({
      arn,
      name,
      functionName,
      qualifier,
      input,
      status: 'RUNNING',
      startedAt,
      parked: false,
    });
    this.#runs.set(arn, run);
    return run;
  }

  #run(arn: string): DurableRun {
    if (this.#closing.signal.aborted) throw new LambdaError('ServiceException', 500, 'The engine is closed.');
    const run = this.#runs.get(arn);
    if (run) return run;
    throw new LambdaError('ResourceNotFoundException', 404, `Durable execution not found: ${arn}`);
  }

  #write(run: DurableRun): Promise<void> {
    return run.write((number, change) => this.#store.append(number, change));
  }

  #wake(run: DurableRun): void {
    if (!isActive(run) || this.#driven.has(run) || this.#closing.signal.aborted) return;
    this.#driven.set(run, this.#drive(run).catch(this.#report));
  }

  /** One invocation after the other, for as long as there is cause. */
  async #drive(run: DurableRun): Promise<void> {
    const { signal } = this.#closing;
    try {
      for (let failures = 0; isActive(run) && !signal.aborted; ) {
        failures = (await this.#invokeOnce(run)) ? 0 : failures + 1;
        const pauseMs = Math.min(firstPauseMs * 2 ** (failures - 1), mostPauseMs);
        if (failures > 0) await sleep(pauseMs, undefined, { signal, ref: false });
      }
    } finally {
      this.#driven.delete(run); // at once: whoever wakes the run from now on must find it idle
    }
  }

  /** @returns whether the function answered */
  async #invokeOnce(run: DurableRun): Promise<boolean> {
    const event = run.beginInvocation();
    await this.#write(run);
    const [invocation] = await Promise.allSettled([this.#options.invoke(run.execution.functionName, event)]);
    if (this.#closing.signal.aborted) return true;
    if (invocation.status === 'rejected') {
      run.abandonInvocation();
      return false;
    }
    run.endInvocation(invocation.value, this.#options.now());
    await this.#write(run);
    return true;
  }

  readonly #report = (error: unknown): void => {
    if (!this.#closing.signal.aborted) console.error('durable engine failed:', error);
  };
}

const isActive = ({ isRunning, execution }: DurableRun): boolean => isRunning && !execution.parked;

export const functionArn = (functionName: string, qualifier: string): string =>
  `arn:aws:lambda:us-east-1:000000000000:function:${functionName}:${qualifier}`;
