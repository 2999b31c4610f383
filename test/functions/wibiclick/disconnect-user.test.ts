import { handler } from '../../../functions/wibiclick/disconnect-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { startScript } from '../../support/scripted-server.ts';
import { time } from '../../support/time.ts';

const wibiclick = simulated('wibiclick');
logLines();
const listPath = '/get-websites-for-user';
const postPath = '/disconnect-user-from-website';
const readWriteRead = [`GET ${listPath}`, `POST ${postPath}`, `GET ${listPath}`];

const disconnect = (userId = '101', websiteId = '201') => invoke(handler, { path: { userId, websiteId } });
const calls = async () => (await wibiclick.requests()).map(({ method, path }) => `${method} ${path}`);
const posts = () => wibiclick.requests(postPath);
const onPost = (then: Record<string, unknown>, times = 1) => wibiclick.faults({ path: postPath, times, then });
const onRead = (then: Record<string, unknown>, times = 1) =>
  wibiclick.faults({ method: 'GET', path: listPath, times, then });
/** A fault of the reads that come after the first one. */
const onReadBack = (then: Record<string, unknown>, times = 9) => onRead({}).then(() => onRead(then, times));
const websitesOf = async (userId = '101') =>
  (await wibiclick.state()).links
    .filter((link: Json) => link.userId === userId)
    .map(({ websiteId }: Json) => websiteId);

describe('reads, posts once, reads back, and nothing else changes', () => {
  test.each([
    ['a bare array, a string id', '101', '201', '201', { status: 200, message: 'User disconnected from website' }],
    ['a bare array, a number id', '101', '202', 202, { status: 201, message: 'done' }],
    ['an object, a string id', '102', '203', '203', { status: 200, message: 'User disconnected from website' }],
    ['an object, a number id', '104', '204', 204, { status: 201, message: 'done' }],
  ])('%s', async (_, userId, websiteId, sentId, response) => {
    const before = await wibiclick.state();

    const answer = await disconnect(userId, websiteId);

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      provider: 'wibiclick',
      websiteId,
      userId,
      outcome: 'disconnected',
      verified: true,
      response,
      warnings: [],
    });
    expect(await calls()).toEqual(readWriteRead);
    const [read, post] = await wibiclick.requests();
    expect(read.query).toEqual({ id: userId, limit: '100', offset: '0' });
    expect(post).toMatchObject({ query: {}, body: { userId, websiteId: sentId } });
    expect(post.headers).toMatchObject({ authorization: 'Bearer sandbox-wibi', 'content-type': 'application/json' });
    const isOther = (link: Json) => link.userId !== userId || link.websiteId !== websiteId;
    const after = await wibiclick.state();
    expect(after.links).toEqual(before.links.filter(isOther));
    expect(after.history).toEqual([{ userId, websiteId }]);
  });
});

describe('nothing is posted', () => {
  test.each([
    ['for a user that was never connected', '105', '201'],
    ['for a website of somebody else', '101', '203'],
    ['for a website that does not exist', '101', '999'],
    ['for a website whose id only begins alike', '101', '20'],
  ])('%s: 404', async (_, userId, websiteId) => {
    const answer = await disconnect(userId, websiteId);

    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'not_found', retryable: false, outcome: 'not_applied' },
    });
    expect(answer.body.detail).toBe(`user ${userId} is not connected to website ${websiteId}`);
    expect(await calls()).toEqual([`GET ${listPath}`]);
  });

  test('for an unknown user: 404 with the word for it and the field', async () => {
    expect(await disconnect('ghost')).toMatchObject({
      status: 404,
      body: {
        code: 'not_found',
        outcome: 'not_applied',
        provider: { name: 'wibiclick', code: 'user_not_found', message: 'User not found' },
        errors: [{ path: 'userId' }],
      },
    });
    expect(await calls()).toEqual([`GET ${listPath}`]);
  });

  test('for a link that an earlier call ended', async () => {
    await disconnect();

    expect(await disconnect()).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await posts()).toHaveLength(1);
  });
});

