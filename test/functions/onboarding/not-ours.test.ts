import { dingtalk as dingtalkClient } from '../../../functions/dingtalk/client/index.ts';
import { Deadline } from '../../../functions/shared/clock.ts';
import { wecom as wecomClient } from '../../../functions/wecom/client/index.ts';
import { wibiclick as wibiclickClient } from '../../../functions/wibiclick/client/index.ts';
import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { minuteMs, onboardings, stepOf } from '../../support/runs.ts';
import { until } from '../../support/until.ts';

/** Undo removes what this run provably created, and nothing else, whatever it looks like. */

const onboarding = onboardings();
const { wecom, dingtalk, wibiclick } = onboarding;
logLines();

const member = { userid: 'qianyi', name: '钱一', mobile: '13900001111', department: [2] };
const user = { userid: 'qianyi', name: '钱一', mobile: '13900001111', dept_id_list: [2] };
const wecomCreate = '/cgi-bin/user/create';
const dingtalkCreate = '/topapi/v2/user/create';
const deletions = /\/user\/delete|disconnect/;
const notOurs = { status: 'skipped', reason: expect.stringContaining('did not provably make it') };
const changedSince = { status: 'needs_attention', reason: expect.stringContaining('changed since') };

/** Somebody else, in the console or with another tool. */
const others = {
  wecom: () => wecomClient(new Deadline(25_000)),
  dingtalk: () => dingtalkClient(new Deadline(25_000)),
  wibiclick: () => wibiclickClient(new Deadline(25_000)),
};
const memberOf = async (simulator: typeof wecom, userid = 'qianyi'): Promise<Json> =>
  (await simulator.state()).members.find((candidate: Json) => candidate.userid === userid);
const removals = async () => (await onboarding.writes()).filter(({ path }) => deletions.test(path));
const wibiclickRefuses = () => wibiclick.faults({ path: '/connect-user-to-website', then: { status: 403 } });
/** What makes the others be taken back. */
const failing = { wibiclick: { userId: '105', websites: ['201'] } };

const undo = async (accounts: object): Promise<Json> =>
  onboarding.toEnd(await onboarding.start({ accounts, onFailure: 'undo' }));

describe.each([
  { provider: 'wecom', accounts: { wecom: member }, simulator: wecom, path: wecomCreate, conflict: 60102 },
  { provider: 'dingtalk', accounts: { dingtalk: user }, simulator: dingtalk, path: dingtalkCreate, conflict: 60102 },
])('$provider', ({ provider, accounts, simulator, path }) => {
  const madeByOthers = (changes: object = {}) =>
    provider === 'wecom'
      ? others.wecom().createUser({ ...member, to_invite: false, ...changes })
      : others.dingtalk().createUser({ ...user, ...changes });
  const changedByOthers = (changes: object) =>
    provider === 'wecom'
      ? others.wecom().updateUser({ userid: 'qianyi', ...changes })
      : others.dingtalk().updateUser({ userid: 'qianyi', ...changes });

  test.each([
    ['with other fields', { name: '钱二', mobile: '13900002222' }],
    ['with exactly the same fields', {}],
  ])('an account that existed before, %s, stays', async (_, fields) => {
    await madeByOthers(fields);

    const run = await undo(accounts);

    expect(stepOf(run, provider, 'create')).toMatchObject({
      status: 'needs_attention',
      reason: expect.stringMatching(/^conflict/),
    });
    expect(stepOf(run, provider, 'undo')).toMatchObject(notOurs);
    expect(await memberOf(simulator)).toBeDefined();
    expect(await removals()).toEqual([]);
  });

  test('one that existed before stays, when "busy" makes its conflict look like our own doing', async () => {
    await madeByOthers();
    await wibiclickRefuses();
    await simulator.faults({ path, then: { errcode: -1 } });

    const run = await undo({ ...accounts, ...failing });

    expect(stepOf(run, provider, 'create')).toMatchObject({ status: 'succeeded' });
    expect(stepOf(run, provider, 'undo')).toMatchObject(notOurs);
    expect(await memberOf(simulator)).toBeDefined();
  });

  test('one whose answer was lost and that was found by reading stays', async () => {
    await wibiclickRefuses();
    await simulator.faults({ path, then: { drop: 'after' } });

    const run = await undo({ ...accounts, ...failing });

    expect(stepOf(run, provider, 'create')).toMatchObject({
      status: 'succeeded',
      result: { outcome: 'created', warnings: ['upstream_error_but_verified'] },
    });
    expect(stepOf(run, provider, 'undo')).toMatchObject(notOurs);
    expect(await memberOf(simulator)).toBeDefined();
  });

  test('one that somebody else made between our attempt and the read stays', async () => {
    const getPath = provider === 'wecom' ? '/cgi-bin/user/get' : '/topapi/v2/user/get';
    const method = provider === 'wecom' ? 'GET' : 'POST';
    await wibiclickRefuses();
    await simulator.faults({ path, then: { drop: 'before' } });
    await simulator.hold(getPath, { method });

    const created = await onboarding.create({ accounts: { ...accounts, ...failing }, onFailure: 'undo' });
    await simulator.came(getPath);
    await madeByOthers();
    await simulator.release();
    const run = await onboarding.toEnd(created.body.id);

    expect(stepOf(run, provider, 'create')).toMatchObject({ status: 'succeeded' });
    expect(stepOf(run, provider, 'undo')).toMatchObject(notOurs);
    expect(await memberOf(simulator)).toBeDefined();
  });

  test('one whose making was unknown until it was read later stays', async () => {
    const getPath = provider === 'wecom' ? '/cgi-bin/user/get' : '/topapi/v2/user/get';
    const method = provider === 'wecom' ? 'GET' : 'POST';
    await wibiclickRefuses();
    await simulator.faults(
      { path, then: { drop: 'after' } },
      { method, path: getPath, times: 4, then: { status: 500 } },
    );

    const id = await onboarding.start({ accounts: { ...accounts, ...failing }, onFailure: 'undo' });
    expect(stepOf(await onboarding.get(id), provider, 'create')).toMatchObject({
      status: 'pending',
      reason: expect.stringMatching(/^provider_timeout/),
    });
    onboarding.lambda.advance(3 * minuteMs);
    await onboarding.settleIntents();
    const run = await onboarding.toEnd(id);

    expect(stepOf(run, provider, 'undo')).toMatchObject(notOurs);
    expect(await memberOf(simulator)).toBeDefined();
    expect((await simulator.requests(path)).length).toBe(1);
  });

  test.each([
    ['the name', { name: '钱二' }],
    ['a field that this run had not sent', provider === 'wecom' ? { position: '经理' } : { title: '经理' }],
    ['the departments', provider === 'wecom' ? { department: [3] } : { dept_id_list: [3] }],
  ])('one of ours stays that somebody changed since by %s', async (_, changes) => {
    await wibiclick.hold('/connect-user-to-website', { then: { status: 403 } });

    const created = await onboarding.create({ accounts: { ...accounts, ...failing }, onFailure: 'undo' });
    await until(async () => stepOf(await onboarding.get(created.body.id), provider, 'create').status === 'succeeded');
    await changedByOthers(changes);
    await wibiclick.release();
    const run = await onboarding.toEnd(created.body.id);

    expect(stepOf(run, provider, 'undo')).toMatchObject(changedSince);
    expect(run.status).toBe('needs_attention');
    expect(await memberOf(simulator)).toBeDefined();
    expect(await removals()).toEqual([]);
  });

  test('one of ours that somebody removed meanwhile needs nobody', async () => {
    await wibiclick.hold('/connect-user-to-website', { then: { status: 403 } });

    const created = await onboarding.create({ accounts: { ...accounts, ...failing }, onFailure: 'undo' });
    await until(async () => stepOf(await onboarding.get(created.body.id), provider, 'create').status === 'succeeded');
    await (provider === 'wecom' ? others.wecom() : others.dingtalk()).deleteUser('qianyi');
    await wibiclick.release();
    const run = await onboarding.toEnd(created.body.id);

    expect(stepOf(run, provider, 'undo')).toMatchObject({ status: 'succeeded', result: { outcome: 'already_absent' } });
    expect(run.status).toBe('cancelled');
    expect(await removals()).toHaveLength(1);
  });
});

