import { handler as deleteDingtalkUser } from '../../../functions/dingtalk/delete-user.ts';
import { store } from '../../../functions/shared/store.ts';
import { handler as createUser } from '../../../functions/wecom/create-user.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { handler as disconnectUser } from '../../../functions/wibiclick/disconnect-user.ts';
import { invoke } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const hourMs = 3_600_000;
const wecom = simulated('wecom');
const dingtalk = simulated('dingtalk');
const wibiclick = simulated('wibiclick');
const deletePath = '/cgi-bin/user/delete';

const remove = (userid: string) => invoke(deleteUser, { path: { userid } });
const removeDingtalk = (userid: string) => invoke(deleteDingtalkUser, { path: { userid } });
const disconnect = (userId: string, websiteId = '201') => invoke(disconnectUser, { path: { userId, websiteId } });
const create = (userid: string) => invoke(createUser, { body: { userid, name: '新', email: `${userid}@example.com` } });
const manyMembers = (members: number) =>
  fetch(`${wecom.url}/_sandbox/reset`, { method: 'POST', body: JSON.stringify({ members }) });
const member = (index: number) => `member-${String(index).padStart(5, '0')}`;
const budget = (perDay: number) => {
  process.env.USHER_FENCE = JSON.stringify({ perDay });
};
const settings = ['USHER_FENCE', 'USHER_WECOM_PROTECTED', 'USHER_DINGTALK_PROTECTED', 'USHER_WIBICLICK_PROTECTED'];

/** To the first minute of an hour, so that a test does not run into the next one unforeseen. */
beforeEach(() => time.advance(hourMs - ((Date.now() + time.ahead) % hourMs)));
afterEach(() => {
  for (const name of settings) delete process.env[name];
});

describe('the budget of removals', () => {
  test('is refused at its limit, with the numbers, and nothing is sent', async () => {
    budget(2);
    for (const userid of ['lisi', 'wangwu']) expect((await remove(userid)).status).toBe(200);

    const answer = await remove('zhangsan');

    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'fence_tripped', outcome: 'not_applied', retryable: true, provider: { name: 'wecom' } },
    });
    expect(answer.body.detail).toContain('2 of 2');
    expect(await wecom.requests(deletePath)).toHaveLength(2);
  });

  test('leaves no lock and no entry behind when it refuses', async () => {
    budget(0);
    expect((await remove('lisi')).body.code).toBe('fence_tripped');

    budget(1);
    expect((await remove('lisi')).status).toBe(200);
  });

  test('is 50 unless it is set', async () => {
    await manyMembers(51);
    for (let index = 1; index <= 50; index++) expect((await remove(member(index))).status).toBe(200);

    expect((await remove(member(51))).body.code).toBe('fence_tripped');
  });

  test('is one for each provider', async () => {
    budget(1);
    expect((await remove('lisi')).status).toBe(200);
    expect((await removeDingtalk('lisi')).status).toBe(200);
    expect((await disconnect('101')).status).toBe(200);

    expect((await removeDingtalk('wangwu')).body.code).toBe('fence_tripped');
    expect((await disconnect('102')).body.code).toBe('fence_tripped');
    expect(await dingtalk.requests('/topapi/v2/user/delete')).toHaveLength(1);
    expect(await wibiclick.requests('/disconnect-user-from-website')).toHaveLength(1);
  });

  test('does not count what gives access', async () => {
    budget(0);

    expect((await create('chenbo')).status).toBe(200);
  });

  test('counts a removal for at least 24 hours and at most 25', async () => {
    budget(1);
    await remove('lisi');

    time.advance(24 * hourMs - 60_000);
    expect((await remove('wangwu')).body.code).toBe('fence_tripped');
    time.advance(hourMs + 120_000);
    expect((await remove('wangwu')).status).toBe(200);
  });

  test('is given back when the removal was not applied', async () => {
    budget(1);
    expect((await remove('ghost')).status).toBe(404);
    await wecom.faults({ method: 'GET', path: deletePath, then: { errcode: 60011 } });
    expect((await remove('lisi')).body.code).toBe('provider_permission');

    expect((await remove('lisi')).status).toBe(200);
  });

  test('is not given back while the effect is unknown', async () => {
    budget(1);
    await wecom.faults(
      { method: 'GET', path: deletePath, then: { drop: 'after' } },
      { path: '/cgi-bin/user/list_id', times: 9, then: { status: 500 } },
    );
    expect((await remove('lisi')).status).toBe(504);

    expect((await remove('wangwu')).body.code).toBe('fence_tripped');
  });

  test('is not overdrawn by functions whose clocks disagree about the hour', async () => {
    budget(4);
    await manyMembers(9);
    for (const index of [1, 2]) await remove(member(index));
    time.advance(hourMs);
    await remove(member(3));
    time.advance(-hourMs);
    await remove(member(4));
    time.advance(hourMs);

    expect((await remove(member(5))).body.code).toBe('fence_tripped');
    expect(await wecom.requests(deletePath)).toHaveLength(4);
  });

  test('is not overdrawn by 60 removals at once', async () => {
    await manyMembers(60);

    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => remove(member(index + 1))));

    const codes = answers.map(({ status, body }) => body.code ?? status);
    expect(codes.filter((code) => code === 200)).toHaveLength(50);
    expect(codes.filter((code) => code === 'fence_tripped')).toHaveLength(10);
    expect(await wecom.requests(deletePath)).toHaveLength(50);
  });
});

