import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, onlyDingtalk, onlyWibiclick } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const by = consoles(offboarding);
logLines();

const denied = { errcode: 60011 };
const deniedOnce = { times: 1, then: denied };
const countOf = async (path: string): Promise<number> =>
  (await by.sent()).filter((request) => request.path === path).length;

test('a step that failed is retried in the grace, and its own grace begins then', async () => {
  await wecom.faults({ path: '/cgi-bin/user/update', ...deniedOnce });
  const id = await offboarding.start({ ...everywhere, graceDays: 2 });
  const failed = stepOf(await offboarding.get(id), 'wecom', 'disable');
  expect(failed).toMatchObject({ status: 'needs_attention', reason: expect.stringMatching(/^provider_permission: /) });
  lambda.advance(dayMs);
  await lambda.settled();

  expect((await offboarding.retry(id)).status).toBe(202);
  await lambda.settled();

  const run = await offboarding.get(id);
  expect(stepOf(run, 'wecom', 'disable')).toMatchObject({ status: 'succeeded', result: { outcome: 'disabled' } });
  const dueOf = (provider: string) => Date.parse(stepOf(run, provider, 'remove').dueAt);
  expect(dueOf('wecom') - dueOf('dingtalk')).toBeGreaterThanOrEqual(dayMs);
  expect(await countOf('/v1.0/contact/orgAccounts/disable')).toBe(1);

  expect((await offboarding.toEnd(id)).status).toBe('completed');
  expect(await countOf('/v1.0/contact/orgAccounts/disable')).toBe(1);
  expect(await countOf('/cgi-bin/user/delete')).toBe(1);
});

test.each([
  {
    provider: 'wecom',
    path: '/cgi-bin/user/delete',
    fail: () => wecom.faults({ method: 'GET', path: '/cgi-bin/user/delete', ...deniedOnce }),
  },
  {
    provider: 'dingtalk',
    path: '/topapi/v2/user/delete',
    fail: () => dingtalk.faults({ path: '/topapi/v2/user/delete', ...deniedOnce }),
  },
])('a removal from $provider that failed is retried after the end, and nothing else is done again', async (row) => {
  const id = await offboarding.start({ ...everywhere, graceDays: 1 });
  await row.fail();
  const ended = await offboarding.toEnd(id);
  expect(ended.status).toBe('needs_attention');
  expect(stepOf(ended, row.provider, 'remove').status).toBe('needs_attention');
  expect(stepOf(ended, row.provider, 'verify').status).toBe('pending');
  const before = await by.sent();

  expect(await offboarding.retry(id)).toMatchObject({ status: 202, body: { status: 'removing' } });
  const run = await offboarding.toEnd(id);

  expect(run.status).toBe('completed');
  expect(stepOf(run, row.provider, 'verify').status).toBe('succeeded');
  const again = (await by.sent()).filter(
    (write) => !before.some(({ at, path }) => at === write.at && path === write.path),
  );
  expect(again.filter(({ path }) => !path.includes('transfer')).map(({ path }) => path)).toEqual([row.path]);
});

test('of several websites only those are disconnected by a retry that were not before', async () => {
  await wibiclick.faults({ path: '/disconnect-user-from-website', times: 1, then: { status: 403 } });
  const id = await offboarding.start(onlyWibiclick);
  expect((await offboarding.get(id)).status).toBe('needs_attention');

  await offboarding.retry(id);
  await lambda.settled();

  expect((await offboarding.get(id)).status).toBe('grace');
  const sent = (await by.sent()).map(({ body }) => String(body.websiteId));
  expect(sent).toEqual(['201', '202', '201']);
  expect(await by.websitesOf('101')).toEqual([]);
});

test('a retry checks the identity against the same plan', async () => {
  await dingtalk.faults({ path: '/v1.0/contact/orgAccounts/disable', ...deniedOnce });
  const id = await offboarding.start(onlyDingtalk);
  await by.recreateUser('sunqi');
  const { length } = await by.sent();

  await offboarding.retry(id);
  await lambda.settled();

  expect(stepOf(await offboarding.get(id), 'dingtalk', 'disable')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(/the unionid/),
  });
  expect(await by.sent()).toHaveLength(length);
});

test('a step that needs attention again can be retried again', async () => {
  await dingtalk.faults({ path: '/v1.0/contact/orgAccounts/disable', times: 2, then: denied });
  const id = await offboarding.start(onlyDingtalk);
  await offboarding.retry(id);
  await lambda.settled();
  expect((await offboarding.get(id)).status).toBe('needs_attention');

  await offboarding.retry(id);
  await lambda.settled();

  expect((await offboarding.get(id)).status).toBe('grace');
});

test('there is nothing to retry where no step needs attention', async () => {
  const { body: planned } = await offboarding.plan(everywhere);
  const refused = { status: 409, body: { code: 'conflict', runStatus: 'planned' } };
  expect(await offboarding.retry(planned.id)).toMatchObject(refused);

  await offboarding.apply(planned.id, planned.digest);
  await lambda.settled();
  expect(await offboarding.retry(planned.id)).toMatchObject({ status: 409, body: { runStatus: 'grace' } });
});

test('of two retries at once one goes on with the run', async () => {
  await dingtalk.faults({ path: '/v1.0/contact/orgAccounts/disable', ...deniedOnce });
  const id = await offboarding.start(onlyDingtalk);

  const answers = await Promise.all([offboarding.retry(id), offboarding.retry(id)]);
  await lambda.settled();

  expect(answers.map(({ status }: Json) => status).sort()).toEqual([202, 409]);
  expect((await offboarding.get(id)).status).toBe('grace');
  expect(await countOf('/v1.0/contact/orgAccounts/disable')).toBe(2);
});

test('a run that was cancelled is over, whatever had failed in it', async () => {
  await wibiclick.faults({ path: '/disconnect-user-from-website', times: 2, then: { status: 403 } });
  const id = await offboarding.start(onlyWibiclick);
  await offboarding.cancel(id);
  const before = await offboarding.toEnd(id);
  expect(before.status).toBe('cancelled');

  expect(await offboarding.retry(id)).toMatchObject({
    status: 409,
    body: { code: 'conflict', runStatus: 'cancelled' },
  });
  expect(await offboarding.get(id)).toEqual(before);
});
