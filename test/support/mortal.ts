import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import type { Context } from 'aws-lambda';
import { clock } from '../../functions/shared/clock.ts';
import { endedStatuses, hasEnded, type RunKind } from '../../functions/shared/runs/run.ts';
import { loadRun } from '../../functions/shared/runs/run-store.ts';
import { lambdaContext } from '../../sandbox/gateway-event.ts';
import type { Json } from './invoke.ts';
import { minuteMs, type offboardings } from './runs.ts';
import './time.ts';

/** One of the two ends of a request: it is about to be sent, or its answer has come. */
export interface HttpEvent {
  /** Among all events of the mortal functions of this test. */
  number: number;
  what: 'sent' | 'answered';
  path: string;
  query: string;
  /** The operation, for a call of DynamoDB or Secrets Manager. */
  target: string;
  body: string;
  /** On the clock of the test. */
  at: number;
}

type Call = Omit<HttpEvent, 'number' | 'at'>;
type Holds = (event: HttpEvent) => boolean;
type Gate = (call: Call) => Promise<unknown> | undefined;
type Handler = (event: never, context: Context) => Promise<unknown>;

interface Circumstances {
  /** A request waits for what this returns before it is sent. */
  gate?: Gate;
  /** Where it dies, unless that is told for all. */
  diesAt?: Holds;
}

/** One invocation. Once it is dead nothing that it does reaches the outside, and no answer reaches it. */
interface Life {
  isDead: boolean;
  gate: Gate;
  /** @returns the failure that the code of the invocation is to see instead */
  pass(call: Call): Error | undefined;
}

/** Told to whoever started an invocation that died. */
export class Died extends Error {}

const timeoutMs = 300_000;
const lives = new AsyncLocalStorage<Life>();
const lifeOf = new WeakMap<http.ClientRequest, { life: Life; body: string }>();
const nowhere = (): boolean => false;

/**
 * Functions in this process whose invocations can die at either end of any request, as by SIGKILL but for the memory of
 * the modules; whose connections can fail there, and whose requests can be held up.
 */
export function mortal() {
  let events = 0;
  let deaths = 0;
  let isFatal: Holds = nowhere;
  let isCutOff: Holds = nowhere;
  let see: (event: HttpEvent, isFatal: boolean) => void = () => {};
  patchRequests();
  beforeEach(() => {
    events = 0;
    deaths = 0;
    isFatal = nowhere;
    isCutOff = nowhere;
    see = () => {};
  });

  /** Runs the action as one invocation. @throws Died when it died on the way */
  async function live<T>(
    action: () => Promise<T>,
    { gate = () => undefined, diesAt = (event) => isFatal(event) }: Circumstances = {},
  ): Promise<T> {
    const life: Life = {
      isDead: false,
      gate,
      pass(call) {
        if (this.isDead) return new Died();
        events += 1;
        const event = { ...call, number: events, at: clock.now() };
        this.isDead = diesAt(event);
        lives.exit(() => see(event, this.isDead));
        if (!this.isDead) return isCutOff(event) ? connectionFailure() : undefined;
        deaths += 1;
        return new Died();
      },
    };
    // What is left of a dead one fails at once, and is waited for, so that it shares nothing with the next one.
    const [ended] = await Promise.allSettled([lives.run(life, action)]);
    if (life.isDead) throw new Died();
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value;
  }

  return {
    live,
    /** What `lambda.invokeBy` takes. */
    invoking:
      (load: () => Promise<Handler>, circumstances?: Circumstances) =>
      async (functionName: string, event: object): Promise<unknown> => {
        const handler = await load();
        return live(() => handler(event as never, lambdaContext(functionName, timeoutMs)), circumstances);
      },
    /** From now on the invocation dies that comes to such an event. */
    dieAt(which: Holds): void {
      isFatal = which;
    },
    /** From now on the connection fails at such an event: before it is sent, or before its answer comes. */
    cutOffAt(which: Holds): void {
      isCutOff = which;
    },
    /** Sees every event, and whether the invocation dies of it. */
    watch(who: (event: HttpEvent, isFatal: boolean) => void): void {
      see = who;
    },
    get events(): number {
      return events;
    },
    get deaths(): number {
      return deaths;
    },
  };
}

