import { handler } from '../../../functions/wibiclick/connect-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { startScript, startScriptedServer } from '../../support/scripted-server.ts';
import { time } from '../../support/time.ts';

const wibiclick = simulated('wibiclick');
logLines();
const websitesPath = '/get-websites';
const listPath = '/get-websites-for-user';
const postPath = '/connect-user-to-website';
const reads = [`GET ${websitesPath}`, `GET ${listPath}`];
const postAndRead = [`POST ${postPath}`, `GET ${listPath}`];

const connect = (userId = '105', websiteId = '201') => invoke(handler, { path: { userId, websiteId } });
const calls = async () => (await wibiclick.requests()).map(({ method, path }) => `${method} ${path}`);
const onPost = (then: Record<string, unknown>, times = 1) => wibiclick.faults({ path: postPath, times, then });
const onRead = (path: string, then: Record<string, unknown>, times = 9) =>
  wibiclick.faults({ method: 'GET', path, times, then });
/** A fault of the reads that come after the first one. */
const onReadBack = (then: Record<string, unknown>) => onRead(listPath, {}, 1).then(() => onRead(listPath, then));
const websitesOf = async (userId = '105') =>
  (await wibiclick.state()).links
    .filter((link: Json) => link.userId === userId)
    .map(({ websiteId }: Json) => websiteId);

describe('reads, posts once, reads back, and nothing else changes', () => {
  test.each([
    ['a bare array, a string id', '101', '203', '203'],
    ['a bare array, a number id', '101', '204', 204],
    ['an object, a string id', '104', '201', '201'],
    ['an object, a number id', '102', '202', 202],
    ['an empty list', '105', '202', 202],
  ])('%s', async (_, userId, websiteId, sentId) => {
    const { links: before } = await wibiclick.state();

    const answer = await connect(userId, websiteId);

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      provider: 'wibiclick',
      websiteId,
      userId,
      outcome: 'connected',
      verified: true,
      response: { status: 200, message: 'ok' },
      warnings: [],
    });
    expect(await calls()).toEqual([...reads, ...postAndRead]);
    const [websites, list, post] = await wibiclick.requests();
    expect(websites.query).toEqual({ limit: '100', offset: '0' });
    expect(list.query).toEqual({ id: userId, limit: '100', offset: '0' });
    expect(post).toMatchObject({ query: {}, body: { userId, websiteId: sentId } });
    const { links: after } = await wibiclick.state();
    expect(after).toHaveLength(before.length + 1);
    expect(after).toEqual(expect.arrayContaining([...before, { userId, websiteId }]));
  });
});

describe('nothing is posted', () => {
  test('for a user who is connected: that is what was asked for', async () => {
    expect(await connect('101', '202')).toMatchObject({
      status: 200,
      body: { outcome: 'connected', verified: true, response: null, warnings: ['already_connected'] },
    });
    expect(await calls()).toEqual(reads);
  });

  test.each(['999', '20', 'Default'])('for the website %s, which does not exist: 404', async (websiteId) => {
    const answer = await connect('101', websiteId);

    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'not_found', retryable: false, outcome: 'not_applied', errors: [{ path: 'websiteId' }] },
    });
    expect(answer.body.detail).toContain(websiteId);
    expect(await calls()).toEqual([`GET ${websitesPath}`]);
  });

  test('for an unknown user: 404 with the field', async () => {
    expect(await connect('ghost')).toMatchObject({
      status: 404,
      body: { code: 'not_found', provider: { code: 'user_not_found' }, errors: [{ path: 'userId' }] },
    });
    expect(await calls()).toEqual(reads);
  });

  test.each([
    ['userId', '', '201'],
    ['userId', '101&id=102', '201'],
    ['userId', 'x'.repeat(129), '201'],
    ['websiteId', '101', ' '],
    ['websiteId', '101', 'default'],
    ['websiteId', '101', '201/x'],
  ])('for a malformed %s', async (field, userId, websiteId) => {
    expect(await connect(userId, websiteId)).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ path: field }] },
    });
    expect(await wibiclick.requests()).toEqual([]);
  });

  describe.each([websitesPath, listPath])('when %s', (path) => {
    test.each([
      ['is of another shape', { body: '{"data":[]}' }, 502, 'provider_unexpected'],
      ['is HTML', { body: '<html></html>' }, 502, 'provider_unexpected'],
      ['is shorter than its total', { body: '{"websites":[],"total":1}' }, 502, 'provider_unexpected'],
      ['is refused', { status: 403 }, 502, 'provider_permission'],
      ['fails', { status: 500 }, 503, 'provider_unavailable'],
      ['is throttled', { status: 429 }, 503, 'provider_rate_limited'],
    ])('%s', async (_, then, status, code) => {
      await onRead(path, then);

      expect(await connect()).toMatchObject({ status, body: { code, outcome: 'not_applied' } });
      expect(await wibiclick.requests(postPath)).toEqual([]);
    });
  });
});

