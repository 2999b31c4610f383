import { handler as createUser } from '../../../functions/wecom/create-user.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { handler as getUser } from '../../../functions/wecom/get-user.ts';
import { endTokens } from '../../support/end-tokens.ts';
import { invoke } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const tokenPath = '/cgi-bin/gettoken';
const getPath = '/cgi-bin/user/get';
const deletePath = '/cgi-bin/user/delete';
const wecom = simulated('wecom');

/** With the app secret. */
const get = () => invoke(getUser, { path: { userid: 'zhangsan' } });
/** With the contact-sync secret. */
const remove = (userid = 'lisi') => invoke(deleteUser, { path: { userid } });
const create = () => invoke(createUser, { body: { userid: 'chenbo', name: '陈波', mobile: '13900005555' } });
const onToken = (then: Record<string, unknown>, times = 1) =>
  wecom.faults({ method: 'GET', path: tokenPath, times, then });
const countOf = async (path?: string) => (await wecom.requests(path)).length;
const atOnce = <Answer>(count: number, call: (index: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));
const statuses = (answers: { status: number }[]) => [...new Set(answers.map(({ status }) => status))];

describe('a token', () => {
  test('is asked for once by 50 calls at the same time', async () => {
    const answers = await atOnce(50, get);

    expect(statuses(answers)).toEqual([200]);
    expect(await countOf(tokenPath)).toBe(1);
    expect(await countOf(getPath)).toBe(50);
  });

  test('belongs to one secret', async () => {
    await get();
    await remove();

    const asked = (await wecom.requests(tokenPath)).map(({ query }) => query.corpsecret);
    const [got] = await wecom.requests(getPath);
    const [removed] = await wecom.requests(deletePath);
    expect(asked).toEqual(['sandbox-app', 'sandbox-contact']);
    expect(got.query.access_token).not.toBe(removed.query.access_token);
  });

  test.each([
    [7200, 6890, 1],
    [7200, 6910, 2],
    [600, 290, 1],
    [600, 310, 2],
    [60, 25, 1],
    [60, 35, 2],
    [0, 0, 2],
  ])(
    'of %i s is used until 5 minutes before its end, at most half its life: after %i s, %i requests',
    async (life, age, asked) => {
      await onToken({ body: JSON.stringify({ errcode: 0, access_token: 'short', expires_in: life }) }, 2);
      await wecom.faults({
        method: 'GET',
        path: getPath,
        times: 2,
        then: { body: '{"errcode":0,"userid":"zhangsan"}' },
      });
      await get();

      time.advance(age * 1000);
      await get();

      expect(await countOf(tokenPath)).toBe(asked);
    },
  );

  test('that ends early is renewed once, and the call is sent once more with the new one', async () => {
    await get();
    endTokens();

    expect(await get()).toMatchObject({ status: 200 });
    expect(await countOf(tokenPath)).toBe(2);
    const [first, refused, repeated] = (await wecom.requests(getPath)).map(({ query }) => query.access_token);
    expect(refused).toBe(first);
    expect(repeated).not.toBe(first);
  });

  test('that ends early is renewed once for 50 calls at the same time', async () => {
    await get();
    endTokens();

    expect(statuses(await atOnce(50, get))).toEqual([200]);
    expect(await countOf(tokenPath)).toBe(2);
  });

  test('that is refused when new too ends the call', async () => {
    await get();
    endTokens();
    await wecom.faults({ method: 'GET', path: getPath, times: 9, then: { errcode: 42001 } });

    expect(await get()).toMatchObject({
      status: 502,
      body: { code: 'provider_credentials', provider: { code: '42001' } },
    });
    expect(await countOf(tokenPath)).toBe(2);
    expect(await countOf(getPath)).toBe(3);
  });

  test('that WeCom refuses once is replaced, and the call is sent once more', async () => {
    await wecom.faults({ method: 'GET', path: getPath, then: { errcode: 40014 } });

    expect(await get()).toMatchObject({ status: 200 });
    expect(await countOf(tokenPath)).toBe(2);
    expect(await countOf(getPath)).toBe(2);
  });

  test('that WeCom only pretended to give is replaced', async () => {
    await onToken({ errcode: 0 });

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    expect(await countOf(tokenPath)).toBe(2);
  });

  test.each([
    ['truncated JSON', '{"errcode":0,'],
    ['HTML', '<html></html>'],
    ['no token', '{"errcode":0,"expires_in":7200}'],
    ['an empty token', '{"errcode":0,"access_token":"","expires_in":7200}'],
    ['a life as a string', '{"errcode":0,"access_token":"short","expires_in":"7200"}'],
  ])('is not made of %s, and the write is not sent', async (_, body) => {
    await onToken({ body });

    expect(await remove()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', outcome: 'not_applied' },
    });
    expect(await countOf()).toBe(1);
    expect(await remove()).toMatchObject({ status: 200 });
  });

  test.each<[string, Record<string, unknown>]>([
    ['500', { status: 500 }],
    ['a cut connection', { drop: 'before' }],
    ['busy', { errcode: -1 }],
  ])('is asked for again after %s, since that cannot have changed a member', async (_, then) => {
    await onToken(then, 2);

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', warnings: [] } });
    expect(await countOf(tokenPath)).toBe(3);
    expect(await countOf(deletePath)).toBe(1);
  });

  test('that never comes leaves the member as it was', async () => {
    await onToken({ status: 500 }, 9);

    expect(await remove()).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', outcome: 'not_applied' },
    });
    expect(await countOf(tokenPath)).toBe(3);
    expect(await countOf(deletePath)).toBe(0);
  });
});