describe('refuses before anything is sent', () => {
  const expectRefusal = async (answer: Json, field: string) => {
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', retryable: false } });
    expect(answer.body.outcome).toBe('not_applied');
    expect(answer.body.errors.map(({ path }: Json) => path)).toEqual([field]);
    expect(answer.body.detail).toContain(field);
    expect(await wibiclick.requests()).toEqual([]);
  };

  const badIds = [
    '',
    ' ',
    '10 1',
    '101\n',
    '10\u00001',
    '10\u00851',
    '10\u20281',
    '10/1',
    '101?x',
    '101#x',
    '101&id=102',
    '%31',
    'x'.repeat(129),
    '𠮷'.repeat(129),
  ];

  test.each(badIds)('userId %j', async (userId) => expectRefusal(await disconnect(userId), 'userId'));
  test.each([...badIds, 'default'])('websiteId %j', async (websiteId) =>
    expectRefusal(await disconnect('101', websiteId), 'websiteId'),
  );

  const path = { userId: '101', websiteId: '201' };
  const body = path;

  test.each<[name: string, field: string, request: Json]>([
    ['a missing userId', 'userId', { path: { websiteId: '201' } }],
    ['a missing websiteId', 'websiteId', { path: { userId: '101' } }],
    ['a number', 'userId', { body: { ...body, userId: 101 } }],
    ['null', 'websiteId', { body: { ...body, websiteId: null } }],
    ['an array', 'websiteId', { body: { ...body, websiteId: ['201'] } }],
    ['an unknown field of the body', 'force', { path, body: { force: true } }],
    ['an unknown field of the query', 'force', { path, query: 'force=1' }],
    ['another userId in the body', 'userId', { path, body: { userId: '102' } }],
    ['another websiteId in the query', 'websiteId', { path, query: 'websiteId=202' }],
    ['a body that is no JSON', 'body', { path, body: '{"userId"' }],
    ['a body that is no object', 'body', { path, body: '[]' }],
    ['a body of 2 MB', 'body', { path, body: JSON.stringify({ userId: 'x'.repeat(2_000_000) }) }],
    ['another content type', 'content-type', { path, body: '{}', headers: { 'content-type': 'text/plain' } }],
    ['a __proto__ key', '__proto__', { path, body: '{"__proto__":{"userId":"102"}}' }],
    ['a lone surrogate', 'userId', { body: { ...body, userId: '\ud800' } }],
  ])('%s', async (_, field, request) => expectRefusal(await invoke(handler, request), field));

  test.each(['0', 'default', 'x'.repeat(128), '𠮷'.repeat(128), 'a+b=c', 'thandi@example.com', "o'neil:*;,.", '李四'])(
    'but sends the userId %j as it is',
    async (userId) => {
      expect(await disconnect(userId)).toMatchObject({ status: 404, body: { provider: { code: 'user_not_found' } } });
      expect((await wibiclick.requests())[0].query.id).toBe(userId);
    },
  );

  test.each(['0', 'Default', 'x'.repeat(128)])('but looks for the websiteId %j', async (websiteId) => {
    expect(await disconnect('101', websiteId)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await calls()).toEqual([`GET ${listPath}`]);
  });

  test('but takes the same id twice', async () => {
    expect(await invoke(handler, { path, body })).toMatchObject({ status: 200 });
  });
});

describe('a first read that fails means that nothing was sent', () => {
  test.each([
    ['another shape', { body: '{"data":[]}' }, 502, 'provider_unexpected', false, 1],
    ['an object without websites', { body: '{}' }, 502, 'provider_unexpected', false, 1],
    ['null', { body: 'null' }, 502, 'provider_unexpected', false, 1],
    ['nothing', { body: '' }, 502, 'provider_unexpected', false, 1],
    ['a string', { body: '"none"' }, 502, 'provider_unexpected', false, 1],
    ['truncated JSON', { body: '[{"label":"Alder","value":"2' }, 502, 'provider_unexpected', false, 1],
    ['HTML', { body: '<!doctype html><p>Welcome</p>' }, 502, 'provider_unexpected', false, 1],
    ['an id of a wrong type', { body: '[{"label":"Alder","value":true}]' }, 502, 'provider_unexpected', false, 1],
    ['a row without an id', { body: '[{"label":"Alder"}]' }, 502, 'provider_unexpected', false, 1],
    ['a list shorter than its total', { body: '{"websites":[],"total":1}' }, 502, 'provider_unexpected', false, 1],
    ['an answer over 1 MiB', { body: `[${' '.repeat(1024 * 1024)}]` }, 502, 'provider_unexpected', false, 1],
    ['a redirect', { status: 302 }, 502, 'provider_unexpected', false, 1],
    ['a failure inside a 200', { errcode: 7 }, 422, 'provider_rejected', false, 1],
    ['401', { status: 401 }, 502, 'provider_credentials', false, 1],
    ['403', { status: 403 }, 502, 'provider_permission', false, 1],
    ['404 for the call', { status: 404 }, 502, 'provider_unexpected', false, 1],
    ['500', { status: 500 }, 503, 'provider_unavailable', true, 3],
    ['a connection cut', { drop: 'before' }, 503, 'provider_unavailable', true, 3],
    ['429', { status: 429 }, 503, 'provider_rate_limited', true, 4],
  ])('%s', async (_, then, status, code, retryable, reads) => {
    await onRead(then, 9);

    const answer = await disconnect();

    expect(answer).toMatchObject({ status, body: { code, retryable, outcome: 'not_applied' } });
    expect(answer.headers['retry-after'] !== undefined).toBe(status === 503);
    expect(await calls()).toEqual(Array(reads).fill(`GET ${listPath}`));
    expect(await websitesOf()).toEqual(['201', '202']);
  });

  test('nor when the provider is too slow', async () => {
    const runOut = await wibiclick.hold(listPath, { method: 'GET' });
    const answering = disconnect();
    await wibiclick.came(listPath);
    time.advance(60_000);
    runOut();

    const answer = await answering;
    expect(answer.body).toMatchObject({ retryable: true, outcome: 'not_applied' });
    expect(await posts()).toEqual([]);
  });

  test('nor when the provider is down', async () => {
    const script = await startScript([]);
    await script.close();
    await wibiclick.secret({ baseUrl: script.url });

    const answer = await disconnect();

    expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable', outcome: 'not_applied' } });
    expect(answer.body.detail).toContain('ECONNREFUSED');
    expect(time.waits).toEqual([500, 1000]);
  });

  test('nor when no time is left', async () => {
    const answer = await invoke(handler, { path: { userId: '101', websiteId: '201' } }, 900);

    expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable', outcome: 'not_applied' } });
    expect(await wibiclick.requests()).toEqual([]);
  });

  test('and one that fails twice is no failure', async () => {
    await onRead({ status: 502 }, 2);

    expect(await disconnect()).toMatchObject({ status: 200, body: { outcome: 'disconnected', verified: true } });
    expect(await posts()).toHaveLength(1);
  });
});

