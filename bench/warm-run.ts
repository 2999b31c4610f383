import { randomUUID } from 'node:crypto';
import { type BareTimes, makeCalls } from './bare.ts';
import { type Addresses, currentState, reset, takeCalls } from './control.ts';
import { finish, type Handler, newContext, readTask, requireSuccess } from './measured.ts';
import { newMobile, subject } from './subject.ts';
import { type Call, chainsOf } from './trace.ts';

export interface WarmTask {
  file: string;
  addresses: Addresses;
  providers: string[];
  /** A request about the first subject. */
  event: object;
  requests: number;
}

export interface WarmTimes {
  /** Milliseconds of each request through the handler. */
  handled: number[];
  /** The same calls to providers and store, and nothing besides. */
  bare: BareTimes[];
  calls: Call[];
}

/** Requests between two resets: so many that a reset is rare, so few that no directory grows large. */
const batchSize = 50;
const warmUpBatches = 4;

const { file, addresses, providers, event, requests } = readTask<WarmTask>();
const { handler } = (await import(file)) as { handler: Handler };
const context = newContext();

const eventOf = about(event);
const calls = await callsOfWarmRequest();
const chainsFor = about(chainsOf(calls, providers));
const handled: number[] = [];
const bare: BareTimes[] = [];

for (let batch = -warmUpBatches; batch < requests / batchSize; batch++) {
  await reset(addresses, 2 * batchSize);
  for (let number = 1; number <= batchSize; number++) {
    const both = [() => handle(number), () => repeat(number + batchSize)];
    for (const run of number % 2 === 0 ? both : both.reverse()) await run();
  }
  await takeCalls(addresses);
  await requireSameEffect();
  if (batch < 0) [handled.length, bare.length] = [0, 0];
}
finish({ handled, bare, calls } satisfies WarmTimes);

async function handle(number: number): Promise<void> {
  const event = eventOf(number);
  const startedAt = performance.now();
  const answer = await handler(event, context);
  handled.push(performance.now() - startedAt);
  requireSuccess(answer);
}

async function repeat(number: number): Promise<void> {
  bare.push(await makeCalls(chainsFor(number)));
}

/** What a request brings about when secret and token are at hand, as they are after another one. */
async function callsOfWarmRequest(): Promise<Call[]> {
  for (let request = 1; request <= 2; request++) {
    await reset(addresses, 1);
    await takeCalls(addresses);
    requireSuccess(await handler(event, context));
  }
  return takeCalls(addresses);
}

/** Puts another member in place of the first one, and new ids in place of those of requests and intents. */
function about<Template>(template: Template): (number: number) => Template {
  const text = JSON.stringify(template);
  return (number) => {
    const ids = new Map<string, string>();
    const own = text.replaceAll(subject(1), subject(number)).replaceAll(newMobile(1), newMobile(number));
    const fresh = own.replace(/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/g, (id) => {
      ids.set(id, ids.get(id) ?? randomUUID());
      return ids.get(id) ?? id;
    });
    return JSON.parse(fresh) as Template;
  };
}

/** @throws Error when the bare calls did not do to their members what the handler did to its own */
async function requireSameEffect(): Promise<void> {
  const state = await currentState(addresses);
  const traces = (number: number) => state.split(subject(number)).length;
  if (traces(1) !== traces(1 + batchSize)) throw new Error('the bare calls had another effect than the handler');
}