test('finds the website on the second page', async () => {
  const websites = Array.from({ length: 150 }, (_, index) => ({ label: `w${index}`, value: index }));
  const linked: unknown[] = [];
  const server = await startScriptedServer(({ path, query, body }) => {
    const start = Number(query.offset);
    if (path === postPath) linked.push({ label: 'w', value: body.websiteId });
    return { body: path === websitesPath ? websites.slice(start, start + 100) : linked };
  });
  await wibiclick.secret({ baseUrl: server.url });

  const answer = await connect('u-1', '149');

  await server.close();
  expect(answer).toMatchObject({ status: 200, body: { outcome: 'connected', verified: true, websiteId: '149' } });
  expect(linked).toEqual([{ label: 'w', value: 149 }]);
});

describe('a refused POST is not repeated', () => {
  test.each([
    ['success: false', { errcode: 7 }, 422, 'provider_rejected'],
    ['an unknown user', { status: 404, body: '{"message":"User not found"}' }, 404, 'not_found'],
    ['400', { status: 400 }, 422, 'provider_rejected'],
    ['403', { status: 403 }, 502, 'provider_permission'],
    ['a bare 404', { status: 404, body: 'Not Found' }, 502, 'provider_unexpected'],
  ])('%s', async (_, then, status, code) => {
    await onPost(then, 9);

    expect(await connect()).toMatchObject({ status, body: { code, retryable: false, outcome: 'not_applied' } });
    expect(await calls()).toEqual([...reads, `POST ${postPath}`]);
    expect(await websitesOf()).toEqual([]);
  });

  test('409 is taken for a refusal only after reading back', async () => {
    await onPost({ status: 409 }, 9);

    expect(await connect()).toMatchObject({ status: 409, body: { code: 'conflict', outcome: 'not_applied' } });
    expect(await calls()).toEqual([...reads, ...postAndRead]);
  });
});

test.each([409, 500])('%s because somebody else connected them meanwhile is no failure', async (status) => {
  const alder = [{ label: 'Alder', value: '201' }];
  const script = await startScript([{ body: alder }, { body: [] }, { status }, { body: alder }]);
  await wibiclick.secret({ baseUrl: script.url });

  const answer = await connect();

  await script.close();
  expect(answer.body).toMatchObject({ outcome: 'connected', warnings: ['upstream_error_but_verified'] });
  expect(script.seen).toHaveLength(4);
});

describe('an attempt whose answer is lost', () => {
  test('is connected, with a warning, when the link is there; it is not sent twice', async () => {
    await onPost({ drop: 'after' });

    expect((await connect()).body).toMatchObject({
      outcome: 'connected',
      verified: true,
      response: null,
      warnings: ['upstream_error_but_verified'],
    });
    expect(await calls()).toEqual([...reads, ...postAndRead]);
    expect(await websitesOf()).toEqual(['201']);
  });

  test.each([
    ['cut before the change', { drop: 'before' }],
    ['a 500', { status: 500 }],
  ])('%s: is sent once more, after the link was not seen', async (_, then) => {
    await onPost(then);

    expect((await connect()).body).toMatchObject({ outcome: 'connected', verified: true, warnings: [] });
    expect(await calls()).toEqual([...reads, ...postAndRead, ...postAndRead]);
    expect(await websitesOf()).toEqual(['201']);
  });

  test('twice, without an effect, is 503', async () => {
    await onPost({ status: 500 }, 9);

    expect(await connect()).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(await calls()).toEqual([...reads, ...postAndRead, ...postAndRead]);
    expect(time.waits).toEqual([500]);
  });

  test.each([
    ['fails', { status: 500 }],
    ['is of another shape', { body: '{"data":[]}' }],
    ['is refused', { status: 401 }],
  ])('is unknown, and not sent again, when the read-back %s', async (_, then) => {
    await onPost({ drop: 'after' });
    await onReadBack(then);

    expect(await connect()).toMatchObject({ status: 504, body: { code: 'provider_timeout', outcome: 'unknown' } });
    expect(await wibiclick.requests(postPath)).toHaveLength(1);
  });
});

describe('a yes', () => {
  test('without a deed is verification_failed, and not sent again', async () => {
    await onPost({ errcode: 0 }, 9);

    expect(await connect()).toMatchObject({ status: 502, body: { code: 'verification_failed', retryable: true } });
    expect(await calls()).toEqual([...reads, ...postAndRead]);
    expect(await websitesOf()).toEqual([]);
  });

  test('that cannot be read back is unverified, with the reason', async () => {
    await onReadBack({ status: 500 });

    const answer = await connect();

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'connected', verified: 'unverified' } });
    expect(answer.body.reason).toMatch(/^reading back failed: wibiclick/);
    expect(await websitesOf()).toEqual(['201']);
  });
});
