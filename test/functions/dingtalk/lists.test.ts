import { handler as listDepartments } from '../../../functions/dingtalk/list-departments.ts';
import { handler as listDismissedUsers } from '../../../functions/dingtalk/list-dismissed-users.ts';
import { handler as listInactiveUsers } from '../../../functions/dingtalk/list-inactive-users.ts';
import { handler as listUsers } from '../../../functions/dingtalk/list-users.ts';
import { clock } from '../../../functions/shared/clock.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';
import { chinaDate, dismissionsPath, inactivePath, listidPath, listsubPath } from './support.ts';

const dingtalk = simulated('dingtalk');
const idsOf = ({ body }: Json): string[] => body.items.map(({ userid }: Json) => userid);
const refused = async (answer: Json, field: string) => {
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ path: field }] } });
  expect(await dingtalk.requests()).toEqual([]);
};

describe('users of a department', () => {
  const list = (query = '') => invoke(listUsers, { query });

  test('are the direct members of the root by default', async () => {
    const answer = await list();

    expect(answer).toMatchObject({ status: 200, body: { cursor: null } });
    expect(idsOf(answer)).toEqual(['founder', 'zhaoliu']);
    expect((await dingtalk.requests(listidPath))[0].body).toEqual({ dept_id: 1 });
  });

  test('are given out in pages', async () => {
    const first = await list('dept_id=2&limit=2');
    const second = await list(`dept_id=2&limit=2&cursor=${first.body.cursor}`);

    expect(idsOf(first)).toEqual(['zhangsan', 'sunqi']);
    expect(idsOf(second)).toEqual(['wujiu']);
    expect(second.body.cursor).toBeNull();
  });
});

describe('departments', () => {
  test('are those one level below the root by default', async () => {
    const answer = await invoke(listDepartments);

    expect(answer.body).toEqual({
      items: [
        { dept_id: 2, name: 'Sales', parent_id: 1 },
        { dept_id: 3, name: 'Engineering', parent_id: 1 },
      ],
      cursor: null,
    });
    expect((await dingtalk.requests(listsubPath))[0].body).toEqual({ dept_id: 1 });
  });

  test('are those below another one, in pages', async () => {
    expect((await invoke(listDepartments, { query: 'dept_id=3' })).body.items).toMatchObject([{ dept_id: 4 }]);
    expect((await invoke(listDepartments, { query: 'limit=1&cursor=1' })).body.items).toMatchObject([{ dept_id: 3 }]);
  });
});

describe.each([
  ['users', listUsers, listidPath],
  ['departments', listDepartments, listsubPath],
])('the %s of', (_, handler, path) => {
  test('an unknown department are 404', async () => {
    expect(await invoke(handler, { query: 'dept_id=99' })).toMatchObject({
      status: 404,
      body: { code: 'not_found', errors: [{ path: 'dept_id' }], provider: { code: '60003' } },
    });
  });

  test.each(['', '0', '-1', '1.5', 'sales'])('the department %j are refused before anything is sent', async (id) => {
    await refused(await invoke(handler, { query: `dept_id=${id}` }), 'dept_id');
  });

  test.each(['{"errcode":0}', '{"errcode":0,"result":null}', '{"errcode":0,"result":{"list":[]}}'])(
    'a department are no empty list when DingTalk answers %s',
    async (body) => {
      await dingtalk.faults({ path, then: { body } });

      expect(await invoke(handler)).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
    },
  );
});