const connectionFailure = (): Error => Object.assign(new Error('cut off'), { code: 'ECONNRESET' });

/** All tests of this worker share Node's own modules, so what is changed there is taken back. */
function patchRequests(): void {
  const { prototype } = http.ClientRequest;
  const { end, emit } = prototype;
  const { sleep } = clock;

  beforeAll(() => {
    prototype.end = function (this: http.ClientRequest, ...args: unknown[]) {
      const life = lives.getStore();
      if (!life) return Reflect.apply(end, this, args);
      const [first] = args;
      const body = typeof first === 'string' || first instanceof Uint8Array ? Buffer.from(first).toString() : '';
      lifeOf.set(this, { life, body });
      const call: Call = { what: 'sent', ...whatOf(this), body };
      const send = () => {
        const failure = life.pass(call);
        if (failure) this.destroy(failure);
        else Reflect.apply(end, this, args);
      };
      const held = life.isDead ? undefined : life.gate(call);
      if (held) held.then(send);
      else send();
      return this;
    } as typeof end;
    prototype.emit = function (this: http.ClientRequest, name: string | symbol, ...args: unknown[]) {
      const { life, body = '' } = lifeOf.get(this) ?? {};
      const failure = name === 'response' && life?.pass({ what: 'answered', ...whatOf(this), body });
      if (!failure) return Reflect.apply(emit, this, [name, ...args]);
      this.destroy();
      return Reflect.apply(emit, this, ['error', failure]);
    } as typeof emit;
    // What is left of a dead invocation must not move the clock.
    clock.sleep = (ms) => (lives.getStore()?.isDead ? Promise.resolve() : sleep(ms));
  });
  afterAll(() => {
    Object.assign(prototype, { end, emit });
    clock.sleep = sleep;
  });
}

function whatOf(request: http.ClientRequest): Pick<HttpEvent, 'path' | 'query' | 'target'> {
  const target = String(request.getHeader('x-amz-target') ?? '').replace(/^.*\./, '');
  const [path = '', query = ''] = request.path.split('?');
  return { path, query, target };
}

/** Whether the outside is different once it was sent: what comes before the next change needs no death of its own. */
export const isChange = ({ what, path, target }: HttpEvent): boolean =>
  what === 'sent' &&
  (/^(Put|Update|Delete|BatchWrite)Item$/.test(target) ||
    /\/(checkpoint|invocations|succeed)$/.test(path) ||
    /\/user\/(create|update|delete|batchdelete)|orgAccounts|terminateAndHandOver|transfer(_customer)?$|connect-/.test(
      path,
    ));

type Runs = Pick<ReturnType<typeof offboardings>, 'lambda' | 'get' | 'settleIntents' | 'watchRuns'>;

/** Lets time pass, with the schedules at work, from one time at which something is due to the next until the run ended. */
export async function throughTrouble(
  { lambda, get, settleIntents, watchRuns }: Runs,
  id: string,
  {
    most = 300,
    between = async () => {},
    kind = 'offboarding',
  }: { most?: number; between?: (round: number) => Promise<void>; kind?: RunKind } = {},
): Promise<Json> {
  for (let rounds = 0; rounds < most; rounds++) {
    await lambda.settled();
    await between(rounds);
    const run = await loadRun(id, kind);
    if (endedStatuses.includes(run.status)) return get(id);
    await settleIntents();
    await watchRuns();
    await lambda.settled();
    const open = Object.values(run.steps).filter((step) => !hasEnded(step));
    const due = open.flatMap(({ status, dueAt }) => (status === 'pending' && dueAt ? [dueAt] : []));
    const isIdle = due.length > 0 && open.every(({ status }) => status === 'pending');
    lambda.advance(isIdle ? Math.max(minuteMs, Math.min(...due) - clock.now() + 1_000) : minuteMs);
  }
  throw new Error(`the run did not end: ${JSON.stringify(await get(id))}`);
}