describe('a refused POST is not repeated', () => {
  test.each([
    ['success: false', { errcode: 7 }, 422, 'provider_rejected', 'rejected'],
    ['400', { status: 400 }, 422, 'provider_rejected', 'invalid_input'],
    ['401', { status: 401 }, 502, 'provider_credentials', 'unauthorized'],
    ['403', { status: 403 }, 502, 'provider_permission', 'forbidden'],
    ['a bare 404', { status: 404, body: 'Not Found' }, 502, 'provider_unexpected', 'endpoint_not_found'],
    [
      'an HTML 404',
      { status: 404, body: '<p>Website not found</p>' },
      502,
      'provider_unexpected',
      'endpoint_not_found',
    ],
    [
      'a 404 that names the route',
      { status: 404, body: '{"message":"Route POST:/disconnect-user-from-website not found"}' },
      502,
      'provider_unexpected',
      'endpoint_not_found',
    ],
    ['405', { status: 405 }, 502, 'provider_unexpected', 'endpoint_not_found'],
    ['501', { status: 501 }, 502, 'provider_unexpected', 'endpoint_not_found'],
  ])('%s', async (_, then, status, code, word) => {
    await onPost(then, 9);

    expect(await disconnect()).toMatchObject({
      status,
      body: { code, retryable: false, outcome: 'not_applied', provider: { code: word } },
    });
    expect(await posts()).toHaveLength(1);
    expect(await websitesOf()).toEqual(['201', '202']);
  });

  test('409 is taken for a refusal only after reading back', async () => {
    await onPost({ status: 409 }, 9);

    expect(await disconnect()).toMatchObject({
      status: 409,
      body: { code: 'conflict', retryable: false, outcome: 'not_applied' },
    });
    expect(await calls()).toEqual(readWriteRead);
  });

  test('HTML on a 200 is no success, and no proof of a failure: the list decides', async () => {
    await onPost({ body: '<html></html>' }, 9);

    expect(await disconnect()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', outcome: 'not_applied', provider: { code: 'misconfigured' } },
    });
    expect(await calls()).toEqual(readWriteRead);
    expect(await websitesOf()).toEqual(['201', '202']);
  });
});

test('a throttled POST is sent again after the wait', async () => {
  await onPost({ status: 429 }, 2);

  expect(await disconnect()).toMatchObject({ status: 200, body: { outcome: 'disconnected', verified: true } });
  expect(await posts()).toHaveLength(3);
  expect(time.waits).toEqual([1250, 1250]);
});

test('a POST that stays throttled is 503 with the time to wait', async () => {
  await onPost({ status: 429 }, 9);

  const answer = await disconnect();

  expect(answer).toMatchObject({ status: 503, body: { code: 'provider_rate_limited', outcome: 'not_applied' } });
  expect(answer.headers['retry-after']).toBe('1');
  expect(await websitesOf()).toEqual(['201', '202']);
});