describe('a protected account', () => {
  test.each([
    ['as listed', 'LISI', () => remove('LISI')],
    ['in another case', 'Boss lisi', () => remove('LiSi')],
    ['at DingTalk', 'lisi', () => removeDingtalk('lisi')],
    ['at WibiClick', '101', () => disconnect('101')],
  ])('is refused %s, and nothing is sent', async (_, listed, attempt) => {
    for (const provider of ['WECOM', 'DINGTALK', 'WIBICLICK']) process.env[`USHER_${provider}_PROTECTED`] = listed;

    expect(await attempt()).toMatchObject({ status: 409, body: { code: 'protected', outcome: 'not_applied' } });
    const sent = await Promise.all([wecom, dingtalk, wibiclick].map((provider) => provider.requests()));
    expect(sent.flat()).toEqual([]);
  });

  test('protects nobody whose id only contains its own', async () => {
    process.env.USHER_WECOM_PROTECTED = 'lisi2 li';

    expect((await remove('lisi')).status).toBe(200);
  });
});

describe('when Usher is halted', () => {
  const halt = { pk: 'halt', sk: 'halt', reason: 'audit', by: 'arn:aws:iam::000000000000:user/ops' };

  test.each<[string, () => ReturnType<typeof remove>]>([
    ['a removal', () => remove('lisi')],
    ['a creation', () => create('chenbo')],
  ])('%s is refused with who and why, and nothing is sent', async (_, attempt) => {
    await store.put(halt);

    const answer = await attempt();

    expect(answer).toMatchObject({ status: 409, body: { code: 'halted', outcome: 'not_applied', retryable: true } });
    expect(answer.body.detail).toContain('user/ops: audit');
    expect(await wecom.requests()).toEqual([]);
  });

  test('a removal that has passed the fence, and comes to its sending later than 5 s after the halt, is not sent', async () => {
    await dingtalk.hold('/topapi/v2/user/get');
    const removal = removeDingtalk('lisi');
    await dingtalk.came('/topapi/v2/user/get');

    await store.put(halt);
    time.advance(5_000);
    await dingtalk.release();

    expect(await removal).toMatchObject({ status: 409, body: { code: 'halted', outcome: 'not_applied' } });
    expect(await dingtalk.requests('/topapi/v2/user/delete')).toEqual([]);
  });

  test('nothing stays locked, so all goes on when the halt is lifted', async () => {
    await store.put(halt);
    await remove('lisi');

    await store.delete(halt);

    expect((await remove('lisi')).status).toBe(200);
  });
});
