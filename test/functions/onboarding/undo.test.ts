import { store } from '../../../functions/shared/store.ts';
import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { handler as deleteMember } from '../../../functions/wecom/delete-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, minuteMs, onboardings, stepOf } from '../../support/runs.ts';

/** What becomes of the undoing itself. */

const onboarding = onboardings();
const { wecom, dingtalk, wibiclick, lambda } = onboarding;
logLines();

const hourMs = 3_600_000;
const accounts = {
  wecom: { userid: 'QianYi', name: '钱一', mobile: '13900001111', department: [2] },
  dingtalk: { userid: 'qianyi', name: '钱一', mobile: '13900001111', dept_id_list: [2] },
};
const websites = { userId: '105', websites: ['201', '203'] };
const deleteMemberPath = '/cgi-bin/user/delete';
const deleteUserPath = '/topapi/v2/user/delete';

const dingtalkRefuses = () => dingtalk.faults({ path: '/topapi/v2/user/create', then: { errcode: 60104 } });
const wibiclickRefuses = () => wibiclick.faults({ path: '/connect-user-to-website', then: { status: 403 } });
const memberOf = async (simulator: typeof wecom, userid: string): Promise<Json> =>
  (await simulator.state()).members.find((member: Json) => member.userid === userid);
const linksOf = async (userId: string): Promise<string[]> =>
  (await wibiclick.state()).links.flatMap((link: Json) => (link.userId === userId ? [link.websiteId] : []));
const start = (given: object) => onboarding.start({ accounts: given, onFailure: 'undo' });
const fence = (perDay: number) => {
  process.env.USHER_FENCE = JSON.stringify({ perDay });
};
const ledgerOf = async (subject: string): Promise<Json[]> =>
  (await invoke(readLedger, { query: `subject=${subject}` })).body.items;

afterEach(() => {
  for (const name of ['USHER_FENCE', 'USHER_WECOM_PROTECTED', 'USHER_DINGTALK_PROTECTED', 'USHER_WIBICLICK_PROTECTED'])
    delete process.env[name];
});

test('the ledger tells who made and removed the account, by which run and step', async () => {
  await dingtalkRefuses();

  const created = await onboarding.create({ accounts, onFailure: 'undo' }, { caller: 'arn:aws:iam::1:user/hr' });
  await onboarding.toEnd(created.body.id);

  const entries = await ledgerOf('wecom:qianyi');
  expect(entries.map(({ operation, state }) => [operation, state])).toEqual([
    ['onboarding wecom.undo', 'succeeded'],
    ['onboarding wecom.create', 'succeeded'],
  ]);
  for (const { runId, caller } of entries) {
    expect({ runId, caller }).toEqual({ runId: created.body.id, caller: 'arn:aws:iam::1:user/hr' });
  }
});

test('one that is refused is for a person, and keeps none of the others', async () => {
  await wibiclickRefuses();
  await wecom.faults({ method: 'GET', path: deleteMemberPath, times: 9, then: { errcode: 60011 } });

  const run = await onboarding.toEnd(await start({ ...accounts, wibiclick: websites }));

  expect(run.status).toBe('needs_attention');
  expect(stepOf(run, 'wecom', 'undo')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(/^provider_permission/),
  });
  expect(stepOf(run, 'dingtalk', 'undo')).toMatchObject({ status: 'succeeded' });
  expect(await wecom.requests(deleteMemberPath)).toHaveLength(1);
  expect(await memberOf(wecom, 'QianYi')).toBeDefined();
  expect(await memberOf(dingtalk, 'qianyi')).toBeUndefined();
});

test.each([
  ['throttled', { errcode: 45033 }],
  ['busy', { errcode: -1 }],
  ['not reached', { drop: 'before' as const }],
])('one that is %s is tried again later, and once done is not repeated', async (_, then) => {
  await dingtalkRefuses();
  await wecom.faults({ method: 'GET', path: deleteMemberPath, times: 6, then });

  const id = await start(accounts);
  expect(await onboarding.get(id)).toMatchObject({ status: 'cancelling' });
  expect(stepOf(await onboarding.get(id), 'wecom', 'undo')).toMatchObject({ status: 'pending' });
  const run = await onboarding.toEnd(id);

  expect(run.status).toBe('cancelled');
  expect(stepOf(run, 'wecom', 'undo')).toMatchObject({ status: 'succeeded', result: { outcome: 'deleted' } });
  expect((await wecom.state()).history.filter(({ userid }: Json) => userid === 'QianYi')).toHaveLength(1);
});

test('one whose answer is lost is found by reading, and not sent again', async () => {
  await dingtalkRefuses();
  await wecom.faults({ method: 'GET', path: deleteMemberPath, then: { drop: 'after' } });

  const run = await onboarding.toEnd(await start(accounts));

  expect(run.status).toBe('cancelled');
  expect(stepOf(run, 'wecom', 'undo')).toMatchObject({ status: 'succeeded', result: { outcome: 'deleted' } });
  expect(await wecom.requests(deleteMemberPath)).toHaveLength(1);
});

