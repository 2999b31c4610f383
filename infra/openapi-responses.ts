import type { JSONSchema } from 'zod/v4/core';
import { type ErrorCode, errorCodes } from '../functions/shared/errors.ts';
import type { Operation } from '../functions/shared/operation.ts';
import { problem, problemContentType } from '../functions/shared/problem.ts';
import { jsonSchema } from './json-schema.ts';
import { parseRoute } from './operations.ts';

export const responseSchemas = {
  Problem: jsonSchema(problem, 'output'),
  GatewayMessage: {
    type: 'object',
    properties: { message: { type: 'string' } },
    required: ['message'],
    description: 'An answer of API Gateway itself',
  },
};

/** What API Gateway answers before a function, or in its place. */
const gatewayAnswers = new Map([
  [401, 'the token is missing or not valid'],
  [403, 'the caller may not do this'],
  [404, 'there is no such route'],
  [413, 'the request is too large'],
  [429, 'too many requests'],
  [503, 'the function cannot be reached'],
]);

export const jsonContent = (schema: object): object => ({ 'application/json': { schema } });
export const csvContent = (schema: object): object => ({ 'text/csv': { schema } });

/** Every answer that a caller can get, by status. */
export function responsesOf(operation: Operation): Record<string, object> {
  const failures = Map.groupBy<number, ErrorCode>(codesOf(operation), (code) => errorCodes[code].status);
  const statuses = new Set([...failures.keys(), ...gatewayAnswers.keys()]);
  const output = jsonSchema(operation.output, 'output');
  const content = { ...jsonContent(output), ...(operation.csvAnswer && csvContent({ type: 'string' })) };
  return {
    [operation.status ?? 200]: { description: successes[operation.status ?? 200], content },
    ...(canBePending(output) && { 202: { description: pending, content: jsonContent(output) } }),
    ...Object.fromEntries([...statuses].map((status) => [status, failureOf(status, failures.get(status) ?? [])])),
  };
}

const successes = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted: it goes on after this answer, and GET tells how far it is',
};

const pending = 'The outcome is `pending_consent`: the effect waits until the person has accepted an invitation';

function canBePending({ properties }: JSONSchema.BaseSchema): boolean {
  const outcome = properties?.outcome;
  return typeof outcome === 'object' && outcome.enum?.includes('pending_consent') === true;
}

/** What only an effect can meet: state, plan, lock, fence, idempotency, verification. */
const codesOfWrites = new Set<ErrorCode>([
  'conflict',
  'plan_drifted',
  'protected',
  'fence_tripped',
  'halted',
  'locked',
  'idempotency_mismatch',
  'idempotency_in_progress',
  'verification_failed',
]);

/** What only a call of a provider can meet; a command on a run leaves those to the workflow. */
const codesOfProviders = new Set<ErrorCode>([
  'locked',
  'provider_rejected',
  'needs_human',
  'provider_credentials',
  'provider_permission',
  'provider_ip_refused',
  'provider_unexpected',
  'verification_failed',
  'provider_rate_limited',
  'provider_unavailable',
  'provider_quota',
  'provider_timeout',
]);

function codesOf({ route, effect, providers }: Operation): ErrorCode[] {
  const callsProviders = providers.length > 0;
  const namesSomething = callsProviders || parseRoute(route).pathFields.length > 0;
  return (Object.keys(errorCodes) as ErrorCode[]).filter(
    (code) =>
      (effect !== 'read' || !codesOfWrites.has(code)) &&
      (callsProviders || !codesOfProviders.has(code)) &&
      (namesSomething || code !== 'not_found'),
  );
}

function failureOf(status: number, codes: ErrorCode[]): object {
  const gateway = gatewayAnswers.get(status);
  return {
    description: [
      ...codes.map((code) => `\`${code}\`: ${errorCodes[code].title}`),
      ...(gateway ? [`API Gateway: ${gateway}`] : []),
    ].join('\n\n'),
    ...(status === 503 && { headers: { 'Retry-After': retryAfter } }),
    content: {
      ...(codes.length > 0 && { [problemContentType]: { schema: { $ref: '#/components/schemas/Problem' } } }),
      ...(gateway && jsonContent({ $ref: '#/components/schemas/GatewayMessage' })),
    },
  };
}

const retryAfter = { description: 'Seconds after which a retry can help', schema: { type: 'integer' } };
