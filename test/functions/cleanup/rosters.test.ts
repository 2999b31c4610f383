import { handler as getRoster } from '../../../functions/cleanup/get-roster.ts';
import { handler as putRoster } from '../../../functions/cleanup/put-roster.ts';
import { loadRoster } from '../../../functions/cleanup/rosters/roster-store.ts';
import { store as table } from '../../../functions/shared/store.ts';
import { deleteAll } from '../../../functions/shared/store-many.ts';
import { invoke, type TestRequest } from '../../support/invoke.ts';
import { proxiedStore } from '../../support/store-proxy.ts';
import '../../support/providers.ts';
import { logLines } from '../../support/log-lines.ts';
import { time } from '../../support/time.ts';

const store = proxiedStore();
const lines = logLines();
const caller = 'arn:aws:iam::000000000000:user/hr';

const put = (body: string, count: number | string, { provider = 'wecom', ...request }: Sent = {}) =>
  invoke(putRoster, {
    ...request,
    path: { provider },
    body,
    caller,
    headers: { 'content-type': 'text/csv', 'x-row-count': String(count), ...request.headers },
  });
type Sent = TestRequest & { provider?: string };

const get = (provider = 'wecom') => invoke(getRoster, { path: { provider } });
const chunkKeys = async (provider = 'wecom') =>
  (await Array.fromAsync(table.queryAll(`roster#${provider}`, 'chunk#'))).map(({ pk, sk }) => ({ pk, sk }));
const numbered = (count: number, name = 'user') => Array.from({ length: count }, (_, index) => `${name}${index}`);
const fileOf = (ids: string[]) => `userid\n${ids.join('\n')}\n`;

test('a roster is stored, and described without its ids', async () => {
  time.hold();
  const answer = await put('userid\nzhangsan\nLiSi\n', 2);

  expect(answer).toMatchObject({ status: 200 });
  const uploadedAt = new Date(answer.body.uploadedAt);
  expect(answer.body).toEqual({
    provider: 'wecom',
    rows: 2,
    uploadedAt: uploadedAt.toISOString(),
    uploadedBy: caller,
  });
  expect((await get()).body).toEqual(answer.body);
  expect(await loadRoster('wecom')).toEqual({
    ids: new Set(['zhangsan', 'lisi']),
    rows: 2,
    uploadedAt: uploadedAt.getTime(),
    uploadedBy: caller,
  });
});

test.each([
  ['dingtalk', ['LiSi', 'lisi', '=1+1', '张三']],
  ['wibiclick', ['101', 'a@b', '-7']],
] as const)('ids of %s keep their case, whatever they begin with', async (provider, ids) => {
  await put(fileOf([...ids]), ids.length, { provider });

  expect((await loadRoster(provider))?.ids).toEqual(new Set(ids));
});

test('the rosters of the providers are apart', async () => {
  await put('userid\nlisi', 1);

  expect(await loadRoster('dingtalk')).toBeUndefined();
  expect(await get('dingtalk')).toMatchObject({
    status: 404,
    body: { code: 'not_found', errors: [{ path: 'provider' }], fix: 'Upload it with PUT /rosters/dingtalk.' },
  });
});

const saysTwo = (count: number) =>
  `says ${count}, but 2 rows follow the header; send the whole file and its number of rows`;
const wecomId = 'must be 1 to 64 of the characters A-Z a-z 0-9 _ - @ . and start with a letter or digit';

test.each([
  ['fewer rows than told', 'wecom', 'userid\na\nb', 3, 'x-row-count', saysTwo(3)],
  ['more rows than told', 'wecom', 'userid\na\nb', 1, 'x-row-count', saysTwo(1)],
  ['no row', 'wecom', 'userid\n', 0, 'body', 'must have at least one row below the header'],
  ['nothing at all', 'wecom', '', 0, 'header', 'is missing: the first line must name the fields'],
  ['a count that is none', 'wecom', 'userid\na', '1.0', 'x-row-count', 'must be the number of rows below the header'],
  ['another header', 'wecom', 'id\na', 1, 'header', 'must be userid, and nothing else'],
  ['no header', 'wecom', 'a\nb', 1, 'header', 'must be userid, and nothing else'],
  [
    'another column',
    'wecom',
    'userid,mobile\na,13900001111',
    1,
    'header',
    'mobile is not wanted; remove it: a roster holds ids only',
  ],
  ['an id twice', 'dingtalk', 'userid\na\nb\na', 3, 'row 4', 'repeats the id of row 2; keep one'],
  ['an id twice, ignoring case', 'wecom', 'userid\nLisi\nlisi', 2, 'row 3', 'repeats the id of row 2; keep one'],
  ['an id of no WeCom member', 'wecom', 'userid\na\n张三', 2, 'row 3: userid', wecomId],
  [
    'an id of no DingTalk user',
    'dingtalk',
    'userid\nli si',
    1,
    'row 2: userid',
    'must have 1 to 64 characters without spaces',
  ],
  [
    'an id of no WibiClick user',
    'wibiclick',
    'userid\n1/2',
    1,
    'row 2: userid',
    'must have 1 to 128 characters, without spaces and / ? # & %',
  ],
  ['text that is not UTF-8', 'wecom', 'userid\nl\uFFFDsi', 1, 'body', 'is not UTF-8: save it as CSV UTF-8'],
])('refuses %s, and keeps what is stored: %s', async (_, provider, file, count, path, message) => {
  await put('userid\nbefore', 1, { provider });

  expect(await put(file, count, { provider })).toMatchObject({
    status: 400,
    body: { code: 'invalid_input', errors: [{ path, message }] },
  });
  expect(await get(provider)).toMatchObject({ body: { rows: 1 } });
  expect(await chunkKeys(provider)).toHaveLength(1);
});

