import type { JSONSchema } from 'zod/v4/core';
import { type ErrorCode, errorCodes } from '../functions/shared/errors.ts';
import type { Operation } from '../functions/shared/operation.ts';
import { problem, problemContentType } from '../functions/shared/problem.ts';
import { jsonSchema } from './json-schema.ts';

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

/** Every answer that a caller can get, by status. */
export function responsesOf(operation: Operation): Record<string, object> {
  const failures = Map.groupBy<number, ErrorCode>(codesOf(operation), (code) => errorCodes[code].status);
  const statuses = new Set([...failures.keys(), ...gatewayAnswers.keys()]);
  const output = jsonSchema(operation.output, 'output');
  return {
    200: { description: 'Done', content: jsonContent(output) },
    ...(canBePending(output) && { 202: { description: pending, content: jsonContent(output) } }),
    ...Object.fromEntries([...statuses].map((status) => [status, failureOf(status, failures.get(status) ?? [])])),
  };
}

const pending = 'The outcome is `pending_consent`: the effect waits until the person has accepted an invitation';

function canBePending({ properties }: JSONSchema.BaseSchema): boolean {
  const outcome = properties?.outcome;
  return typeof outcome === 'object' && outcome.enum?.includes('pending_consent') === true;
}

/** What only an effect can meet: state, lock, fence, idempotency, verification. */
const codesOfWrites = new Set<ErrorCode>([
  'conflict',
  'protected',
  'fence_tripped',
  'halted',
  'locked',
  'idempotency_mismatch',
  'idempotency_in_progress',
  'verification_failed',
]);

function codesOf({ effect, providers }: Operation): ErrorCode[] {
  if (providers.length === 0) return ['invalid_input', 'store_unavailable', 'internal'];
  const codes = Object.keys(errorCodes) as ErrorCode[];
  return effect === 'read' ? codes.filter((code) => !codesOfWrites.has(code)) : codes;
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
