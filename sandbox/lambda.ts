import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { type DurableEngine, functionArn } from './durable-engine.ts';
import { type DurableError, durableError, epochSeconds } from './durable-operations.ts';
import { checkpointRequest } from './durable-run.ts';
import type { Execution } from './executions.ts';
import { invalid, LambdaError } from './lambda-error.ts';

interface Call {
  /** What the path names: a function, an execution or a callback. */
  id: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** Text is sent as it is. */
  body?: object | string;
}

type Action = (engine: DurableEngine, call: Call) => Answer | Promise<Answer>;

const mostBytes = { Event: 1024 * 1024, RequestResponse: 6 * 1024 * 1024 };

/** The API of Lambda, as far as durable functions go. The paths of its actions begin with a date. */
export const isLambdaPath = (path: string): boolean => /^\/20\d\d-\d\d-\d\d\//.test(path);

const actions = new Map<string, Action>([
  ['POST /2015-03-31/functions/{}/invocations', invoke],
  ['GET /2025-12-01/functions/{}/durable-executions', listExecutions],
  ['GET /2025-12-01/durable-executions/{}', getExecution],
  ['GET /2025-12-01/durable-executions/{}/state', getState],
  ['POST /2025-12-01/durable-executions/{}/checkpoint', checkpoint],
  ['POST /2025-12-01/durable-executions/{}/stop', stop],
  ['POST /2025-12-01/durable-execution-callbacks/{}/succeed', succeed],
  ['POST /2025-12-01/durable-execution-callbacks/{}/fail', fail],
  ['POST /2025-12-01/durable-execution-callbacks/{}/heartbeat', heartbeat],
]);

export async function answerLambda(
  engine: DurableEngine,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status = 200, headers, body = {} } = await run(engine, request).catch(refusal);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function run(engine: DurableEngine, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://sandbox');
  const [, version, collection, id = '', ...rest] = pathname.split('/');
  const route = [version, collection, '{}', ...rest].join('/');
  const action = actions.get(`${request.method} /${route}`);
  if (!action)
    throw new LambdaError('UnknownOperationException', 404, `The sandbox has no ${request.method} /${route}`);
  const body = (await buffer(request)).toString();
  return action(engine, { id: decodeURIComponent(id), query, headers: request.headers, body });
}

function refusal(error: unknown): Answer {
  const known = error instanceof LambdaError ? error : new LambdaError('ServiceException', 500, String(error));
  const { type, status, message } = known;
  const body = { Type: status < 500 ? 'User' : 'Service', message, Message: message };
  return { status, headers: { 'x-amzn-errortype': type }, body };
}

async function invoke(engine: DurableEngine, { id, query, headers, body }: Call): Promise<Answer> {
  const { functionName, qualifier = query.get('Qualifier') ?? '$LATEST' } = readFunction(id);
  const type = z
    .enum(['Event', 'RequestResponse'])
    .safeParse(headers['x-amz-invocation-type'] ?? 'RequestResponse').data;
  if (!type) throw invalid('The sandbox invokes by Event and by RequestResponse.');
  if (Buffer.byteLength(body) > mostBytes[type])
    throw new LambdaError('RequestTooLargeException', 413, `A payload has at most ${mostBytes[type]} bytes.`);
  const name = z.optional(z.string()).parse(headers['x-amz-durable-execution-name']);

  const { arn } = await engine.start({ functionName, qualifier, name, input: readJson(body) });
  const answered = { 'x-amz-durable-execution-arn': arn, 'x-amz-executed-version': qualifier };
  if (type === 'Event') return { status: 202, headers: answered, body: '' };
  const { status, result, error } = await engine.ended(arn);
  if (status === 'SUCCEEDED') return { headers: answered, body: result ?? 'null' };
  return { headers: { ...answered, 'x-amz-function-error': 'Unhandled' }, body: functionError(error) };
}

