import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { throughTrouble } from '../../support/mortal.ts';
import { offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, halt, inMs, onlyWecom, putItem, removeItem, setEnv } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, lambda } = offboarding;
const by = consoles(offboarding);
logLines();

const nobody = '0b8e7c52-6a0f-4c55-9c0b-0a3f7c1f2b1d';

test('starts the run, and every account that can be disabled is disabled within a minute', async () => {
  const { body: planned } = await offboarding.plan(everywhere);

  const answer = await offboarding.apply(planned.id, planned.digest);

  expect(answer).toMatchObject({ status: 202, body: { id: planned.id, status: 'disabling', digest: planned.digest } });
  await lambda.settled();
  const run = await offboarding.get(planned.id);
  expect(run.status).toBe('grace');
  for (const provider of ['wecom', 'dingtalk', 'wibiclick']) {
    const disable = stepOf(run, provider, 'disable');
    expect(disable.status).toBe('succeeded');
    expect(Date.parse(disable.endedAt) - Date.parse(run.startedAt)).toBeLessThan(60_000);
  }
  expect((await by.memberOf('lisi')).enable).toBe(0);
  expect((await by.userOf('sunqi')).disabled).toBe(true);
  expect(await by.websitesOf('101')).toEqual([]);
});

test('an account that a provider does not let us disable keeps the others no minute', async () => {
  await wecom.faults({ path: '/cgi-bin/user/update', times: 100, then: { status: 503 } });

  const run = await offboarding.get(await offboarding.start(everywhere));

  expect(stepOf(run, 'wecom', 'disable')).toMatchObject({ status: 'pending', dueAt: expect.any(String) });
  for (const provider of ['dingtalk', 'wibiclick']) {
    const { status, endedAt } = stepOf(run, provider, 'disable');
    expect(status).toBe('succeeded');
    expect(Date.parse(endedAt) - Date.parse(run.startedAt)).toBeLessThan(60_000);
  }
});

test.each([
  { what: 'WeCom', body: onlyWecom, env: { USHER_WECOM_PROTECTED: 'founder LiSi' } },
  {
    what: 'DingTalk',
    body: { accounts: { dingtalk: { userid: 'sunqi' } } },
    env: { USHER_DINGTALK_PROTECTED: 'sunqi' },
  },
  {
    what: 'WibiClick',
    body: { accounts: { wibiclick: { userId: '101' } } },
    env: { USHER_WIBICLICK_PROTECTED: '101' },
  },
  { what: "DingTalk's founder", body: { accounts: { dingtalk: { userid: 'founder' } } }, env: {} },
  { what: 'a sub-administrator of DingTalk', body: { accounts: { dingtalk: { userid: 'zhaoliu' } } }, env: {} },
  {
    what: 'one protected among others',
    body: { accounts: { ...everywhere.accounts, dingtalk: { userid: 'founder' } } },
    env: {},
  },
])('a protected account is planned with a warning and never applied: $what', async ({ body, env }) => {
  setEnv(env);
  const { status, body: planned } = await offboarding.plan(body);
  expect(status).toBe(201);
  expect(planned.plan.warnings).toContainEqual(expect.stringMatching(/^protected: /));

  const answer = await offboarding.apply(planned.id, planned.digest);

  expect(answer).toMatchObject({ status: 409, body: { code: 'protected', outcome: 'not_applied' } });
  expect((await offboarding.get(planned.id)).status).toBe('held');
  expect(await by.sent()).toEqual([]);
});

test('the operator of the DingTalk secret is protected', async () => {
  await dingtalk.secret({ operatorUserid: 'sunqi' });
  const { body: planned } = await offboarding.plan({ accounts: { dingtalk: { userid: 'sunqi' } } });

  expect((await offboarding.apply(planned.id, planned.digest)).body.code).toBe('protected');
});

test('an account that was protected after the plan is not applied', async () => {
  const { body: planned } = await offboarding.plan(onlyWecom);
  setEnv({ USHER_WECOM_PROTECTED: 'lisi' });

  expect((await offboarding.apply(planned.id, planned.digest)).body.code).toBe('protected');
  expect(await by.sent()).toEqual([]);
});