test('one whose effect is unknown waits until it was read, and is not sent again', async () => {
  await wibiclickRefuses();
  await dingtalk.hold(deleteUserPath, { then: { drop: 'after' } });
  const created = await onboarding.create({
    accounts: { dingtalk: accounts.dingtalk, wibiclick: websites },
    onFailure: 'undo',
  });
  await dingtalk.came(deleteUserPath);
  await dingtalk.faults({ path: '/topapi/v2/user/get', times: 4, then: { status: 500 } });
  await dingtalk.release();
  await lambda.settled();
  const { id } = created.body;
  expect(stepOf(await onboarding.get(id), 'dingtalk', 'undo').reason).toMatch(/^(provider_timeout|locked)/);

  lambda.advance(3 * minuteMs);
  expect(await onboarding.settleIntents()).toMatchObject({ succeeded: 1 });
  const run = await onboarding.toEnd(id);

  expect(run.status).toBe('cancelled');
  expect(stepOf(run, 'dingtalk', 'undo')).toMatchObject({ status: 'succeeded', result: { outcome: 'deleted' } });
  expect(await dingtalk.requests(deleteUserPath)).toHaveLength(1);
});

test('while everything is halted nothing is made; when the halt comes in between, nothing is taken back until it is lifted', async () => {
  const halt = { pk: 'halt', sk: 'halt' };
  await dingtalk.faults({ path: '/topapi/v2/user/create', times: 4, then: { errcode: 90018 } });
  const id = await start(accounts);
  expect(await memberOf(wecom, 'QianYi')).toBeDefined();
  await store.put({ ...halt, by: 'someone', reason: 'a test' });
  await dingtalkRefuses();

  lambda.advance(10 * minuteMs);
  await lambda.settled();
  expect(stepOf(await onboarding.get(id), 'dingtalk', 'create').reason).toMatch(/^halted/);
  expect(await memberOf(dingtalk, 'qianyi')).toBeUndefined();

  await store.delete(halt);
  const run = await onboarding.toEnd(id);
  expect(run.status).toBe('cancelled');
  expect(await memberOf(wecom, 'QianYi')).toBeUndefined();
});

describe('the fence', () => {
  test('counts an undo as any removal', async () => {
    fence(2);
    await dingtalkRefuses();
    await onboarding.toEnd(await start(accounts));

    expect(await invoke(deleteMember, { path: { userid: 'lisi' } })).toMatchObject({ status: 200 });
    expect(await invoke(deleteMember, { path: { userid: 'wangwu' } })).toMatchObject({
      status: 409,
      body: { code: 'fence_tripped' },
    });
  });

  test('holds an undo back until there is room, and lets no create wait', async () => {
    fence(1);
    await invoke(deleteMember, { path: { userid: 'lisi' } });
    await dingtalkRefuses();

    const id = await start(accounts);
    expect(stepOf(await onboarding.get(id), 'wecom', 'undo')).toMatchObject({
      status: 'pending',
      reason: expect.stringMatching(/^fence_tripped/),
    });
    lambda.advance(20 * hourMs);
    await lambda.settled();
    expect(await memberOf(wecom, 'QianYi')).toBeDefined();
    const run = await onboarding.toEnd(id);

    expect(run.status).toBe('cancelled');
    expect(await memberOf(wecom, 'QianYi')).toBeUndefined();
  });

  test('counts each website that is disconnected again', async () => {
    fence(1);
    await wecom.faults({ path: '/cgi-bin/user/create', then: { errcode: 60104 } });

    const id = await start({ wecom: accounts.wecom, wibiclick: websites });
    expect(await linksOf('105')).toEqual(['203']);
    lambda.advance(26 * hourMs);
    const run = await onboarding.toEnd(id);

    expect(run.status).toBe('cancelled');
    expect(await linksOf('105')).toEqual([]);
  });
});

describe('a protected account is made, and is not taken back', () => {
  test.each([
    ['wecom', 'USHER_WECOM_PROTECTED', 'QIANYI'],
    ['dingtalk', 'USHER_DINGTALK_PROTECTED', 'qianyi'],
    ['wibiclick', 'USHER_WIBICLICK_PROTECTED', '105'],
  ])('%s', async (provider, setting, ids) => {
    process.env[setting] = `founder ${ids}`;
    const refusing = provider === 'dingtalk' ? 'wecom' : 'dingtalk';
    if (refusing === 'dingtalk') await dingtalkRefuses();
    else await wecom.faults({ path: '/cgi-bin/user/create', then: { errcode: 60104 } });

    const run = await onboarding.toEnd(await start({ ...accounts, wibiclick: websites }));

    expect(stepOf(run, provider, 'undo')).toMatchObject({
      status: 'needs_attention',
      reason: expect.stringMatching(/^protected/),
    });
    expect(run.status).toBe('needs_attention');
    const stays = {
      wecom: () => memberOf(wecom, 'QianYi'),
      dingtalk: () => memberOf(dingtalk, 'qianyi'),
      wibiclick: async () => (await linksOf('105')).length > 0 || undefined,
    };
    expect(await stays[provider as keyof typeof stays]()).toBeDefined();
  });
});

test('one that is kept up for a day is for a person then', async () => {
  await dingtalkRefuses();
  await wecom.faults({ method: 'GET', path: deleteMemberPath, times: 1_000, then: { errcode: 45033 } });

  const id = await start(accounts);
  const began = Date.parse(stepOf(await onboarding.get(id), 'wecom', 'undo').startedAt);
  const run = await onboarding.toEnd(id);

  const { status, reason, endedAt } = stepOf(run, 'wecom', 'undo');
  expect({ status, run: run.status }).toEqual({ status: 'needs_attention', run: 'needs_attention' });
  expect(reason).toMatch(/^provider_rate_limited/);
  expect(Date.parse(endedAt) - began).toBeGreaterThan(dayMs);
  expect(Date.parse(endedAt) - began).toBeLessThan(dayMs + 3 * hourMs);
});
