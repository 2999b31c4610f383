import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workflowIds as idOfKind } from '../../functions/shared/runs/run.ts';
import { bundleOperations } from '../../infra/bundle.ts';
import { isEvent, isRouted, isScheduled, isWorkflow, loadFunctions } from '../../infra/operations.ts';
import { httpEvent, invoke, lambdaContext, type TestRequest } from '../support/invoke.ts';
import { simulated } from '../support/providers.ts';

const functions = await loadFunctions();
const operations = functions.filter(isRouted);
const schedules = functions.filter(isScheduled);
const workflows = functions.filter(isWorkflow);
const eventFunctions = functions.filter(isEvent);
const writes = operations.filter(({ operation }) => operation.effect !== 'read');
const root = fileURLToPath(new URL('../..', import.meta.url));
const all = ['wecom', 'dingtalk', 'wibiclick'];
/** Folders whose functions reach across providers; those of every other folder call its own provider, or none. */
const acrossProviders = ['offboarding', 'onboarding', 'jobs', 'cleanup'];
const providers = [simulated('wecom'), simulated('dingtalk'), simulated('wibiclick')];
const sentToProviders = async () => (await Promise.all(providers.map((provider) => provider.requests()))).flat();

const unknownRun = '0b8e7c52-6a0f-4c55-9c0b-0a3f7c1f2b1d';
const pathValues: Record<string, string> = { id: unknownRun, provider: 'wecom' };
/** Some value for each path parameter: what is tested here is refused before the values matter. */
const pathOf = (route: string): Record<string, string> =>
  Object.fromEntries([...route.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, pathValues[name] ?? '101']));

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
    const own = all.filter((provider) => id === 'system/doctor' || provider === folder);
    if (!acrossProviders.includes(folder)) expect(operation.providers).toEqual(own);
    expect(all).toEqual(expect.arrayContaining(operation.providers));
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
    ['body', { path, body: `{"name":"${'x'.repeat((operation.maxBodyMiB ?? 1) * 1024 * 1024)}"}` }],
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

  test('refuses a base64 body that is not UTF-8', async () => {
    const event = httpEvent(operation.route, {
      path,
      body: Buffer.from('{"name":"\xFF"}', 'latin1').toString('base64'),
    });

    const answer = await handler({ ...event, isBase64Encoded: true }, lambdaContext());

    expect(JSON.parse(answer.body ?? '')).toMatchObject({
      errors: [{ path: 'body', message: expect.stringMatching(/^is not UTF-8/) }],
    });
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

/** What else a write must be given, so that nothing but its key is wrong. */
const digest = '0'.repeat(64);
const bodies: Record<string, object> = {
  'wecom/create-user': { userid: 'qianyi', name: '钱一', email: 'qianyi@example.com', department: [2] },
  'wecom/update-user': { position: 'Tester' },
  'dingtalk/create-user': { userid: 'qianyi', name: '钱一', mobile: '13900005555', dept_id_list: [2] },
  'dingtalk/update-user': { title: 'Tester' },
  'dingtalk/terminate-user': {
    lastWorkDate: 1_790_000_000_000,
    dismissionMemo: 'left',
    terminationReasonVoluntary: ['1'],
  },
  'offboarding/plan-offboarding': { accounts: { wecom: { userid: 'lisi' } } },
  'offboarding/apply-offboarding': { digest },
  'offboarding/approve-offboarding': { digest },
  'cleanup/start-cleanup': { policy: 'roster' },
  'jobs/plan-job': { operation: 'wecom/delete-user', items: [{ userid: 'lisi' }] },
  'jobs/apply-job': { digest },
  'jobs/approve-job': { digest },
  'system/put-halt': { reason: 'a test' },
  'onboarding/create-onboarding': { accounts: { wibiclick: { userId: '105', websites: ['201'] } } },
};

const csvRequests: Record<string, TestRequest> = {
  'cleanup/put-roster': { body: 'userid\nlisi', headers: { 'content-type': 'text/csv', 'x-row-count': '1' } },
};

describe.each(writes)('$id', ({ id, handler, operation }) => {
  const path = pathOf(operation.route);
  const { headers, body = bodies[id] } = csvRequests[id] ?? {};

  test.each(['', 'two words', 'x'.repeat(256), 'schlüssel'])('refuses the Idempotency-Key %j', async (key) => {
    const request = { path, ...(body !== undefined && { body }), headers: { ...headers, 'idempotency-key': key } };

    const answer = await invoke(handler, request);

    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
    expect(await sentToProviders()).toEqual([]);
  });
});

const ofRuns = operations.filter(({ operation }) => operation.route.includes('/{id}'));
describe.each(ofRuns)('$id', ({ id, folder, handler }) => {
  const body = bodies[id];

  test(`knows no ${folder} by an id that was never given`, async () => {
    const answer = await invoke(handler, { path: { id: unknownRun }, ...(body && { body }) });

    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', errors: [{ path: 'id' }] } });
    expect(await sentToProviders()).toEqual([]);
  });

  test.each(['101', `${unknownRun}0`, '../halt', 'run#1'])('refuses %j, which is the id of no run', async (wrong) => {
    const answer = await invoke(handler, { path: { id: wrong }, ...(body && { body }) });

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ path: 'id' }] } });
  });
});

