import { handler } from '../../../functions/dingtalk/get-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';
import { banBody, closedServer, getPath, legacyTokenPath, staleToken, tokenPath } from './support.ts';

const dingtalk = simulated('dingtalk');
const get = (userid = 'zhangsan') => invoke(handler, { path: { userid } });
const onGet = (then: Json, times = 1) => dingtalk.faults({ path: getPath, times, then });
const onToken = (then: Json, times = 1) => dingtalk.faults({ path: tokenPath, times, then });
const calls = async () => (await dingtalk.requests()).map(({ path }) => path.split('/').at(-1));
const gets = (count: number) => ['accessToken', ...Array(count).fill('get')];

describe('gives', () => {
  test('the fields of the user without the envelope', async () => {
    const answer = await get();

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      userid: 'zhangsan',
      name: 'Zhang San',
      dept_id_list: [2],
      admin: false,
      boss: false,
      exclusive_account: false,
    });
    for (const key of ['errcode', 'errmsg', 'request_id', 'result']) expect(answer.body).not.toHaveProperty(key);
  });

  test('them with two calls: a token of the new API, and it in the query of the legacy host', async () => {
    await get();

    const [token, reading, ...more] = await dingtalk.requests();
    expect(token).toMatchObject({
      method: 'POST',
      path: tokenPath,
      query: {},
      headers: { 'content-type': 'application/json' },
    });
    expect(token.body).toEqual({ appKey: 'dingsandbox', appSecret: 'sandbox-ding' });
    expect(reading).toMatchObject({ method: 'POST', path: getPath, body: { userid: 'zhangsan' } });
    expect(reading.query).toEqual({ access_token: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(reading.headers).not.toHaveProperty('x-acs-dingtalk-access-token');
    expect(more).toEqual([]);
  });

  test('only what the app may read: a field that is missing is no error', async () => {
    await onGet({ body: '{"errcode":0,"errmsg":"ok","result":{"userid":"zhangsan"}}' });

    expect((await get()).body).toEqual({ userid: 'zhangsan' });
  });

  test('the user when errcode is a text, as in the samples of DingTalk, and errmsg is left out', async () => {
    await onGet({ body: '{"errcode":"0","result":{"userid":"zhangsan","name":"张三"}}' });

    expect(await get()).toMatchObject({ status: 200, body: { userid: 'zhangsan', name: '张三' } });
  });

  test('five users at the same time with one token', async () => {
    const answers = await Promise.all(['zhangsan', 'lisi', 'wangwu', 'zhaoliu', 'sunqi'].map(get));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await dingtalk.requests(tokenPath)).toHaveLength(1);
  });

  test('a user with the token of the legacy host when the secret names only that one', async () => {
    await dingtalk.secret({ apiBaseUrl: undefined });

    expect(await get()).toMatchObject({ status: 200, body: { userid: 'zhangsan' } });
    expect((await dingtalk.requests()).map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET ${legacyTokenPath}`,
      `POST ${getPath}`,
    ]);
  });
});

describe('an unknown user', () => {
  test.each([
    ['who never was', 'ghost', '33012'],
    ['who has left', 'zhengshi', '60121'],
    ['with 64 characters', 'x'.repeat(64), '33012'],
  ])('%s is 404 with the code of DingTalk', async (_, userid, code) => {
    const answer = await get(userid);

    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'not_found', retryable: false, outcome: 'not_applied', provider: { name: 'dingtalk', code } },
    });
    expect(answer.body.errors).toMatchObject([{ path: 'userid' }]);
    expect(answer.body.provider.requestId).toEqual(expect.any(String));
    expect(await calls()).toEqual(gets(1));
  });

  test('is asked for as the id was given', async () => {
    await get('李/四');

    expect((await dingtalk.requests(getPath))[0].body).toEqual({ userid: '李/四' });
  });
});

describe('refuses before anything is sent', () => {
  test.each<[field: string, request: Json]>([
    ['userid', { path: { userid: '' } }],
    ['userid', { path: { userid: 'x'.repeat(65) } }],
    ['userid', { path: { userid: 'zhang san' } }],
    ['userid', { path: { userid: 'zhangsan\u0000' } }],
    ['userid', { path: {} }],
    ['userid', { path: { userid: 'zhangsan' }, query: 'userid=lisi' }],
    ['language', { path: { userid: 'zhangsan' }, query: 'language=zh_CN' }],
    ['handoverResource', { path: { userid: 'zhangsan' }, body: { handoverResource: {} } }],
  ])('%s of %j', async (field, request) => {
    const answer = await invoke(handler, request);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ path: field }] } });
    expect(await dingtalk.requests()).toEqual([]);
  });
});

describe('a reading that fails', () => {
  const passing: [string, Json][] = [
    ['cut', { drop: 'before' }],
    ['cut after the answer was made', { drop: 'after' }],
    ['HTTP 500', { status: 500 }],
    ['HTTP 502 with the page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['HTTP 503 with JSON of a proxy', { status: 503, body: '{"message":"Service Unavailable"}' }],
    ['HTTP 500 with truncated JSON', { status: 500, body: '{"errcode":' }],
    ['HTTP 500 with null', { status: 500, body: 'null' }],
  ];

  test.each(passing)('with %s is repeated twice', async (_, then) => {
    await onGet(then, 2);

    expect(await get()).toMatchObject({ status: 200, body: { userid: 'zhangsan' } });
    expect(await calls()).toEqual(gets(3));
  });

  test.each(passing)('with %s for ever is provider_unavailable, and had no effect', async (_, then) => {
    await onGet(then, 9);

    const answer = await get();

    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(answer.headers['retry-after']).toBe('5');
    expect(await calls()).toEqual(gets(3));
  });

  test('with no answer in time is repeated', async () => {
    const runOut = await dingtalk.hold(getPath);
    const answer = get();
    await dingtalk.came(getPath);
    runOut();

    expect(await answer).toMatchObject({ status: 200, body: { userid: 'zhangsan' } });
    expect(await calls()).toEqual(gets(2));
  });

  test('with no answer in time, ever, had no effect', async () => {
    const runOut = await dingtalk.hold(getPath, { times: 9 });
    const answer = get();
    for (const attempt of [1, 2]) {
      await dingtalk.came(getPath, attempt);
      runOut();
    }

    expect(await answer).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(await calls()).toEqual(gets(2));
  });

  test('because nobody listens is provider_unavailable', async () => {
    const down = await closedServer();
    await dingtalk.secret({ baseUrl: down, apiBaseUrl: down });

    expect(await get()).toMatchObject({ status: 503, body: { code: 'provider_unavailable', outcome: 'not_applied' } });
    expect(time.waits).toHaveLength(2);
  });

  test.each([
    ['truncated JSON', '{"errcode":0,"result":{"userid":"zhang'],
    ['an empty body', ''],
    ['null', 'null'],
    ['a list', '[{"errcode":0}]'],
    ['an errcode of words', '{"errcode":"ok","result":{"userid":"zhangsan"}}'],
    ['no errcode', '{"result":{"userid":"zhangsan"}}'],
    ['no result', '{"errcode":0,"errmsg":"ok"}'],
    ['a result of null', '{"errcode":0,"result":null}'],
    ['a result that is a list', '{"errcode":0,"result":[{"userid":"zhangsan"}]}'],
    ['a user without an id', '{"errcode":0,"result":{"name":"Zhang San"}}'],
    ['a user whose id is a number', '{"errcode":0,"result":{"userid":7}}'],
  ])('with %s is provider_unexpected, and is not repeated', async (_, body) => {
    await onGet({ body }, 9);

    const answer = await get();

    expect(answer).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied' },
    });
    expect(JSON.stringify(answer.body)).not.toContain('Zhang San');
    expect(await calls()).toEqual(gets(1));
  });

  test('with an answer of over 1 MiB is provider_unexpected', async () => {
    await onGet({ body: `{"errcode":0,"result":{"userid":"zhangsan","remark":"${'x'.repeat(1024 * 1024)}"}}` });

    expect(await get()).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
  });

  test('with a redirect is provider_unexpected, and is not followed', async () => {
    await onGet({ status: 302, body: '{}' });

    expect(await get()).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
    expect(await calls()).toEqual(gets(1));
  });
});

describe('a token', () => {
  test('that DingTalk does not know any more is replaced once', async () => {
    await onToken(staleToken);

    expect(await get()).toMatchObject({ status: 200, body: { userid: 'zhangsan' } });
    expect(await calls()).toEqual(['accessToken', 'get', 'accessToken', 'get']);
  });

  test('is kept for as long as it lives, less five minutes', async () => {
    await get();
    await get();
    time.advance((7200 - 301) * 1000);
    await get();
    expect(await dingtalk.requests(tokenPath)).toHaveLength(1);

    time.advance(2000);
    await get();

    expect(await dingtalk.requests(tokenPath)).toHaveLength(2);
  });

  test('of a few seconds is used while it lives, and no longer', async () => {
    await onToken({ body: '{"accessToken":"stale","expireIn":10}' });
    await onGet({ errcode: 0 }, 2);
    await get();
    await get();
    expect(await dingtalk.requests(tokenPath)).toHaveLength(1);

    time.advance(10_000);
    await get();

    expect(await dingtalk.requests(tokenPath)).toHaveLength(2);
  });
});

describe('a ban of our address', () => {
  test.each([banBody, '<html>blocked</html>'])(
    'said by %s is not repeated, and holds back every call',
    async (body) => {
      await onGet({ body });

      const answer = await get();

      expect(answer).toMatchObject({ status: 503, body: { code: 'provider_rate_limited', retryable: true } });
      expect(answer.headers['retry-after']).toBe('300');
      expect(answer.body.fix).toContain('5 minutes');
      expect(await get('lisi')).toMatchObject({ status: 503, body: { code: 'provider_rate_limited' } });
      expect(await calls()).toEqual(gets(1));
    },
  );
});

test('the quota of the month is not waited for, but the answer says when it ends', async () => {
  await onGet({ errcode: 90020 }, 9);

  const answer = await get();

  expect(answer).toMatchObject({ status: 503, body: { code: 'provider_quota', retryable: false } });
  const seconds = Number(answer.headers['retry-after']);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(31 * 86_400);
  expect(await calls()).toEqual(gets(1));
});

test.each([
  ['app lacks [qyapi_get_member]', ['qyapi_get_member']],
  [
    'no permission [qyapi_get_member], apply at https://open-dev.dingtalk.com/appscope/apply?content=dingx%23qyapi_get_member',
    ['qyapi_get_member'],
  ],
  ['needs Contact.User.Read, Hrm.Process.ReadWrite', ['Contact.User.Read', 'Hrm.Process.ReadWrite']],
])('a missing permission is named in the fix: %s', async (message, scopes) => {
  await onGet({ body: JSON.stringify({ errcode: 88, sub_code: '60011', sub_msg: message, errmsg: message }) });

  const answer = await get();

  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_permission', retryable: false } });
  expect(answer.body.fix).toBe(`Grant ${scopes.join(', ')} to the app in the developer console.`);
});