describe('a wrong secret', () => {
  test('is tried three times and then not at all; other secrets work on', async () => {
    await wecom.secret({ contactSecret: 'wrong' });

    for (const tried of [1, 2, 3, 3, 3]) {
      expect(await remove()).toMatchObject({
        status: 502,
        body: { code: 'provider_credentials', outcome: 'not_applied' },
      });
      expect(await countOf(tokenPath)).toBe(tried);
    }
    time.advance(3_500_000);
    expect((await remove()).body.fix).toContain('changed secret');
    expect(await countOf()).toBe(3);
    expect(await get()).toMatchObject({ status: 200 });
  });

  test('is tried once more after each hour, since its app may have been enabled again', async () => {
    await wecom.secret({ contactSecret: 'wrong' });
    for (let call = 0; call < 4; call++) await remove();

    for (const tried of [4, 5]) {
      time.advance(3_600_000);
      for (let call = 0; call < 3; call++) await remove();
      expect(await countOf(tokenPath)).toBe(tried);
    }
  });

  test('works at once when it is changed', async () => {
    await wecom.secret({ contactSecret: 'wrong' });
    for (let call = 0; call < 4; call++) await remove();

    await wecom.secret({ contactSecret: 'sandbox-contact' });

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted' } });
  });

  test('is tried at most three times by 50 calls at the same time', async () => {
    await wecom.secret({ contactSecret: 'wrong' });

    expect(statuses(await atOnce(50, (index) => remove(`member-${index}`)))).toEqual([502]);
    expect(await countOf(tokenPath)).toBeLessThanOrEqual(3);
  });

  test('that worked in between counts from the start', async () => {
    await onToken({ errcode: 40001 }, 2);
    for (const status of [502, 502, 200]) expect((await get()).status).toBe(status);
    time.advance(2 * 3_600_000);

    await onToken({ errcode: 40001 }, 2);

    for (const status of [502, 502, 200]) expect((await get()).status).toBe(status);
  });
});

describe('a ban', () => {
  test('holds back every call of its secret until it ends, and then they work with the same token', async () => {
    await wecom.faults({ method: 'GET', path: deletePath, then: { errcode: 45009 } });
    expect((await remove()).headers['retry-after']).toBe('60');
    const sent = await countOf();

    time.advance(20_000);
    for (const call of [remove, create]) {
      const answer = await call();
      expect(answer).toMatchObject({
        status: 503,
        body: { code: 'provider_rate_limited', retryable: true, outcome: 'not_applied' },
      });
      expect(Number(answer.headers['retry-after'])).toBeCloseTo(40, -1);
    }
    expect(await countOf()).toBe(sent);

    time.advance(41_000);
    expect(await remove()).toMatchObject({ status: 200 });
    expect(await create()).toMatchObject({ status: 200 });
    expect(
      (await wecom.requests(tokenPath)).filter(({ query }) => query.corpsecret === 'sandbox-contact'),
    ).toHaveLength(1);
  });

  test('of one secret does not hold back another', async () => {
    await wecom.faults({ method: 'GET', path: deletePath, then: { errcode: 45009 } });
    await remove();

    expect(await get()).toMatchObject({ status: 200 });
  });

  test('of gettoken is not tried again before its end', async () => {
    await onToken({ errcode: 45009 });
    expect(await get()).toMatchObject({ status: 503, body: { code: 'provider_rate_limited' } });

    expect(await get()).toMatchObject({ status: 503 });
    expect(await countOf()).toBe(1);

    time.advance(61_000);
    expect(await get()).toMatchObject({ status: 200 });
  });

  test('while a write is verified leaves the write done and says that it could not be read back', async () => {
    await wecom.faults({ path: '/cgi-bin/user/list_id', then: { errcode: 45009 } });

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: 'unverified' } });
  });
});
