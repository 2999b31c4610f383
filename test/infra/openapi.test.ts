import { Validator } from '@seriousme/openapi-schema-validator';
import * as z from 'zod/mini';
import { answerFormat } from '../../functions/shared/csv-download.ts';
import { defineOperation } from '../../functions/shared/operation.ts';
import { buildOpenApi } from '../../infra/openapi.ts';
import { loadOperations, parseRoute } from '../../infra/operations.ts';

interface OpenApi {
  info: { version: string };
  paths: Record<string, Record<string, Described>>;
}

interface Described {
  operationId: string;
  parameters: { name: string; in: string; required: boolean }[];
  requestBody?: { required: boolean; content: Record<string, { schema: { properties: object; required?: string[] } }> };
  responses: Record<string, { description: string; headers?: object; content: object }>;
}

const operations = await loadOperations();
const document = JSON.parse(JSON.stringify(buildOpenApi(operations))) as OpenApi & Record<string, unknown>;

function described(id: string): Described {
  const found = Object.values(document.paths)
    .flatMap((path) => Object.values(path))
    .find(({ operationId }) => operationId === id);
  if (!found) throw new Error(`${id} is not described`);
  return found;
}

const isPending = (response: Described['responses'][string] | undefined): boolean =>
  response?.description.includes('`pending_consent`') === true;

/** The codes of all failures that are described for an operation, in alphabetical order. */
const codesOf = (id: string): string[] =>
  Object.values(described(id).responses)
    .flatMap(({ description }) => [...description.matchAll(/`(\w+)`: /g)])
    .flatMap(([, code]) => code ?? [])
    .sort();