describe('dismissed users', () => {
  const list = (query = '') => invoke(listDismissedUsers, { query });
  const page = (userIdList: string[], rest: Json) =>
    dingtalk.faults({ method: 'GET', path: dismissionsPath, then: { body: JSON.stringify({ userIdList, ...rest }) } });

  test('are those of the new API, asked with the token in the header', async () => {
    expect((await list()).body).toEqual({ items: [{ userid: 'zhengshi' }], cursor: null });
    const [request] = await dingtalk.requests(dismissionsPath);
    expect(request).toMatchObject({ method: 'GET', query: { nextToken: '0', maxResults: '50' } });
    expect(request.headers['x-acs-dingtalk-access-token']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('are collected from as many pages of 50 as the limit needs', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `left-${index}`);
    await page(ids, { nextToken: 50, hasMore: true });
    await page(['left-50', 'left-51'], { nextToken: 52, hasMore: true });

    const answer = await list('limit=52');

    expect(idsOf(answer)).toEqual([...ids, 'left-50', 'left-51']);
    expect(answer.body.cursor).toBe('52');
    const asked = (await dingtalk.requests(dismissionsPath)).map(({ query }) => query);
    expect(asked).toEqual([
      { nextToken: '0', maxResults: '50' },
      { nextToken: '50', maxResults: '2' },
    ]);
  });

  test('go on at the cursor, and end where DingTalk says so, whatever token it gives', async () => {
    await page(['left-9'], { nextToken: 0, hasMore: false });

    expect((await list('cursor=77')).body).toEqual({ items: [{ userid: 'left-9' }], cursor: null });
    expect((await dingtalk.requests(dismissionsPath))[0].query.nextToken).toBe('77');
  });

  test.each<[string, Json]>([
    ['says more but not where', { userIdList: ['a'], hasMore: true }],
    ['lacks the end marker', { userIdList: ['a'], nextToken: 1 }],
    ['lacks the ids', { hasMore: false }],
  ])('are no whole list when an answer %s', async (_, body) => {
    await dingtalk.faults({ method: 'GET', path: dismissionsPath, then: { body: JSON.stringify(body) } });

    expect(await list()).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
  });

  test('are no whole list when a later page fails', async () => {
    await page(['a'], { nextToken: 1, hasMore: true });
    await dingtalk.faults({ method: 'GET', path: dismissionsPath, times: 9, then: { status: 500 } });

    expect(await list()).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } });
  });

  test('need Smart HR, which the answer says', async () => {
    await dingtalk.faults({ method: 'GET', path: dismissionsPath, then: { errcode: 60011 } });

    const answer = await list();

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_permission' } });
    expect(answer.body.fix).toContain('qyapi_hrm_read_user');
  });

  test.each(['cursor=abc', 'cursor=-1', 'cursor='])('are not asked for with %s', async (query) => {
    await refused(await list(query), 'cursor');
  });
});

describe('inactive users', () => {
  const list = (date: string, query = '') => invoke(listInactiveUsers, { query: `date=${date}${query}` });
  const hoursMs = 3_600_000;
  /** Moves the clock on to an hour of the day in China. */
  const waitForChinaTime = (hour: number) => {
    const sinceMidnight = (clock.now() + 8 * hoursMs) % (24 * hoursMs);
    time.advance(((hour * hoursMs - sinceMidnight + 24 * hoursMs) % (24 * hoursMs)) + 1);
  };

  test('are those who did not sign in on the day', async () => {
    const date = chinaDate(-5);

    expect((await list(date)).body).toEqual({ items: [{ userid: 'wujiu' }], cursor: null });
    expect((await dingtalk.requests(inactivePath))[0].body).toEqual({
      query_date: date,
      is_active: false,
      offset: 0,
      size: 100,
    });
  });

  test('are collected from pages of 100, and go on at the cursor', async () => {
    const page = (list: string[], next_cursor: number) =>
      dingtalk.faults({
        path: inactivePath,
        then: { body: JSON.stringify({ errcode: 0, result: { list, has_more: true, next_cursor } }) },
      });
    await page(Array(100).fill('a'), 100);
    await page(['b'], 101);

    const answer = await list(chinaDate(-5), '&limit=101');

    expect(answer.body.cursor).toBe('101');
    await list(chinaDate(-5), '&cursor=101');
    const asked = (await dingtalk.requests(inactivePath)).map(({ body }) => [body.offset, body.size]);
    expect(asked).toEqual([
      [0, 100],
      [100, 1],
      [101, 100],
    ]);
  });

  test('are no whole list when the answer does not say where it goes on', async () => {
    await dingtalk.faults({ path: inactivePath, then: { body: '{"errcode":0,"result":{"list":[],"has_more":true}}' } });

    expect(await list(chinaDate(-5))).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
  });

  test.each(['2026-11-20', '20261', '20260230', '20261301', 'yesterday', ''])('are refused for %j', async (date) => {
    await refused(await list(date), 'date');
  });

  test('of yesterday are refused until 09:00 in China', async () => {
    waitForChinaTime(8);
    const early = await list(chinaDate(-1));
    expect(early.body.detail).toContain('09:00');
    await refused(early, 'date');

    waitForChinaTime(9);
    expect((await list(chinaDate(-1))).body.code).not.toBe('invalid_input');
  });

  test('are refused for a day that DingTalk keeps no more', async () => {
    const answer = await list(chinaDate(-32));

    expect(answer.body.detail).toContain('one month');
    await refused(answer, 'date');
    expect((await list(chinaDate(-31))).body.code).not.toBe('invalid_input');
  });

  test('need a date', async () => {
    await refused(await invoke(listInactiveUsers), 'date');
  });
});