describe('an attempt whose answer is lost', () => {
  test('is disconnected, with a warning, when the link is gone; it is not sent twice', async () => {
    await onPost({ drop: 'after' });

    const answer = await disconnect();

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'disconnected', verified: true, response: null } });
    expect(answer.body.warnings).toEqual(['upstream_error_but_verified']);
    expect(await calls()).toEqual(readWriteRead);
    expect((await wibiclick.state()).history).toHaveLength(1);
  });

  test.each([
    ['cut before the change', { drop: 'before' }],
    ['a 500', { status: 500 }],
  ])('%s: is sent once more only after the link was seen', async (_, then) => {
    await onPost(then);

    const answer = await disconnect();

    expect(answer.body).toMatchObject({ outcome: 'disconnected', verified: true, warnings: [] });
    expect(await calls()).toEqual([...readWriteRead, ...readWriteRead.slice(1)]);
    expect(await websitesOf()).toEqual(['202']);
  });

  test.each([
    ['cut before the change', { drop: 'before' }],
    ['a 500', { status: 500 }],
  ])('%s: is sent three times at most, with growing waits', async (_, then) => {
    await onPost(then, 9);

    expect(await disconnect()).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(await posts()).toHaveLength(3);
    expect(time.waits).toEqual([500, 1000]);
    expect(await websitesOf()).toEqual(['201', '202']);
  });

  test.each([
    ['fails', { status: 500 }],
    ['is HTML', { body: '<html></html>' }],
    ['is of another shape', { body: '{"data":[]}' }],
    ['is refused', { status: 401 }],
  ])('is unknown, and not sent again, when the read-back %s', async (_, then) => {
    await onPost({ drop: 'after' });
    await onReadBack(then);

    expect(await disconnect()).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', retryable: true, outcome: 'unknown' },
    });
    expect(await posts()).toHaveLength(1);
  });

  test('is unknown when the provider is too slow and no time is left to read back', async () => {
    const runOut = await wibiclick.hold(postPath);
    const answer = disconnect();
    await wibiclick.came(postPath);
    time.advance(60_000);
    runOut();

    expect(await answer).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', retryable: true, outcome: 'unknown' },
    });
    expect(await posts()).toHaveLength(1);
  });
});

describe('a yes', () => {
  test('without a deed is repeated once', async () => {
    await onPost({ errcode: 0 });

    expect(await disconnect()).toMatchObject({ status: 200, body: { outcome: 'disconnected', verified: true } });
    expect(await calls()).toEqual([...readWriteRead, ...readWriteRead.slice(1)]);
    expect(await websitesOf()).toEqual(['202']);
  });

  test('without a deed, twice, is verification_failed', async () => {
    await onPost({ errcode: 0 }, 9);

    expect(await disconnect()).toMatchObject({
      status: 502,
      body: { code: 'verification_failed', retryable: true, outcome: 'not_applied' },
    });
    expect(await calls()).toEqual([...readWriteRead, ...readWriteRead.slice(1)]);
    expect(await websitesOf()).toEqual(['201', '202']);
  });

  test.each([
    ['nothing', '', 'HTTP 200'],
    ['truncated JSON', '{"success":tr', '{"success":tr'],
    ['a string', '"done"', 'done'],
    ['an array', '[]', 'HTTP 200'],
    ['null', 'null', 'HTTP 200'],
    ['a session with a token', '{"token":"s3cret","email":"thandi@example.com"}', 'HTTP 200'],
  ])('may be %s: the list decides', async (_, body, message) => {
    const script = await startScript([{ body: [{ label: 'Alder', value: '201' }] }, { body }, { body: [] }]);
    await wibiclick.secret({ baseUrl: script.url });

    const answer = await disconnect();

    await script.close();
    expect(answer.body).toMatchObject({ outcome: 'disconnected', verified: true, response: { status: 200, message } });
    expect(answer.body.warnings).toEqual([]);
  });

  test.each([
    ['fails', { status: 500 }],
    ['is HTML', { body: '<html></html>' }],
    ['is of another shape', { body: '{"data":[]}' }],
    ['is refused', { status: 403 }],
  ])('is unverified, with the reason, when the read-back %s', async (_, then) => {
    await onReadBack(then);

    const answer = await disconnect();

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'disconnected', verified: 'unverified' } });
    expect(answer.body.reason).toMatch(/^reading back failed: wibiclick/);
    expect(await posts()).toHaveLength(1);
    expect(await websitesOf()).toEqual(['202']);
  });
});

