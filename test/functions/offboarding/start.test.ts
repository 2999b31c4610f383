import { listen, type RunningServer } from '../../../sandbox/simulator.ts';
import { logLines } from '../../support/log-lines.ts';
import { offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, fence, onlyWecom, onlyWibiclick } from './support.ts';

const offboarding = offboardings();
const { lambda } = offboarding;
const by = consoles(offboarding);
logLines();

/** What becomes of starting a workflow: closed, nobody is asked; silent, it is started and the answer is lost. */
let door: 'open' | 'closed' | 'silent' = 'open';
let doorway: RunningServer;

beforeAll(async () => {
  const target = process.env.AWS_ENDPOINT_URL_LAMBDA ?? '';
  doorway = await listen(async (request, response) => {
    const isStart = request.url?.endsWith('/invocations') ?? false;
    if (door === 'closed' && isStart) return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await fetch(target + (request.url ?? ''), {
      method: request.method ?? 'GET',
      headers: Object.fromEntries(
        Object.entries(request.headers).flatMap(([name, value]) =>
          /^x-amz-|^content-type$/.test(name) ? [[name, String(value)]] : [],
        ),
      ),
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    if (door === 'silent' && isStart) return void request.socket.destroy();
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  }, 0);
  process.env.AWS_ENDPOINT_URL_LAMBDA = doorway.url;
});
afterAll(() => doorway.close());
beforeEach(() => {
  door = 'open';
});

test('a workflow that cannot be started leaves the plan as it was, to be applied again', async () => {
  const { body: planned } = await offboarding.plan(everywhere);
  door = 'closed';

  const answer = await offboarding.apply(planned.id, planned.digest);

  expect(answer).toMatchObject({ status: 503, body: { code: 'store_unavailable', outcome: 'not_applied' } });
  expect(answer.headers['retry-after']).toBeDefined();
  const { startedAt, ...shown } = await offboarding.get(planned.id);
  expect(shown).toMatchObject({ status: 'planned', digest: planned.digest });
  expect(startedAt).toBeUndefined();
  expect(await by.sent()).toEqual([]);

  door = 'open';
  await offboarding.watchRuns();
  lambda.advance(10 * 60_000);
  await offboarding.watchRuns();
  await lambda.settled();
  expect(await by.sent()).toEqual([]);

  expect((await offboarding.apply(planned.id, planned.digest)).status).toBe(202);
  await lambda.settled();
  expect((await offboarding.get(planned.id)).status).toBe('grace');
});

test('an approval that was not used up does not pass to the plan that comes after', async () => {
  fence(1);
  const { body: planned } = await offboarding.plan({ ...onlyWecom, graceDays: 1 });
  await offboarding.approve(planned.id, planned.digest);
  door = 'closed';
  expect((await offboarding.apply(planned.id, planned.digest)).status).toBe(503);
  door = 'open';

  fence(2);
  const { body: fresh } = await offboarding.apply(planned.id, planned.digest);
  expect(fresh.code).toBe('plan_drifted');
  expect((await offboarding.apply(planned.id, fresh.digest)).status).toBe(202);
  await lambda.settled();
  fence(0);
  lambda.advance(86_400_000 + 60_000);
  await lambda.settled();

  expect(stepOf(await offboarding.get(planned.id), 'wecom', 'remove').reason).toMatch(/^fence_tripped/);
  expect(await by.memberOf('lisi')).toBeDefined();
});

test('whoever cancels while the workflow is being started is not overruled when it cannot be', async () => {
  const { body: planned } = await offboarding.plan(onlyWecom);
  door = 'closed';
  const applying = offboarding.apply(planned.id, planned.digest);
  let cancelled = await offboarding.cancel('0b8e7c52-6a0f-4c55-9c0b-0a3f7c1f2b1d');
  while (cancelled.body.status !== 'cancelling') {
    if ((await offboarding.get(planned.id)).status === 'disabling') cancelled = await offboarding.cancel(planned.id);
  }

  expect((await applying).status).toBe(503);
  door = 'open';
  lambda.advance(10 * 60_000);
  await offboarding.watchRuns();
  await lambda.settled();

  expect((await offboarding.get(planned.id)).status).toBe('cancelled');
  expect(await by.sent()).toEqual([]);
});

test('what a step had taken is given back, also when it was to be tried again and was not', async () => {
  await offboarding.wibiclick.faults({ path: '/disconnect-user-from-website', then: { status: 403 } });
  const id = await offboarding.start(onlyWibiclick);
  expect(await by.websitesOf('101')).toHaveLength(1);
  door = 'closed';
  expect((await offboarding.retry(id)).status).toBe(503);
  expect((await offboarding.cancel(id)).status).toBe(202);
  door = 'open';

  lambda.advance(10 * 60_000);
  await offboarding.watchRuns();
  await lambda.settled();

  expect((await offboarding.get(id)).status).toBe('cancelled');
  expect((await by.websitesOf('101')).sort()).toEqual(['201', '202']);
});

test('a workflow whose start is not known is the only one that works on the run', async () => {
  const { body: planned } = await offboarding.plan(onlyWecom);
  door = 'silent';

  const answer = await offboarding.apply(planned.id, planned.digest);
  door = 'open';
  await lambda.settled();

  const run = await offboarding.get(planned.id);
  expect({ status: answer.status, sent: (await by.sent()).length, run: run.status }).toEqual(
    answer.status === 202 ? { status: 202, sent: 1, run: 'grace' } : { status: 503, sent: 0, run: 'planned' },
  );
});
