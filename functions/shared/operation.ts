import middy, { type MiddyfiedHandler } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { clock, Deadline } from './clock.ts';
import { CsvDownload } from './csv-download.ts';
import { invalidInput, OperationError, readFirst } from './errors.ts';
import { type HttpForm, readHttpInput } from './http-input.ts';
import { countOf, logger, whereOf } from './log.ts';
import { problemResponse } from './problem.ts';
import { fieldErrors } from './schema.ts';

export type Effect = 'read' | 'create' | 'update' | 'delete';
export type Route = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

/** Makes a provider's client for one invocation, without any I/O. */
export type Connect<Client> = (deadline: Deadline) => Client;
export type Providers = Record<string, Connect<unknown>>;
export type Clients<P extends Providers> = { [Name in keyof P]: ReturnType<P[Name]> };

interface Declared extends HttpForm {
  summary: string;
  description?: string;
  route: Route;
  effect: Effect;
  /** The status of a success; 200 unless given. */
  status?: 201 | 202;
  /** A success may be answered as text/csv too: `run` returns a `CsvDownload` then. */
  csvAnswer?: true;
  /** Needs the scope `usher/approve` in the place of that of its effect. */
  approves?: boolean;
  /** The durable functions that it may start and wake, such as `offboarding/run-offboarding`. */
  starts?: string[];
}

export type ObjectSchema = z.ZodMiniType<object>;

export interface Definition<Input extends ObjectSchema, Output extends z.ZodMiniType, P extends Providers>
  extends Declared {
  /** The providers whose secrets the function may read, each with the way to its client. */
  providers: P;
  /** Path, query, declared headers and body as one flat object. */
  input: Input;
  output: Output;
  run(
    input: z.output<Input>,
    clients: Clients<P>,
    request: Request<z.output<Input>, Clients<P>>,
  ): Promise<z.input<Output> | CsvDownload>;
}

/** A checked request, on its way to the operation. */
export interface Request<Input, C> {
  input: Input;
  clients: C;
  event: APIGatewayProxyEventV2;
  context: Context;
  requestId: string;
  deadline: Deadline;
  /** Under which the request is filed, if it has an `Idempotency-Key`: the same for every replay. */
  storedKey?: string;
}

/** Answers in the documented forms. */
export interface Answers {
  ofOutput(output: unknown): Answer;
  ofError(error: unknown): Answer;
}

/** What stands between the request and `run`: nothing for a read, lock and ledger for a write. */
export type Around<Input, C> = (
  request: Request<Input, C>,
  run: (storedKey?: string) => Promise<unknown>,
  answers: Answers,
) => Promise<Answer>;

/** What everything else is derived from: stack, local API, OpenAPI document, tables and contract tests. */
export interface Operation extends Declared {
  providers: string[];
  input: z.ZodMiniType;
  output: z.ZodMiniType;
}

type Answer = APIGatewayProxyStructuredResultV2;
type HttpHandler = MiddyfiedHandler<APIGatewayProxyEventV2, Answer, Error, Context>;

/** An answer within 25 s leaves the function (28 s) time to report a provider that never answers. */
const budgetMs = 25_000;
const reserveMs = 1_000;

/**
 * Makes the Lambda of a route: reads and checks the input, runs the operation with its providers' clients, and turns
 * the result or any failure into the documented answer. A failure that nobody foresaw becomes `internal`, with its
 * details in the log only. An operation with an effect is made by `defineWrite`.
 * @param newPermit makes what is asked before each write to a provider
 */
