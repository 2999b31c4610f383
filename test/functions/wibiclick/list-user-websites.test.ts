import { handler } from '../../../functions/wibiclick/list-user-websites.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { type SeenRequest, startScriptedServer } from '../../support/scripted-server.ts';
import { time } from '../../support/time.ts';

const wibiclick = simulated('wibiclick');
logLines();
const listPath = '/get-websites-for-user';
const list = (userId = '101', query = '') => invoke(handler, { path: { userId }, query });
const onRead = (then: Record<string, unknown>, times = 1) =>
  wibiclick.faults({ method: 'GET', path: listPath, times, then });

const alder = { websiteId: '201', name: 'Alder Repairs' };
const birch = { websiteId: '202', name: 'Birch Cooling' };
const dogwood = { websiteId: '204', name: 'Dogwood Electric' };

test.each([
  ['a bare array', '101', [alder, birch]],
  ['an object', '104', [birch, dogwood]],
  ['an empty list', '105', []],
])('gives the websites of %s by one read, their ids as strings', async (_, userId, items) => {
  const answer = await list(userId);

  expect(answer).toMatchObject({ status: 200, body: { items, cursor: null } });
  const [request, ...others] = await wibiclick.requests();
  expect(request).toMatchObject({ method: 'GET', path: listPath, query: { id: userId, limit: '100', offset: '0' } });
  expect(request.headers.authorization).toBe('Bearer sandbox-wibi');
  expect(others).toEqual([]);
});

test('an unknown user is 404 and names the field', async () => {
  expect(await list('ghost')).toMatchObject({
    status: 404,
    body: { code: 'not_found', retryable: false, provider: { code: 'user_not_found' }, errors: [{ path: 'userId' }] },
  });
});

describe('our own pages', () => {
  test('end where the list ends', async () => {
    const first = await list('101', 'limit=1');
    const second = await list('101', `limit=1&cursor=${first.body.cursor}`);

    expect(first.body).toEqual({ items: [alder], cursor: '1' });
    expect(second.body).toEqual({ items: [birch], cursor: null });
  });

  test.each([
    ['the whole list in one page', 'limit=2', [alder, birch]],
    ['the greatest limit', 'limit=1000', [alder, birch]],
    ['a cursor past the end', 'cursor=7', []],
  ])('take %s', async (_, query, items) => {
    expect((await list('101', query)).body).toEqual({ items, cursor: null });
  });
});

describe('refuses before anything is sent', () => {
  test.each([
    ['limit', 'limit=0'],
    ['limit', 'limit=-1'],
    ['limit', 'limit=1001'],
    ['limit', 'limit=1.5'],
    ['limit', 'limit=ten'],
    ['limit', 'limit='],
    ['limit', 'limit=1&limit=2'],
    ['cursor', 'cursor='],
    ['cursor', 'cursor=-1'],
    ['cursor', 'cursor=1.0'],
    ['cursor', 'cursor=next'],
    ['userId', 'userId=102'],
    ['offset', 'offset=1'],
    ['websiteId', 'websiteId=201'],
    ['__proto__', '__proto__=1'],
  ])('%s: %s', async (field, query) => {
    const answer = await list('101', query);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', retryable: false } });
    expect(answer.body.errors.map(({ path }: Json) => path)).toEqual([field]);
    expect(await wibiclick.requests()).toEqual([]);
  });

  test.each(['', ' ', '1 1', '1/1', '1?', '1#', '1&id=2', '%', '1\t', '\u0085', 'x'.repeat(129)])(
    'the userId %j',
    async (userId) => {
      expect(await list(userId)).toMatchObject({ status: 400, body: { errors: [{ path: 'userId' }] } });
      expect(await wibiclick.requests()).toEqual([]);
    },
  );

  test.each(['x'.repeat(128), '𠮷'.repeat(128), 'a+b=c;d', '李四'])('but sends the userId %j', async (userId) => {
    expect(await list(userId)).toMatchObject({ status: 404 });
    expect((await wibiclick.requests())[0].query.id).toBe(userId);
  });
});

/** Lists `user` from a server that has these pages in mind. */
async function listFrom(page: (query: { limit: number; offset: number }) => unknown) {
  const server = await startScriptedServer(({ query }: SeenRequest) => ({
    body: page({ limit: Number(query.limit), offset: Number(query.offset) }),
  }));
  await wibiclick.secret({ baseUrl: server.url });

  const answer = await list('u-1', 'limit=1000');

  await server.close();
  return { answer, offsets: server.seen.map(({ query }) => query.offset) };
}

const websites = (count: number) => Array.from({ length: count }, (_, index) => ({ label: `w${index}`, value: index }));
const asObject = (rows: unknown[], total: number) => ({ websites: rows, total });