test('needs the row count, and one of the three providers', async () => {
  const headers = { 'content-type': 'text/csv' };

  const uncounted = await invoke(putRoster, { path: { provider: 'wecom' }, body: 'userid\na', headers });
  const elsewhere = await put('userid\na', 1, { provider: 'feishu' });

  expect(uncounted).toMatchObject({ status: 400, body: { errors: [{ path: 'x-row-count', message: 'is required' }] } });
  expect(elsewhere).toMatchObject({ status: 400, body: { errors: [{ path: 'provider' }] } });
});

test('a refusal and the log repeat no cell', async () => {
  const answer = await put('userid,13900001111\n孙二二二,139 0000 1111', 1);
  const rows = await put('userid\n孙二二二\n139 0000 1111', 2);

  expect(rows.body.errors).toHaveLength(2);
  expect(JSON.stringify([answer.body, rows.body]) + lines.text()).not.toMatch(/二二|139/);
});

test('20,000 ids are stored and read back, and a new roster takes their place', async () => {
  const ids = numbered(20_000);
  expect(await put(fileOf(ids), ids.length)).toMatchObject({ status: 200 });
  expect((await loadRoster('wecom'))?.ids).toEqual(new Set(ids));
  expect(await chunkKeys()).toHaveLength(40);

  time.advance(61_000);
  await put(fileOf(numbered(600, 'new')), 600);

  expect((await loadRoster('wecom'))?.ids).toEqual(new Set(numbered(600, 'new')));
  expect(await chunkKeys()).toHaveLength(2);
});

test('a chunk of the longest ids is far from the limit of an item', async () => {
  const ids = numbered(1_000).map((id) => id + '张'.repeat(128 - id.length));

  await put(fileOf(ids), ids.length, { provider: 'wibiclick' });

  const chunks = await Array.fromAsync(table.queryAll('roster#wibiclick', 'chunk#'));
  expect(Math.max(...chunks.map((chunk) => Buffer.byteLength(JSON.stringify(chunk))))).toBeLessThan(220_000);
});

describe('when the store goes down', () => {
  test.each([
    ['before the chunks', 'BatchWriteItem'],
    ['between chunks and head', 'PutItem'],
  ])('%s, the old roster stays whole, and the next upload removes the rest', async (_, refused) => {
    await put(fileOf(numbered(3)), 3);
    store.refuse((call) => call === refused);

    expect(await put(fileOf(numbered(600, 'new')), 600)).toMatchObject({
      status: 503,
      body: { code: 'store_unavailable', outcome: 'not_applied' },
    });

    store.refuse(() => false);
    expect((await loadRoster('wecom'))?.ids).toEqual(new Set(numbered(3)));
    time.advance(61_000);
    await put(fileOf(numbered(1)), 1);
    expect(await chunkKeys()).toHaveLength(1);
  });

  test('after the head, the new roster holds', async () => {
    store.refuse((call) => call === 'Query');

    expect(await put(fileOf(numbered(3)), 3)).toMatchObject({ status: 200 });

    store.refuse(() => false);
    expect((await loadRoster('wecom'))?.rows).toBe(3);
  });
});

test('of two uploads at the same time one wins, whole', async () => {
  const [one, other] = [numbered(1_200, 'one'), numbered(1_300, 'other')];

  await Promise.all([put(fileOf(one), one.length), put(fileOf(other), other.length)]);

  const { ids } = (await loadRoster('wecom')) ?? {};
  expect([new Set(one), new Set(other)]).toContainEqual(ids);
});

test('a roster that lacks a part is not given out', async () => {
  await put(fileOf(numbered(1_200)), 1_200);
  const [key] = await chunkKeys();
  await deleteAll(key ? [key] : []);

  await expect(loadRoster('wecom')).rejects.toMatchObject({
    code: 'conflict',
    message: 'the roster of wecom is not complete: 1000 of 1200 ids are there',
  });
});

test('an upload with a key is carried out once; the row count belongs to the request', async () => {
  const headers = { 'idempotency-key': 'roster-1' };
  const first = await put('userid\nlisi', 1, { headers });
  time.advance(1_000);

  const replay = await put('userid\nlisi', 1, { headers });
  const other = await put('userid\nlisi', 2, { headers });

  expect(replay).toMatchObject({ body: first.body, headers: { 'idempotent-replayed': 'true' } });
  expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
});