test('nothing is applied while Usher is halted, and the plan stays', async () => {
  const { body: planned } = await offboarding.plan(everywhere);
  await halt();

  const answer = await offboarding.apply(planned.id, planned.digest);

  expect(answer).toMatchObject({ status: 409, body: { code: 'halted' } });
  expect(answer.body.detail).toContain('a drill');
  expect((await offboarding.get(planned.id)).status).toBe('planned');
  expect(await by.sent()).toEqual([]);

  await removeItem({ pk: 'halt', sk: 'halt' });
  expect((await offboarding.apply(planned.id, planned.digest)).status).toBe(202);
  await lambda.settled();
});

test('a halt holds a run that was applied before, until it is lifted', async () => {
  const id = await offboarding.start({ ...everywhere, effectiveAt: inMs(3_600_000) });
  await halt();
  lambda.advance(3_700_000);
  await lambda.settled();

  const halted = await offboarding.get(id);
  expect(halted.status).toBe('disabling');
  expect(stepOf(halted, 'wecom', 'disable').reason).toMatch(/^halted: /);
  expect(await by.sent()).toEqual([]);

  await removeItem({ pk: 'halt', sk: 'halt' });
  lambda.advance(60_000);
  await lambda.settled();
  expect((await offboarding.get(id)).status).toBe('grace');
});

test('a run is applied once', async () => {
  const id = await offboarding.start(onlyWecom);
  const { digest } = await offboarding.get(id);

  expect(await offboarding.apply(id, digest)).toMatchObject({
    status: 409,
    body: { code: 'conflict', runStatus: 'grace' },
  });
  expect(await by.sent()).toHaveLength(1);
});

test('of two applies at once exactly one wins, and the other is told what the run is now', async () => {
  const { body: planned } = await offboarding.plan(everywhere);

  const answers = await Promise.all([
    offboarding.apply(planned.id, planned.digest),
    offboarding.apply(planned.id, planned.digest),
  ]);
  await lambda.settled();

  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
  const lost: Json = answers.find(({ status }) => status === 409)?.body;
  expect(lost.code).toBe('conflict');
  expect(['planned', 'held']).not.toContain(lost.runStatus);
  const updates = (await by.sent()).filter(({ path }) => path === '/cgi-bin/user/update');
  expect(updates).toHaveLength(1);
});

test.each([
  ['unknown', nobody, 'f'.repeat(64), 404, 'id'],
  ['no id', 'lisi', 'f'.repeat(64), 400, 'id'],
  ['no digest', nobody, 'yes', 400, 'digest'],
])('refuses a run that is %s', async (_, id, digest, status, path) => {
  const answer = await offboarding.apply(id, digest);

  expect(answer).toMatchObject({ status, body: { errors: [{ path, message: expect.any(String) }] } });
});

test('the id of another kind of run is unknown', async () => {
  await putItem({ pk: `run#${nobody}`, sk: 'run', id: nobody, kind: 'onboarding', status: 'planned' });

  expect((await offboarding.apply(nobody, 'f'.repeat(64))).status).toBe(404);
});

test('an outage of the customer API keeps nobody in: the snapshot goes on beside the disabling', async () => {
  const outage = { method: 'GET', path: '/cgi-bin/externalcontact/list', times: 8, then: { status: 503 } };
  await wecom.faults(outage);
  const handover = { wecom: { takeoverUserid: 'wangwu' } };
  const id = await offboarding.start({ accounts: { wecom: { userid: 'lisi' } }, handover, graceDays: 1 });
  const run = await offboarding.get(id);

  expect(stepOf(run, 'wecom', 'snapshot').status).toBe('pending');
  expect(stepOf(run, 'wecom', 'disable')).toMatchObject({ status: 'succeeded', result: { outcome: 'disabled' } });
  const ended = await throughTrouble(offboarding, id);
  expect(ended.status).toBe('completed');
  expect(ended.handover.moved.customers.length).toBeGreaterThan(0);
});
