import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOperations } from '../../infra/bundle.ts';
import { loadOperations } from '../../infra/operations.ts';
import { httpEvent, type Json, type TestRequest } from './invoke.ts';

/** What the process is told, and what it says. */
export interface Call {
  id: number;
  event: unknown;
  env: NodeJS.ProcessEnv;
  instance: number;
  aheadMs: number;
  msLeft: number;
  killAt?: number | KillPoint;
}
export interface Reply {
  id: number;
  result: Json;
  events: number;
}

/** A request about to be sent, or its answer received in full. */
type KillPoint = `${'sent' | 'answered'} /${string}`;

export interface Circumstances {
  /** How far the clock of the process goes ahead. */
  aheadMs?: number;
  /** The process kills itself here: at the n-th event, each request being two, or at that of one path. */
  killAt?: number | KillPoint;
  /** Functions that share the process and nothing else. */
  instance?: number;
}

export interface ProcessAnswer {
  status: number;
  headers: Record<string, string>;
  body: Json;
  /** The events on the way, see `killAt`. */
  events: number;
}

/** The timeouts of the functions, as the stack sets them. */
const requestMs = 28_000;
const workflowMs = 300_000;

const program = fileURLToPath(new URL('lambda-child.ts', import.meta.url));

/** Functions as they are deployed, each in a process of its own. Their environment is that of the test at each call. */
export async function lambdas() {
  const routes = new Map((await loadOperations()).map(({ id, operation }) => [id, operation.route]));
  const directory = mkdtempSync(join(tmpdir(), 'usher-lambdas-'));
  const running: Lambda[] = [];
  const child = join(directory, 'child.mjs');
  beforeAll(async () => {
    await bundleOperations(directory);
    // Plain JavaScript, since processes with types to strip take twice as long to start.
    await build({ entryPoints: [program], outfile: child, platform: 'node', format: 'esm' });
  });
  afterEach(() => Promise.all(running.splice(0).map((lambda) => lambda.stop())));
  afterAll(() => rmSync(directory, { recursive: true }));

  return (id: string): Lambda => {
    const lambda = new Lambda(child, join(directory, id, 'index.cjs'), routes.get(id));
    running.push(lambda);
    return lambda;
  };
}

export class Lambda {
  readonly #process: ChildProcess;
  readonly #route: string | undefined;
  readonly #ended: Promise<unknown>;
  #calls = 0;

  constructor(child: string, file: string, route: string | undefined) {
    this.#route = route;
    this.#process = fork(child, [file], {
      env: { PATH: process.env.PATH },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }).setMaxListeners(0);
    this.#ended = once(this.#process, 'exit');
  }

  /** @returns undefined when the process was killed on the way */
  async invoke(request: TestRequest, circumstances: Circumstances = {}): Promise<ProcessAnswer | undefined> {
    const reply = await this.#call(httpEvent(this.#route ?? '', request), circumstances);
    if (!reply) return undefined;
    const { statusCode, headers, body } = reply.result;
    return { status: statusCode, headers, body: JSON.parse(body), events: reply.events };
  }

  /** Runs what has no route, and gives its result. */
  async trigger(circumstances: Circumstances = {}): Promise<Json> {
    return (await this.#call({}, circumstances))?.result;
  }

  /** Runs a workflow, and gives its result. @throws Error when the process was killed on the way */
  async send(event: unknown, circumstances: Circumstances = {}): Promise<Json> {
    const reply = await this.#call(event, circumstances, workflowMs);
    if (!reply) throw new Error('the process was killed');
    return reply.result;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  async #call(
    event: unknown,
    { aheadMs = 0, killAt, instance = 0 }: Circumstances,
    msLeft = requestMs,
  ): Promise<Reply | undefined> {
    this.#calls += 1;
    const call: Call = {
      id: this.#calls,
      event,
      env: functionEnv(),
      instance,
      aheadMs,
      msLeft,
      ...(killAt && { killAt }),
    };
    const replied = new Promise<Reply>((resolve) => {
      const hear = (reply: Reply) => {
        if (reply.id !== call.id) return;
        this.#process.off('message', hear);
        resolve(reply);
      };
      this.#process.on('message', hear);
    });
    this.#process.send(call);
    return Promise.race([replied, this.#ended.then(() => undefined)]);
  }
}

const functionEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(AWS|USHER)_/.test(name)));