describe('the secret', () => {
  test('may name another header and no scheme', async () => {
    await wibiclick.secret({ authHeader: 'X-API-Key', authScheme: '' });

    expect(await disconnect()).toMatchObject({ status: 200 });
    for (const { headers } of await wibiclick.requests()) {
      expect(headers).toMatchObject({ 'x-api-key': 'sandbox-wibi' });
      expect(headers).not.toHaveProperty('authorization');
    }
  });

  test('may hold a base URL with a path, which is kept', async () => {
    await wibiclick.secret({ baseUrl: `${wibiclick.url}/prefix/` });

    expect(await disconnect()).toMatchObject({ status: 502, body: { provider: { code: 'endpoint_not_found' } } });
    expect(await calls()).toEqual([`GET /prefix${listPath}`]);
  });

  test('with a wrong key is 502, and the key is tried once', async () => {
    await wibiclick.secret({ apiKey: 'wrong-key' });

    const answer = await disconnect();

    expect(answer).toMatchObject({
      status: 502,
      body: {
        code: 'provider_credentials',
        retryable: false,
        outcome: 'not_applied',
        provider: { code: 'unauthorized' },
      },
    });
    expect(answer.body.fix).toContain('apiKey');
    expect(await wibiclick.requests()).toHaveLength(1);
  });

  test('that was rotated is read again, and the call succeeds', async () => {
    await wibiclick.secret({ apiKey: 'old-key' });
    await disconnect();
    await wibiclick.secret({});

    expect(await disconnect()).toMatchObject({ status: 200, body: { outcome: 'disconnected', verified: true } });
    expect((await wibiclick.requests()).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old-key',
      'Bearer old-key',
      ...Array(3).fill('Bearer sandbox-wibi'),
    ]);
  });

  test('that is refused at the POST only is read again too', async () => {
    await disconnect('105');
    await wibiclick.secret({ note: 'rotated' });
    await onPost({ status: 401 });

    expect(await disconnect()).toMatchObject({ status: 200, body: { outcome: 'disconnected', verified: true } });
    expect(await posts()).toHaveLength(2);
    expect(await websitesOf()).toEqual(['202']);
  });

  test.each<[string, Json]>([
    ['apiKey', { apiKey: undefined }],
    ['apiKey', { apiKey: '' }],
    ['apiKey', { apiKey: 7 }],
    ['apiKey', { apiKey: 'sandbox\nwibi' }],
    ['apiKey', { apiKey: 'ключ-sandbox' }],
    ['baseUrl', { baseUrl: undefined }],
    ['baseUrl', { baseUrl: 'wibi.example' }],
    ['baseUrl', { baseUrl: 'http://wibi.example' }],
    ['baseUrl', { baseUrl: 'https://user:pass@wibi.example' }],
    ['baseUrl', { baseUrl: 'https://wibi.example/?a=1' }],
    ['baseUrl', { baseUrl: 'https://wibi.example/#a' }],
    ['authHeader', { authHeader: '' }],
    ['authHeader', { authHeader: 'X API' }],
    ...['Host', 'content-length', 'Content-Type', 'connection', 'Transfer-Encoding', 'cookie'].map(
      (authHeader): [string, Json] => ['authHeader', { authHeader }],
    ),
    ['authScheme', { authScheme: 'Bearer\n' }],
    ['authScheme', { authScheme: 'Ключ' }],
  ])('with a bad %s (%j) is 502 naming it, and nothing is sent', async (field, changes) => {
    await wibiclick.secret(changes);

    const answer = await disconnect();

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials', outcome: 'not_applied' } });
    expect(answer.body.detail).toContain(field);
    expect(JSON.stringify(answer)).not.toMatch(/sandbox|ключ|pass/);
    expect(await wibiclick.requests()).toEqual([]);
  });

  test.each(['', 'sandbox-wibi', '[]', 'null', '{"apiKey":"sandbox-wibi"'])(
    'that is %j is 502, and not shown',
    async (text) => {
      await wibiclick.putSecret(text);

      const answer = await disconnect();

      expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials', outcome: 'not_applied' } });
      expect(JSON.stringify(answer)).not.toContain('sandbox-wibi');
      expect(await wibiclick.requests()).toEqual([]);
    },
  );

  test('that does not exist is 502 naming it', async () => {
    process.env.USHER_WIBICLICK_SECRET_ID = 'usher/test/nowhere';

    const answer = await disconnect();

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials', outcome: 'not_applied' } });
    expect(answer.body.fix).toContain('usher/test/nowhere');
    expect(await wibiclick.requests()).toEqual([]);
  });
});
