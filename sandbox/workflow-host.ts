import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface DurableFunction {
  /** `<folder>/<name>`. */
  id: string;
  /** As it is deployed, without a qualifier. */
  functionName: string;
  /** The absolute path of the module, which exports `handler`. */
  entry: string;
}

/** One invocation, as the process is told of it. */
export interface Task {
  number: number;
  entry: string;
  functionName: string;
  event: object;
  env: NodeJS.ProcessEnv;
  clockOffsetMs: number;
  timeoutMs: number;
}

export type Report = { number: number } & ({ returned: unknown } | { thrown: string });

export interface WorkflowHostOptions {
  /** By function name. */
  functions: ReadonlyMap<string, DurableFunction>;
  /** How far the clock of the functions goes ahead of that of the machine. */
  clockOffsetMs: () => number;
}

const program = fileURLToPath(new URL('workflow-process.ts', import.meta.url));
const typescript = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const timeoutMs = 300_000;

/** Runs the durable functions in a process of their own, which shares nothing with this one. It may be killed. */
export class WorkflowHost {
  readonly #options: WorkflowHostOptions;
  readonly #running = new Map<number, PromiseWithResolvers<unknown>>();
  #process: ChildProcess | undefined;
  #invocations = 0;

  constructor(options: WorkflowHostOptions) {
    this.#options = options;
  }

  /** Of the process, when it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process when it does not run. */
  start(): ChildProcess {
    if (this.#process) return this.#process;
    const started = fork(program, { execArgv: ['--import', typescript] });
    started.on('message', (report: Report) => this.#settle(report));
    started.on('exit', () => this.#lose(started));
    this.#process = started;
    return started;
  }

  /** Runs a function once. Rejects when it throws, when its time is over and when the process dies. */
  async invoke(functionName: string, event: object): Promise<unknown> {
    const entry = this.#options.functions.get(functionName)?.entry;
    if (!entry) throw new Error(`there is no function ${functionName}`);
    this.#invocations += 1;
    const number = this.#invocations;
    const env = functionEnv();
    const invocation = Promise.withResolvers<unknown>();
    this.#running.set(number, invocation);
    const task: Task = {
      number,
      entry,
      functionName,
      event,
      env,
      clockOffsetMs: this.#options.clockOffsetMs(),
      timeoutMs,
    };
    const running = this.start();
    running.send(task, (error) => error && this.#lose(running));
    const timer = setTimeout(() => running.kill('SIGKILL'), timeoutMs).unref();
    return invocation.promise.finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#process?.kill('SIGKILL');
  }

  #settle(report: Report): void {
    const invocation = this.#running.get(report.number);
    this.#running.delete(report.number);
    if ('returned' in report) invocation?.resolve(report.returned);
    else invocation?.reject(new Error(report.thrown));
  }

  #lose(lost: ChildProcess): void {
    if (this.#process !== lost) return;
    this.#process = undefined;
    for (const { reject } of this.#running.values()) reject(new Error('the workflow process died'));
    this.#running.clear();
  }
}

const functionEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(AWS|USHER|POWERTOOLS)_/.test(name)));