test('is a valid OpenAPI 3.1 document', async () => {
  const validator = new Validator();

  expect(await validator.validate(document)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test.each(operations)('describes $id where its route is', ({ id, operation }) => {
  const { method, path } = parseRoute(operation.route);

  expect(document.paths[path]?.[method.toLowerCase()]?.operationId).toBe(id.replace('/', '-'));
});

test('takes a field from the path, the query or the body', () => {
  expect(described('wecom-get-user').parameters).toMatchObject([{ name: 'userid', in: 'path', required: true }]);
  expect(described('wecom-delete-user').requestBody).toBeUndefined();
  expect(described('wecom-create-user')).toMatchObject({
    parameters: [{ name: 'Idempotency-Key', in: 'header', required: false }],
    requestBody: { required: true, content: { 'application/json': { schema: { required: ['userid', 'name'] } } } },
  });
});

test.each(operations)('offers an Idempotency-Key for $id if it has an effect', ({ id, operation }) => {
  const offered = described(id.replace('/', '-')).parameters.some(({ name }) => name === 'Idempotency-Key');

  expect(offered).toBe(operation.effect !== 'read');
});

test('does not demand a body whose every field is optional', () => {
  const { parameters, requestBody } = described('dingtalk-delete-user');

  expect(parameters[0]).toMatchObject({ name: 'userid', in: 'path' });
  expect(requestBody).toMatchObject({
    required: false,
    content: { 'application/json': { schema: { type: 'object' } } },
  });
  expect(Object.keys(requestBody?.content['application/json']?.schema.properties ?? {})).toEqual(['handoverResource']);
});

describe('an operation that takes and gives CSV', () => {
  const handler = defineOperation({
    summary: 'Take rows',
    route: 'POST /rows',
    effect: 'create',
    providers: {},
    csvBody: 'csv',
    csvAnswer: true,
    input: z.strictObject({
      operation: z.string(),
      format: answerFormat,
      items: z.optional(z.array(z.string())),
      csv: z.optional(z.string()),
    }),
    output: z.object({ id: z.string() }),
    run: async () => ({ id: '' }),
  });
  const loaded = { id: 'rows/take', folder: 'rows', name: 'take', entry: '', handler, operation: handler.operation };
  const built = buildOpenApi([loaded]) as OpenApi;
  const operation = built.paths['/rows']?.post;

  test('has both types of body, and its plain fields in the query beside CSV', () => {
    expect(operation?.requestBody).toMatchObject({
      required: true,
      content: {
        'text/csv': { schema: { type: 'string' } },
        'application/json': { schema: { required: ['operation'] } },
      },
    });
    const properties = operation?.requestBody?.content['application/json']?.schema.properties ?? {};
    expect(Object.keys(properties)).toEqual(['operation', 'format', 'items']);
    expect(operation?.parameters).toMatchObject([
      { name: 'operation', in: 'query', required: false, description: expect.stringContaining('text/csv') },
      { name: 'format', in: 'query', required: false },
      { name: 'Idempotency-Key', in: 'header' },
    ]);
  });

  test('has both types of answer', () => {
    expect(Object.keys(operation?.responses['200']?.content ?? {})).toEqual(['application/json', 'text/csv']);
  });

  test('is described in valid OpenAPI', async () => {
    expect(await new Validator().validate(JSON.parse(JSON.stringify(built)))).toEqual({ valid: true });
  });
});

test('describes a header that is a field, and a body that can only be CSV', () => {
  const { parameters, requestBody } = described('cleanup-put-roster');

  expect(parameters).toMatchObject([
    { name: 'provider', in: 'path', required: true },
    { name: 'x-row-count', in: 'header', required: true },
    { name: 'Idempotency-Key', in: 'header', required: false },
  ]);
  expect(requestBody).toMatchObject({ required: true, content: { 'text/csv': { schema: { type: 'string' } } } });
  expect(Object.keys(requestBody?.content ?? {})).toEqual(['text/csv']);
});

test('describes the failures that an operation can have, and those of API Gateway', () => {
  const gateway = ['401', '403', '404', '413', '429', '503'];

  expect(Object.keys(described('system-health').responses)).toEqual([
    '200',
    '400',
    ...gateway.slice(0, 5),
    '500',
    '503',
  ]);
  expect(described('wecom-get-user').responses).not.toHaveProperty('409');
  expect(described('wecom-delete-user').responses['409']?.description).toContain('`conflict`');
  expect(Object.keys(described('wecom-delete-user').responses)).toEqual(expect.arrayContaining(gateway));
});

test.each(operations)('describes a success of $id under its status, and under no other', ({ id, operation }) => {
  const { responses } = described(id.replace('/', '-'));
  const successes = Object.keys(responses).filter((status) => /^2/.test(status) && !isPending(responses[status]));

  expect(successes).toEqual([String(operation.status ?? 200)]);
});

test('tells of each time of a run what is said of it, and of no other', () => {
  const [success] = Object.values(described('jobs-get-job').responses);

  expect(success?.content).toMatchObject({
    'application/json': {
      schema: {
        properties: {
          effectiveAt: { type: 'string', description: 'When it begins, if not at once' },
          startedAt: { type: 'string' },
          plan: { properties: { steps: { items: { properties: { dueAt: { description: 'Not before' } } } } } },
        },
      },
    },
  });
  expect(success?.content).not.toHaveProperty(['application/json', 'schema', 'properties', 'startedAt', 'description']);
});

test.each([
  ['system-health', '200', 'Done'],
  ['offboarding-plan-offboarding', '201', 'Created'],
  ['offboarding-apply-offboarding', '202', 'Accepted: it goes on after this answer, and GET tells how far it is'],
])('says what a success of %s means: %s', (id, status, description) => {
  expect(described(id).responses[status]).toMatchObject({
    description,
    content: { 'application/json': { schema: { type: 'object' } } },
  });
});

test('describes what a command on a run can meet, and nothing of a provider that it does not call', () => {
  const codes = codesOf('offboarding-approve-offboarding');

  expect(codes).toEqual(
    [
      'invalid_input',
      'not_found',
      'conflict',
      'protected',
      'fence_tripped',
      'plan_drifted',
      'halted',
      'idempotency_in_progress',
      'idempotency_mismatch',
      'internal',
      'store_unavailable',
    ].sort(),
  );
  expect(codesOf('offboarding-apply-offboarding')).toEqual(expect.arrayContaining([...codes, 'provider_timeout']));
});

test('what is read can be unknown where the path names it, and has no plan that drifts', () => {
  expect(codesOf('offboarding-get-offboarding')).toEqual(
    ['invalid_input', 'not_found', 'internal', 'store_unavailable'].sort(),
  );
  expect(codesOf('offboarding-list-offboardings')).toEqual(['invalid_input', 'internal', 'store_unavailable'].sort());
  expect(codesOf('wecom-get-user')).not.toContain('plan_drifted');
});

test('describes 202 where the effect can wait for the consent of a person, and nowhere else', () => {
  const pending = operations.filter(({ id }) => isPending(described(id.replace('/', '-')).responses['202']));

  expect(pending.map(({ id }) => id)).toEqual(['dingtalk/create-user']);
  expect(described('dingtalk-create-user').responses['202']).toMatchObject({
    description: expect.stringContaining('`pending_consent`'),
    content: { 'application/json': { schema: { properties: { outcome: { enum: ['created', 'pending_consent'] } } } } },
  });
});

test('tells our problems from the messages of API Gateway', () => {
  const { 404: notFound, 503: unavailable, 401: unauthorized } = described('wecom-delete-user').responses;

  expect(Object.keys(notFound?.content ?? {})).toEqual(['application/problem+json', 'application/json']);
  expect(Object.keys(unauthorized?.content ?? {})).toEqual(['application/json']);
  expect(unavailable?.headers).toHaveProperty('Retry-After');
});
