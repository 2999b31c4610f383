import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { currentState, type LoggedCall, loggedCalls, reset } from './control.ts';
import { finish, type Handler, newContext, readTask, requireSuccess } from './measured.ts';
import { subject } from './subject.ts';

export interface WarmTask {
  file: string;
  /** The simulator that it calls. */
  url: string;
  /** A request about the first subject. */
  event: APIGatewayProxyEventV2;
  requests: number;
}

export interface WarmTimes {
  /** Milliseconds of each request through the handler. */
  handled: number[];
  /** Milliseconds of the same provider calls by `fetch` alone. */
  bare: number[];
  calls: number;
}

/** Requests between two resets: so many that a reset is rare, so few that no directory grows large. */
const batchSize = 50;
const warmUpBatches = 6;

const { file, url, event, requests } = readTask<WarmTask>();
const { handler } = (await import(file)) as { handler: Handler };
const context = newContext();

const eventOf = about(event);
const calls = await callsOfWarmRequest();
const callsOf = about(calls);
const handled: number[] = [];
const bare: number[] = [];

for (let batch = -warmUpBatches; batch < requests / batchSize; batch++) {
  await reset(url, 2 * batchSize);
  for (let number = 1; number <= batchSize; number++) {
    const both = [() => handle(number), () => fetchAll(number + batchSize)];
    for (const run of number % 2 === 0 ? both : both.reverse()) await run();
  }
  await requireSameEffect();
  if (batch < 0) [handled.length, bare.length] = [0, 0];
}
finish({ handled, bare, calls: calls.length } satisfies WarmTimes);

async function handle(number: number): Promise<void> {
  const event = eventOf(number);
  const startedAt = performance.now();
  const answer = await handler(event, context);
  handled.push(performance.now() - startedAt);
  requireSuccess(answer);
}

async function fetchAll(number: number): Promise<void> {
  const requests = callsOf(number).map(toRequest);
  const startedAt = performance.now();
  for (const { url, init } of requests) {
    const response = await fetch(url, init);
    await response.text();
  }
  bare.push(performance.now() - startedAt);
}

/** What the simulator sees of a request when secret and token are at hand, as they are after another one. */
async function callsOfWarmRequest(): Promise<LoggedCall[]> {
  for (let request = 1; request <= 2; request++) {
    await reset(url, 1);
    requireSuccess(await handler(event, context));
  }
  return loggedCalls(url);
}

/** Puts another member in place of the first one. */
function about<Template>(template: Template): (number: number) => Template {
  const text = JSON.stringify(template);
  return (number) => JSON.parse(text.replaceAll(subject(1), subject(number))) as Template;
}

function toRequest({ method, path, query, headers, body }: LoggedCall): { url: string; init: RequestInit } {
  const { authorization, 'content-type': contentType } = headers;
  return {
    url: `${url}${path}?${new URLSearchParams(query)}`,
    init: {
      method,
      headers: { ...(authorization && { authorization }), ...(contentType && { 'content-type': contentType }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
  };
}

/** @throws Error when the bare calls did not do to their members what the handler did to its own */
async function requireSameEffect(): Promise<void> {
  const state = await currentState(url);
  const traces = (number: number) => state.split(subject(number)).length;
  if (traces(1) !== traces(1 + batchSize)) throw new Error('the bare calls had another effect than the handler');
}