/** A function may be given by its name, a part of its ARN or the whole of it, each with or without a qualifier. */
function readFunction(id: string): { functionName: string; qualifier?: string } {
  const [, functionName, qualifier] = /^(?:.*:?function:)?([\w-]+)(?::([\w$-]+))?$/.exec(id) ?? [];
  if (!functionName) throw invalid(`Invalid function name: ${id}`);
  return { functionName, ...(qualifier && { qualifier }) };
}

function readJson(body: string): string {
  try {
    JSON.parse(body || '{}');
    return body || '{}';
  } catch {
    throw new LambdaError('InvalidRequestContentException', 400, 'Could not parse request body into json.');
  }
}

const functionError = ({ ErrorType, ErrorMessage, StackTrace }: DurableError = {}): object => ({
  errorType: ErrorType,
  errorMessage: ErrorMessage,
  trace: StackTrace,
});

function listExecutions(engine: DurableEngine, { id, query }: Call): Answer {
  const { functionName } = readFunction(id);
  const name = query.get('DurableExecutionName');
  const statuses = query.getAll('Statuses');
  const found = engine
    .executions()
    .filter((execution) => execution.functionName === functionName)
    .filter((execution) => !name || execution.name === name)
    .filter(({ status }) => statuses.length === 0 || statuses.includes(status));
  const ordered = query.get('ReverseOrder') === 'true' ? found : found.toReversed();
  const from = Number(query.get('Marker') ?? 0);
  const to = from + Number(query.get('MaxItems') ?? 100);
  return {
    body: {
      DurableExecutions: ordered.slice(from, to).map(summary),
      ...(to < ordered.length && { NextMarker: String(to) }),
    },
  };
}

function getExecution(engine: DurableEngine, { id }: Call): Answer {
  const execution = engine.execution(id);
  const { qualifier: Version, input: InputPayload, result: Result } = execution;
  const data = { Version, InputPayload, Result, Error: execution.error, ExecutionDataIncluded: true };
  return { body: { ...summary(execution), ...data } };
}

const summary = ({ arn, name, functionName, qualifier, status, startedAt, endedAt }: Readonly<Execution>): object => ({
  DurableExecutionArn: arn,
  DurableExecutionName: name,
  FunctionArn: functionArn(functionName, qualifier),
  Status: status,
  StartTimestamp: epochSeconds(startedAt),
  ...(endedAt && { EndTimestamp: epochSeconds(endedAt) }),
});

function getState(engine: DurableEngine, { id, query }: Call): Answer {
  const [marker, maxItems] = [query.get('Marker'), query.get('MaxItems')].map(Number);
  return { body: engine.state(id, query.get('CheckpointToken') ?? '', marker ?? 0, maxItems ?? 0) };
}

async function checkpoint(engine: DurableEngine, { id, body }: Call): Promise<Answer> {
  return { body: await engine.checkpoint(id, read(checkpointRequest, body)) };
}

async function stop(engine: DurableEngine, { id, body }: Call): Promise<Answer> {
  const { endedAt = 0 } = await engine.stop(id, read(durableError, body));
  return { body: { StopTimestamp: epochSeconds(endedAt) } };
}

async function succeed(engine: DurableEngine, { id, body }: Call): Promise<Answer> {
  await engine.endCallback(id, { Status: 'SUCCEEDED', ...(body && { Result: body }) });
  return {};
}

async function fail(engine: DurableEngine, { id, body }: Call): Promise<Answer> {
  await engine.endCallback(id, { Status: 'FAILED', Error: read(durableError, body) });
  return {};
}

async function heartbeat(engine: DurableEngine, { id }: Call): Promise<Answer> {
  await engine.heartbeat(id);
  return {};
}

function read<Schema extends z.ZodMiniType>(schema: Schema, body: string): z.infer<Schema> {
  const { data, error } = schema.safeParse(JSON.parse(readJson(body)));
  if (!error) return data;
  const [issue] = error.issues;
  throw invalid(`${issue?.path.join('.')}: ${issue?.message}`);
}