test('every route of one run is tried with unknown ids', () => {
  expect(ofRuns.map(({ operation }) => operation.route)).toEqual(
    operations
      .map(({ operation }) => operation.route)
      .filter((route) => /\/(offboardings|onboardings|jobs|cleanups)\/./.test(route)),
  );
});

describe('what is started', () => {
  const starts = functions.flatMap(({ id, operation }) =>
    ('starts' in operation ? (operation.starts ?? []) : []).map((started) => ({ id, started })),
  );
  const workflowIds = workflows.map(({ id }) => id);

  test.each(starts)('$id starts $started, which is a workflow', ({ started }) => {
    expect(workflowIds).toContain(started);
  });

  test.each(workflows)('$id is started by a request, and taken up again by a schedule', ({ id }) => {
    const starters = starts.filter(({ started }) => started === id).map((start) => start.id);

    expect(starters.filter((starter) => operations.some((operation) => operation.id === starter))).not.toEqual([]);
    expect(starters.filter((starter) => schedules.some((schedule) => schedule.id === starter))).not.toEqual([]);
  });

  test.each(workflows)('$id carries out the runs of its folder, and says what it does', ({ id, folder, operation }) => {
    expect(id).toBe(`${folder}/run-${operation.workflow}`);
    expect(idOfKind[operation.workflow]).toBe(id);
    expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
  });

  test('a read starts nothing', () => {
    const reads = operations.filter(({ operation }) => operation.effect === 'read').map(({ id }) => id);

    expect(starts.filter(({ id }) => reads.includes(id))).toEqual([]);
  });
});

test.each(schedules)('$id says what it does and when', ({ id, operation }) => {
  expect(id).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/);
  expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
  expect(operation.schedule).toMatch(/^(rate|cron)\(.+\)$/);
});

test.each(eventFunctions)('$id says what it does and for which events', ({ id, operation }) => {
  expect(id).toMatch(/^[a-z]+\/on-[a-z]+$/);
  expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
  expect(operation.event).toEqual({ source: 'hr', detailType: expect.stringMatching(/^[A-Z][a-z]+$/) });
});

test('no two functions get one kind of event', () => {
  const kinds = eventFunctions.map(({ operation }) => operation.event.detailType);

  expect(new Set(kinds).size).toBe(kinds.length);
});

describe('the secrets that a function may read', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'usher-contract-'));
  afterAll(() => rmSync(outdir, { recursive: true }));
  const bundled = bundleOperations(outdir);

  test.each(functions)(
    '$id: those of the providers that its code can call, and no others',
    async ({ id, operation }) => {
      const inputs = (await bundled).find((bundle) => bundle.id === id)?.inputs ?? [];

      const callable = all.filter((provider) => inputs.includes(`functions/${provider}/client/api.ts`));
      expect(operation.providers).toEqual(callable);
    },
  );
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

test('importing every function needs no environment and does no I/O', () => {
  const script = join(root, 'test/support/import-without-world.ts');

  const printed = execFileSync(process.execPath, ['--import', 'tsx', script], {
    cwd: root,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });

  expect(printed.trim()).toBe(`${functions.length} functions imported, 0 attempts to reach out`);
});