describe("the provider's pages", () => {
  test.each([
    ['99 websites', 99, ['0']],
    ['100 websites', 100, ['0', '100']],
    ['101 websites', 101, ['0', '100']],
    ['250 websites', 250, ['0', '100', '200']],
  ])('of %s are read to the first short one', async (_, count, expected) => {
    const all = websites(count);

    const { answer, offsets } = await listFrom(({ limit, offset }) => all.slice(offset, offset + limit));

    expect(answer.body.items).toHaveLength(count);
    expect(answer.body.items.at(-1)).toEqual({ websiteId: String(count - 1), name: `w${count - 1}` });
    expect(offsets).toEqual(expected);
  });

  test.each([
    ['100', 100],
    ['150', 150],
  ])('of a server that gives the same %s rows for every offset are read twice', async (_, count) => {
    const { answer, offsets } = await listFrom(() => websites(count));

    expect(answer.body.items).toHaveLength(count);
    expect(offsets).toEqual(['0', '100']);
  });

  test('may repeat a row that moved', async () => {
    const all = websites(150);

    const { answer } = await listFrom(({ offset }) => (offset === 0 ? all.slice(0, 100) : all.slice(99)));

    expect(answer.body.items).toHaveLength(150);
  });

  test('that never end are an error after 50 of them', async () => {
    const { answer, offsets } = await listFrom(({ offset }) =>
      websites(100).map((row) => ({ ...row, value: row.value + offset })),
    );

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
    expect(offsets).toHaveLength(50);
  });

  test('may say their total', async () => {
    const { answer } = await listFrom(() => asObject([{ id: 'a' }], 1));

    expect(answer).toMatchObject({ status: 200, body: { items: [{ websiteId: 'a' }] } });
  });

  test('that hold less than their total are an error', async () => {
    const { answer } = await listFrom(() =>
      asObject(
        websites(50).map(({ value }) => ({ id: value })),
        51,
      ),
    );

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
    expect(answer.body.detail).toContain('50 of 51');
  });
});

test.each([
  ['label', { value: 7, label: 'a', name: 'b', url: 'c' }, 'a'],
  ['name', { id: 7, name: 'b', url: 'c' }, 'b'],
  ['url', { id: 7, name: null, url: 'https://c.example' }, 'https://c.example'],
  ['name beside a value', { value: 7, label: null, name: 'b' }, 'b'],
  ['id when it has no name', { value: 7, label: null }, '7'],
])('a website is named by its %s', async (_, row, name) => {
  const { answer } = await listFrom(() => [row]);

  expect(answer.body.items).toEqual([{ websiteId: '7', name }]);
});

describe('is an error, never an empty list:', () => {
  test.each([
    ['another shape', '{"data":[]}'],
    ['an object without websites', '{"total":0}'],
    ['websites that are no array', '{"websites":{}}'],
    ['null', 'null'],
    ['nothing', ''],
    ['a string', '"none"'],
    ['a number', '0'],
    ['plain text', 'none'],
    ['truncated JSON', '[{"label":"Alder","val'],
    ['HTML', '<!doctype html><p>Welcome</p>'],
    ['a row of another shape', '[{"label":"Alder","value":"201"},{"label":"Birch"}]'],
    ['a row that is null', '[null]'],
    ['an id of another type', '[{"label":"Alder","value":true}]'],
    ['an id that is no whole number', '[{"label":"Alder","value":1.5}]'],
    ['a total of another type', '{"websites":[],"total":"0"}'],
  ])('%s', async (_, body) => {
    await onRead({ body });

    expect(await list()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied' },
    });
    expect(await wibiclick.requests()).toHaveLength(1);
  });
});

describe('a read that fails', () => {
  test.each([
    ['cut before the answer', { drop: 'before' }],
    ['cut after it', { drop: 'after' }],
    ['500', { status: 500 }],
  ])('%s is repeated twice', async (_, then) => {
    await onRead(then, 2);

    expect(await list()).toMatchObject({ status: 200, body: { items: [alder, birch] } });
    expect(time.waits).toEqual([500, 1000]);
  });

  test('again and again is 503 and says when to come back', async () => {
    await onRead({ status: 500 }, 9);

    const answer = await list();

    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(answer.headers['retry-after']).toBe('5');
    expect(await wibiclick.requests()).toHaveLength(3);
  });

  test('for want of time is retryable', async () => {
    const runOut = await wibiclick.hold(listPath, { method: 'GET' });
    const answer = invoke(handler, { path: { userId: '101' } });
    await wibiclick.came(listPath);
    time.advance(60_000);
    runOut();

    expect((await answer).body).toMatchObject({
      retryable: true,
      outcome: 'not_applied',
    });
  });

  test.each([
    ['a wrong key', 401, 'provider_credentials'],
    ['a key without the right', 403, 'provider_permission'],
  ])('for %s is not repeated', async (_, status, code) => {
    await onRead({ status }, 9);

    expect(await list()).toMatchObject({ status: 502, body: { code, retryable: false } });
    expect(await wibiclick.requests()).toHaveLength(1);
  });
});