test('a WeCom account stays whose making nobody can ever read', async () => {
  await wecom.secret({ appSecret: undefined });
  await wibiclickRefuses();
  await wecom.faults({ path: wecomCreate, then: { drop: 'after' } });

  const id = await onboarding.start({ accounts: { wecom: member, ...failing }, onFailure: 'undo' });
  onboarding.lambda.advance(3 * minuteMs);
  expect(await onboarding.settleIntents()).toMatchObject({ unknown: 1 });
  const run = await onboarding.toEnd(id);

  expect(stepOf(run, 'wecom', 'undo')).toMatchObject(notOurs);
  expect(await memberOf(wecom)).toBeDefined();
});

test('a person whom DingTalk has invited stays invited, since no call takes that back', async () => {
  await wibiclickRefuses();
  await dingtalk.faults({ path: dingtalkCreate, then: { errcode: 40103 } });

  const run = await undo({ dingtalk: user, ...failing });

  expect(stepOf(run, 'dingtalk', 'create')).toMatchObject({
    status: 'succeeded',
    result: { outcome: 'pending_consent', verified: 'unverified' },
  });
  expect(stepOf(run, 'dingtalk', 'undo')).toMatchObject({ status: 'unsupported' });
  expect(run.status).toBe('cancelled');
  expect(await removals()).toEqual([]);
});

describe('WibiClick', () => {
  const wecomRefuses = () => wecom.faults({ path: wecomCreate, then: { errcode: 60104 } });
  const linksOf = async (userId: string) =>
    (await wibiclick.state()).links.flatMap((link: Json) => (link.userId === userId ? [link.websiteId] : []));

  test('a website that was connected before stays, and the others go', async () => {
    await wecomRefuses();

    const run = await undo({ wecom: member, wibiclick: { userId: '101', websites: ['201', '203', '204'] } });

    expect(stepOf(run, 'wibiclick', 'connect').result.websites[201]).toMatchObject({ warnings: ['already_connected'] });
    expect(Object.keys(stepOf(run, 'wibiclick', 'undo').result.websites)).toEqual(['203', '204']);
    expect(await linksOf('101')).toEqual(['201', '202']);
  });

  test('nothing is sent when all of them were connected before', async () => {
    await wecomRefuses();

    const run = await undo({ wecom: member, wibiclick: { userId: '101', websites: ['201', '202'] } });

    expect(stepOf(run, 'wibiclick', 'undo')).toMatchObject(notOurs);
    expect(await linksOf('101')).toEqual(['201', '202']);
    expect(await removals()).toEqual([]);
  });

  test('one that somebody disconnected meanwhile keeps none of the others', async () => {
    await wecom.hold(wecomCreate, { then: { errcode: 60104 } });
    const accounts = { wecom: member, wibiclick: { userId: '105', websites: ['201', '203', '204'] } };

    const created = await onboarding.create({ accounts, onFailure: 'undo' });
    await until(async () => (await linksOf('105')).length === 3);
    await others.wibiclick().disconnect({ userId: '105', websiteId: '201' });
    await wecom.release();
    const run = await onboarding.toEnd(created.body.id);

    expect(await linksOf('105')).toEqual([]);
    expect(run.status).toBe('cancelled');
  });
});
