/** Run as a program: a process of its own with one bundle in it, as Lambda runs it. Driven by `lambda.ts`. */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import type { Call, Reply } from './lambda.ts';

const [file = ''] = process.argv.slice(2);
const require = createRequire(file);
const realNow = Date.now;
const instances = new Map<number, (event: unknown, context: object) => Promise<unknown>>();
let clockAhead = 0;
let killAt: Call['killAt'];
let events = 0;

Date.now = () => realNow() + clockAhead;
// The clock ends no attempt: the machine may be so slow that a second process starts when the first would have given up.
AbortSignal.timeout = () => new AbortController().signal;

/** Sees both ends of each request of the process: about to be sent, and its answer received in full. */
const { end, emit } = http.ClientRequest.prototype;
http.ClientRequest.prototype.end = function (...args: unknown[]) {
  passEvent(this, 'sent');
  return Reflect.apply(end, this, args);
};
http.ClientRequest.prototype.emit = function (name: string | symbol, ...args: unknown[]) {
  const [response] = args;
  if (name === 'response' && response instanceof http.IncomingMessage)
    response.once('end', () => passEvent(this, 'answered'));
  return Reflect.apply(emit, this, [name, ...args]);
};

function passEvent(request: http.ClientRequest, what: 'sent' | 'answered'): void {
  events += 1;
  if (killAt === events || killAt === `${what} ${request.path.split('?')[0]}`) process.kill(process.pid, 'SIGKILL');
}

/** Each instance is the bundle evaluated anew: a function that shares no memory with the others. */
function handlerOf(instance: number) {
  const known = instances.get(instance);
  if (known) return known;
  delete require.cache[file];
  const { handler } = require(file);
  instances.set(instance, handler);
  return handler;
}

handlerOf(0); // as Lambda does before the first request

process.on('message', async (call: Call) => {
  Object.assign(process.env, call.env);
  clockAhead = call.aheadMs;
  killAt = call.killAt;
  events = 0;
  const context = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => call.msLeft };
  const result = await handlerOf(call.instance)(call.event, context);
  process.send?.({ id: call.id, result, events } satisfies Reply);
});
