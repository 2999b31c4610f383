import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadOperations } from '../../infra/operations.ts';
import { httpEvent, invoke, lambdaContext, type TestRequest } from '../support/invoke.ts';
import { simulated } from '../support/providers.ts';

const operations = await loadOperations();
const writes = operations.filter(({ operation }) => operation.effect !== 'read');
const root = fileURLToPath(new URL('../..', import.meta.url));
const providers = [simulated('wecom'), simulated('dingtalk'), simulated('wibiclick')];
const sentToProviders = async () => (await Promise.all(providers.map((provider) => provider.requests()))).flat();

/** Any value for each path parameter: what is tested here is refused before the values matter. */
const pathOf = (route: string) =>
  Object.fromEntries([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, '101']));

describe.each(operations)('$id', ({ id, folder, handler, operation }) => {
  const path = pathOf(operation.route);

  test('declares what everything else is derived from', () => {
    const effects = {
      GET: ['read'],
      POST: ['create', 'update'],
      PUT: ['create', 'update'],
      PATCH: ['update'],
      DELETE: ['delete'],
    };
    const [method = ''] = operation.route.split(' ');

    expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
    expect(Object.entries(effects)).toContainEqual([method, expect.arrayContaining([operation.effect])]);
    const all = ['wecom', 'dingtalk', 'wibiclick'];
    expect(operation.providers).toEqual(id === 'system/doctor' ? all : all.filter((provider) => provider === folder));
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['an empty object', {}],
    ['an event of another source', { source: 'aws.events', detail: {} }],
  ])('answers %s, which is no request, with invalid_input', async (_, event) => {
    const answer = await handler(event as never, lambdaContext());

    expect(JSON.parse(answer.body ?? '')).toMatchObject({ code: 'invalid_input', errors: [{ path: 'event' }] });
  });

  test.each<[field: string, request: TestRequest]>([
    ['body', { path, body: '{"userid":' }],
    ['body', { path, body: '[]' }],
    ['body', { path, body: '"text"' }],
    ['body', { path, body: `{"name":"${'x'.repeat(2 * 1024 * 1024)}"}` }],
    ['content-type', { path, body: '{}', headers: { 'content-type': 'text/plain' } }],
    ['content-type', { path, body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['nobodyKnowsThis', { path, body: { nobodyKnowsThis: 1 } }],
    ['nobodyKnowsThis', { path, query: 'nobodyKnowsThis=1' }],
    ['__proto__', { path, body: '{"__proto__":{"userid":"lisi"}}' }],
    ['__proto__', { path, body: '{"extattr":{"__proto__":{}}}' }],
    ['__proto__', { path, query: '__proto__=1' }],
    ['constructor', { path, body: { constructor: {} } }],
    ...Object.keys(path).map((name): [string, TestRequest] => [name, { path, body: { [name]: 'another' } }]),
    ...Object.keys(path).map((name): [string, TestRequest] => [name, { path, query: `${name}=another` }]),
  ])('names %s when it refuses %#, and sends nothing', async (field, request) => {
    const answer = await invoke(handler, request);

    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', outcome: 'not_applied', retryable: false },
    });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toContain(field);
    expect(await sentToProviders()).toEqual([]);
  });

  test('reads a base64 body as the gateway sends it', async () => {
    const event = httpEvent(operation.route, { path, body: Buffer.from('{"nobodyKnowsThis":1}').toString('base64') });

    const answer = await handler({ ...event, isBase64Encoded: true }, lambdaContext());

    expect(answer.body).toContain('nobodyKnowsThis');
  });

  test('gives the request id back, so that its log lines can be found', async () => {
    const event = httpEvent(operation.route, { path, body: '[]' });

    const answer = await handler(event, lambdaContext());

    expect(JSON.parse(answer.body ?? '').instance).toBe(event.requestContext.requestId);
  });

  test('does not look at the header of the sandbox', async () => {
    const request = { path, query: 'nobodyKnowsThis=1' };
    const plain = await invoke(handler, request);
    const withHeader = await invoke(handler, { ...request, headers: { 'x-sandbox-caller': 'mallory' } });

    expect({ ...withHeader.body, instance: '' }).toEqual({ ...plain.body, instance: '' });
  });

  test(`is in a folder and file of the form verb-noun or one word: ${id}`, () => {
    expect(id).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/);
  });
});

const deletions = writes.filter(({ operation }) => operation.effect === 'delete');
describe.each(deletions)('$id', ({ handler, operation }) => {
  const path = pathOf(operation.route);

  test.each(['', 'two words', 'x'.repeat(256), 'schlüssel'])('refuses the Idempotency-Key %j', async (key) => {
    const answer = await invoke(handler, { path, headers: { 'idempotency-key': key } });

    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
    expect(await sentToProviders()).toEqual([]);
  });
});

test('no two operations have one route', () => {
  const routes = operations.map(({ operation }) => operation.route.replace(/\{\w+\}/g, '{}'));

  expect(new Set(routes).size).toBe(routes.length);
});

test('no code under functions/ knows the sandbox', () => {
  const files = readdirSync(join(root, 'functions'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const knowing = files.filter((path) => /sandbox/i.test(readFileSync(join(root, 'functions', path), 'utf8')));

  expect(knowing).toEqual([]);
});

test('importing every operation needs no environment and does no I/O', () => {
  const script = join(root, 'test/support/import-without-world.ts');

  const printed = execFileSync(process.execPath, ['--import', 'tsx', script], {
    cwd: root,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });

  expect(printed.trim()).toBe(`${operations.length} operations imported, 0 attempts to reach out`);
});
