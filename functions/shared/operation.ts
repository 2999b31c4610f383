import middy, { type MiddyfiedHandler } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { clock, Deadline } from './clock.ts';
import { invalidInput, OperationError } from './errors.ts';
import { readHttpInput } from './http-input.ts';
import { logger, whereOf } from './log.ts';
import { problemResponse } from './problem.ts';
import { fieldErrors } from './schema.ts';

export type Effect = 'read' | 'create' | 'update' | 'delete';
export type Route = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

/** Makes a provider's client for one invocation, without any I/O. */
export type Connect<Client> = (deadline: Deadline) => Client;
type Providers = Record<string, Connect<unknown>>;
type Clients<P extends Providers> = { [Name in keyof P]: ReturnType<P[Name]> };

interface Definition<Input extends z.ZodMiniType, Output extends z.ZodMiniType, P extends Providers> {
  summary: string;
  description?: string;
  route: Route;
  effect: Effect;
  /** The providers whose secrets the function may read, each with the way to its client. */
  providers: P;
  /** Path, query and body as one flat object. */
  input: Input;
  output: Output;
  run(input: z.output<Input>, clients: Clients<P>): Promise<z.input<Output>>;
}

/** What everything else is derived from: stack, local API, OpenAPI document, tables and contract tests. */
export interface Operation {
  summary: string;
  description?: string;
  route: Route;
  effect: Effect;
  providers: string[];
  input: z.ZodMiniType;
  output: z.ZodMiniType;
}

type HttpHandler = MiddyfiedHandler<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, Context>;

/** An answer within 25 s leaves the function (28 s) time to report a provider that never answers. */
const budgetMs = 25_000;
const reserveMs = 1_000;

/**
 * The one way to make a Lambda: reads and checks the input, runs the operation with its providers' clients, and turns
 * the result or any failure into the documented answer. A failure that nobody foresaw becomes `internal`, with its
 * details in the log only.
 */
export function defineOperation<I extends z.ZodMiniType, O extends z.ZodMiniType, P extends Providers>(
  definition: Definition<I, O, P>,
): HttpHandler & { operation: Operation } {
  const { run, providers, ...declaration } = definition;

  const answer = async (event: APIGatewayProxyEventV2, context: Context) => {
    const input = parseInput(definition, event);
    const deadline = new Deadline(Math.min(budgetMs, (context.getRemainingTimeInMillis?.() ?? budgetMs) - reserveMs));
    const output = await run(input, connectAll(providers, deadline));
    return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(output) };
  };

  const handler: HttpHandler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(logAnswer(declaration.route))
    .use(answerFailures(declaration.effect))
    .handler(answer);
  return Object.assign(handler, { operation: { ...declaration, providers: Object.keys(providers) } });
}

function parseInput<I extends z.ZodMiniType>(
  { input, effect }: { input: I; effect: Effect },
  event: APIGatewayProxyEventV2,
): z.output<I> {
  if (!event?.requestContext || !event.headers) {
    throw invalidInput([{ path: 'event', message: 'must be an HTTP API event, payload format 2.0' }]);
  }
  if (effect !== 'read' && event.headers['idempotency-key'] !== undefined) {
    throw invalidInput([{ path: 'Idempotency-Key', message: 'is not supported yet; send the request without it' }]);
  }
  const parsed = input.safeParse(readHttpInput(event));
  if (!parsed.success) throw invalidInput(fieldErrors(parsed.error.issues));
  return parsed.data;
}

function connectAll<P extends Providers>(providers: P, deadline: Deadline): Clients<P> {
  const clients = Object.entries(providers).map(([name, connect]) => [name, connect(deadline)]);
  return Object.fromEntries(clients) as Clients<P>;
}

const requestIdOf = (event: APIGatewayProxyEventV2 | null, context: Context): string =>
  event?.requestContext?.requestId ?? context.awsRequestId;

const answerFailures = (effect: Effect): middy.MiddlewareObj<APIGatewayProxyEventV2> => ({
  onError: (request) => {
    const { event, context, error } = request;
    if (!(error instanceof OperationError)) logger.error('bug', { ...whereOf(error) });
    const failure = error instanceof OperationError ? error : new OperationError('internal', 'An unexpected failure');
    const outcome = effect === 'read' ? 'not_applied' : failure.code === 'internal' ? 'unknown' : failure.outcome;
    request.response = problemResponse(failure.with({ outcome }), requestIdOf(event, context));
  },
});

/** One line a request: what was asked, how it ended and how long it took. */
function logAnswer(route: Route): middy.MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> {
  const startedAt = new WeakMap<object, number>();
  const log: middy.MiddlewareFn<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> = (request) => {
    const { event, context, response, error } = request;
    const failure = error instanceof OperationError ? error : undefined;
    logger.info(route, {
      requestId: requestIdOf(event, context),
      status: response?.statusCode,
      ms: clock.now() - (startedAt.get(context) ?? clock.now()),
      ...(failure && { code: failure.code, outcome: failure.outcome, provider: failure.options.provider }),
    });
  };
  return {
    before: ({ context }) => void startedAt.set(context, clock.now()),
    after: log,
    onError: log,
  };
}