export function defineOperation<I extends ObjectSchema, O extends z.ZodMiniType, P extends Providers>(
  { run, ...declaration }: Definition<I, O, P>,
  around: Around<z.output<I>, Clients<P>> = async (_request, run, { ofOutput }) => ofOutput(await run()),
  newPermit?: () => Deadline['permit'],
): HttpHandler & { operation: Operation } {
  const { route, effect, providers } = declaration;

  const answer = async (event: APIGatewayProxyEventV2, context: Context): Promise<Answer> => {
    const input = parseInput(declaration, event);
    const msLeft = Math.min(budgetMs, (context.getRemainingTimeInMillis?.() ?? budgetMs) - reserveMs);
    const deadline = new Deadline(msLeft, newPermit?.());
    const clients = connectAll(providers, deadline);
    const requestId = requestIdOf(event, context);
    const ofError = (error: unknown) => problemResponse(toFailure(error, effect), requestId);
    const request = { input, clients, event, context, requestId, deadline };
    const ofOutput = (output: unknown) =>
      output instanceof CsvDownload ? csvAnswer(output) : jsonAnswer(output, declaration.status);
    const perform = (storedKey?: string) => run(input, clients, { ...request, ...(storedKey && { storedKey }) });
    return around(request, perform, { ofOutput, ofError });
  };

  const handler: HttpHandler = middy<APIGatewayProxyEventV2, Answer>({ timeoutEarlyResponse: outOfTime })
    .use(logAnswer(route, effect))
    .use(answerFailures(effect))
    .handler(answer);
  return Object.assign(handler, { operation: { ...declaration, providers: Object.keys(providers) } });
}

function parseInput<I extends ObjectSchema>(
  { input, ...form }: HttpForm & { input: I },
  event: APIGatewayProxyEventV2,
): z.output<I> {
  if (!event?.requestContext || !event.headers) {
    throw invalidInput([{ path: 'event', message: 'must be an HTTP API event, payload format 2.0' }]);
  }
  const parsed = input.safeParse(readHttpInput(event, form));
  if (!parsed.success) throw invalidInput(fieldErrors(parsed.error.issues));
  return parsed.data;
}

export function connectAll<P extends Providers>(providers: P, deadline: Deadline): Clients<P> {
  const clients = Object.entries(providers).map(([name, connect]) => [name, connect(deadline)]);
  return Object.fromEntries(clients) as Clients<P>;
}

/** 202 when the effect still depends on a person (DingTalk's 40103). */
function jsonAnswer(output: unknown, status = 200): Answer {
  const isPending =
    typeof output === 'object' && output !== null && Reflect.get(output, 'outcome') === 'pending_consent';
  return {
    statusCode: isPending ? 202 : status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(output),
  };
}

const csvAnswer = ({ fileName, text }: CsvDownload): Answer => ({
  statusCode: 200,
  headers: {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${fileName}"`,
  },
  body: text,
});

const requestIdOf = (event: APIGatewayProxyEventV2 | null, context: Context): string =>
  event?.requestContext?.requestId ?? context.awsRequestId;

/** What is said right before Lambda ends the function. Every call has a shorter limit, but several can add up. */
function outOfTime(): never {
  throw new OperationError('provider_timeout', 'the function ran out of time', {
    outcome: 'unknown',
    retryAfter: 5,
    fix: readFirst,
  });
}

/** Whatever went wrong, as a documented failure. A read has no effect; after a bug that of a write is unknown. */
function toFailure(error: unknown, effect: Effect): OperationError {
  const failure =
    error instanceof OperationError
      ? error
      : new OperationError('internal', 'An unexpected failure', { outcome: 'unknown' });
  return effect === 'read' ? failure.with({ outcome: 'not_applied' }) : failure;
}

const answerFailures = (effect: Effect): middy.MiddlewareObj<APIGatewayProxyEventV2> => ({
  onError: (request) => {
    const { event, context, error } = request;
    if (!(error instanceof OperationError)) logger.error('bug', { ...whereOf(error) });
    request.response = problemResponse(toFailure(error, effect), requestIdOf(event, context));
  },
});

/** One line a request: what was asked, how it ended and how long it took. That of a failure is counted by its code. */
function logAnswer(route: Route, effect: Effect): middy.MiddlewareObj<APIGatewayProxyEventV2, Answer> {
  const startedAt = new WeakMap<object, number>();
  const log: middy.MiddlewareFn<APIGatewayProxyEventV2, Answer> = ({ event, context, response, error }) => {
    const failure = error ? toFailure(error, effect) : undefined;
    logger.info(route, {
      requestId: requestIdOf(event, context),
      status: response?.statusCode,
      ms: clock.now() - (startedAt.get(context) ?? clock.now()),
      ...(failure && {
        code: failure.code,
        outcome: failure.outcome,
        provider: failure.options.provider,
        ...countOf(failure.code),
      }),
    });
  };
  return {
    before: ({ context }) => void startedAt.set(context, clock.now()),
    after: log,
    onError: log,
  };
}
