import { handler as createUser } from '../../../functions/dingtalk/create-user.ts';
import { handler as createMember } from '../../../functions/wecom/create-user.ts';
import { handler as connect } from '../../../functions/wibiclick/connect-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { cleanups } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { putItem, setEnv } from '../offboarding/support.ts';
import { directories, hourMs, member, members, resultOf } from './support.ts';

const cleanup = cleanups();
const { wecom, dingtalk, wibiclick } = cleanup;
const { everybody, leave } = directories(cleanup);

const leavers = [
  ['wecom', 'lisi', 1],
  ['dingtalk', 'lisi', 1],
  ['wibiclick', '102', 2],
] as const;

describe('who is not on the roster', () => {
  test.each(leavers)('is reported in %s, and nothing is sent', async (provider, leaver) => {
    await leave(provider, leaver);

    const ended = await cleanup.end({ policy: 'roster', provider });

    expect(ended).toMatchObject({ kind: 'cleanup', status: 'completed', policy: 'roster', mode: 'report' });
    expect(ended.results).toEqual([
      { policy: 'roster', provider, mode: 'report', status: 'succeeded', found: 1, ids: [leaver] },
    ]);
    expect(await cleanup.writes()).toEqual([]);
  });

  test.each(leavers)('is removed from %s by a job, with a row for each thing that is taken', async (...row) => {
    const [provider, leaver, rows] = row;
    await wibiclick.reset({ members: 20 });
    await leave(provider, leaver);

    const ended = await cleanup.end({ policy: 'roster', provider, mode: 'apply' });
    const { job, ...result } = resultOf(ended);
    expect(result).toEqual({ policy: 'roster', provider, mode: 'apply', status: 'succeeded', found: 1, ids: [leaver] });
    await cleanup.toEnd(job.id);

    const counts = { total: rows, succeeded: rows, failed: 0, skipped: 0, unknown: 0 };
    expect(resultOf(await cleanup.get(ended.id)).job).toEqual({ id: job.id, status: 'completed', ...counts });
    expect((await cleanup.writes()).length).toBe(rows);
    if (provider !== 'wibiclick') expect(await everybody(provider)).not.toContain(leaver);
    else expect((await wibiclick.state()).links.filter(({ userId }: Json) => userId === leaver)).toEqual([]);
  });

  test('is told from others whatever the case of a WeCom id', async () => {
    await cleanup.roster(
      'wecom',
      (await everybody('wecom')).map((id) => id.toUpperCase()),
    );

    expect(resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom' }))).toMatchObject({ found: 0, ids: [] });
  });

  test('is looked for wherever there is a roster', async () => {
    await leave('wecom', 'lisi');
    await leave('dingtalk', 'wangwu');

    const { status, results } = await cleanup.end({ policy: 'roster' });

    expect(status).toBe('completed');
    const reason = 'no roster of wibiclick was uploaded; nobody was looked for';
    expect(results).toMatchObject([
      { provider: 'wecom', status: 'succeeded', ids: ['lisi'] },
      { provider: 'dingtalk', status: 'succeeded', ids: ['wangwu'] },
      { provider: 'wibiclick', status: 'skipped', found: 0, ids: [], reason },
    ]);
  });

  test('is counted whole, and the first 1,000 are listed', async () => {
    await wecom.reset({ members: 1_100 });
    await leave('wecom', ...members(1_050));

    const { found, ids } = resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom' }));

    expect({ found, ids }).toEqual({ found: 1_050, ids: members(1_000) });
  });

  test('makes no job when there are more than a job takes', async () => {
    await wecom.reset({ members: 10_001 });
    await leave('wecom', ...members(10_001));

    const result = resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom', mode: 'apply' }));

    expect(result).toMatchObject({ status: 'needs_attention', found: 0, ids: [] });
    expect(result.reason).toContain('10001 accounts or memberships were found, and at most 10000 can be');
    expect(result).not.toHaveProperty('job');
  });
});

describe('is never found', () => {
  test('who is protected by the setting', async () => {
    setEnv({ USHER_WECOM_PROTECTED: 'LiSi' });
    await leave('wecom', 'lisi', 'wangwu');

    expect(resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom' })).ids).toEqual(['wangwu']);
  });

  test('an administrator of DingTalk, nor the operator of the secret', async () => {
    await dingtalk.secret({ operatorUserid: 'wangwu' });
    await leave('dingtalk', 'zhaoliu', 'founder', 'wangwu', 'lisi');

    expect(resultOf(await cleanup.end({ policy: 'roster', provider: 'dingtalk' })).ids).toEqual(['lisi']);
  });

  test('who joined after the roster was uploaded', async () => {
    await wibiclick.reset({ members: 20 });
    for (const provider of ['wecom', 'dingtalk', 'wibiclick'] as const) await leave(provider, 'lisi', '103');
    const person = { userid: 'qianyi', name: 'Qian Yi', mobile: '13900001111' };
    const joined = await Promise.all([
      invoke(createMember, { body: { ...person, department: [2] } }),
      invoke(createUser, { body: { ...person, dept_id_list: [2] } }),
      invoke(connect, { path: { websiteId: '204', userId: '103' } }),
    ]);
    expect(joined.map(({ status }) => status)).toEqual([200, 200, 200]);

    const { results } = await cleanup.end({ policy: 'roster' });

    expect(results.map(({ ids }: Json) => ids)).toEqual([['lisi'], ['lisi'], []]);
  });

  test('but who joined before that is', async () => {
    await invoke(createMember, { body: { userid: 'qianyi', name: 'Qian Yi', mobile: '13900001111', department: [2] } });
    time.advance(37 * hourMs);
    await leave('wecom', 'qianyi');

    expect(resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom' })).ids).toEqual(['qianyi']);
  });

  test('to whom a write is open of which nobody knows yet', async () => {
    await leave('wecom', 'lisi');
    const intent = { id: 'intent', at: Date.now() + time.ahead, leaseEndsAt: Date.now() + time.ahead + hourMs };
    const about = { caller: 'hr', subject: 'wecom:lisi', operation: 'POST /wecom/users', requestId: 'request' };
    await putItem({ pk: 'member#wecom:lisi', sk: 'open', ...intent, ...about });

    expect(resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom' }))).toMatchObject({ found: 0 });
  });
});

test('a policy has nothing to do with some providers', async () => {
  for (const [policy, provider] of [
    ['wecom-disabled', 'dingtalk'],
    ['dingtalk-dismissed', 'dingtalk'],
  ]) {
    const answer = await cleanup.start({ policy, provider });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ path: 'provider' }] } });
  }
});

test('a request that is sent again with its key starts one cleanup', async () => {
  await leave('wecom', member(1));
  const request = { headers: { 'idempotency-key': 'once' } };
  const [first, second] = [
    await cleanup.start({ policy: 'roster' }, request),
    await cleanup.start({ policy: 'roster' }, request),
  ];

  expect(second.body.id).toBe(first.body.id);
  expect((await cleanup.list()).items).toHaveLength(1);
});
