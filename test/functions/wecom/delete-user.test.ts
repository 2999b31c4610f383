import { handler } from '../../../functions/wecom/delete-user.ts';
import { endTokens } from '../../support/end-tokens.ts';
import { invoke } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const wecom = simulated('wecom');
const deletePath = '/cgi-bin/user/delete';
const remove = (userid = 'lisi') => invoke(handler, { path: { userid } });
const onDelete = (then: Record<string, unknown>, times = 1) =>
  wecom.faults({ method: 'GET', path: deletePath, times, then });
const isMember = async (userid: string) =>
  (await wecom.state()).members.some((member: { userid: string }) => member.userid === userid);

test('deletes by GET, once, and proves it by the id list', async () => {
  const answer = await remove();

  expect(answer).toMatchObject({
    status: 200,
    body: { provider: 'wecom', userid: 'lisi', outcome: 'deleted', verified: true, warnings: [] },
  });
  expect(answer.body.response).toEqual({ errcode: 0, errmsg: 'deleted' });
  expect(await isMember('lisi')).toBe(false);
  const calls = await wecom.requests();
  expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /cgi-bin/gettoken',
    `GET ${deletePath}`,
    'POST /cgi-bin/user/list_id',
  ]);
});

test('an unknown member is 404 with the code of WeCom', async () => {
  const answer = await remove('ghost');

  expect(answer).toMatchObject({
    status: 404,
    body: { code: 'not_found', provider: { name: 'wecom', code: '60111' } },
  });
});

test.each([60111, 46004, 40003])('%i says that the member is gone already', async (errcode) => {
  await onDelete({ errcode });

  expect(await remove()).toMatchObject({
    status: 404,
    body: { code: 'not_found', retryable: false, provider: { code: String(errcode) } },
  });
});

test('the creator of the corp needs a human', async () => {
  const answer = await remove('founder');

  expect(answer).toMatchObject({ status: 422, body: { code: 'needs_human', provider: { code: '301005' } } });
  expect(answer.body.fix).toContain('creator');
});

describe('an attempt whose answer is lost', () => {
  test('is deleted, with a warning, when the member is gone; it is not sent twice', async () => {
    await onDelete({ drop: 'after' });

    const answer = await remove();

    expect(answer.body).toMatchObject({ outcome: 'deleted', verified: true, response: null });
    expect(answer.body.warnings).toEqual(['upstream_error_but_verified']);
    expect(await wecom.requests(deletePath)).toHaveLength(1);
  });

  test('is sent once more only after the member was seen', async () => {
    await onDelete({ drop: 'before' });

    expect((await remove()).body).toMatchObject({ outcome: 'deleted', verified: true });
    const paths = (await wecom.requests()).map(({ path }) => path);
    expect(paths).toEqual([
      '/cgi-bin/gettoken',
      deletePath,
      '/cgi-bin/user/list_id',
      deletePath,
      '/cgi-bin/user/list_id',
    ]);
  });

  test('is not applied when the second is cut too and the member is still there', async () => {
    await onDelete({ drop: 'before' }, 2);

    expect(await remove()).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(await wecom.requests(deletePath)).toHaveLength(2);
    expect(await isMember('lisi')).toBe(true);
  });

  test('is unknown when the id list names nobody, which proves nothing', async () => {
    await onDelete({ drop: 'before' });
    await wecom.faults({ path: '/cgi-bin/user/list_id', times: 9, then: { body: '{"errcode":0,"dept_user":[]}' } });

    expect(await remove()).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', outcome: 'unknown', detail: expect.stringContaining('names nobody') },
    });
    expect(await wecom.requests(deletePath)).toHaveLength(1);
    expect(await isMember('lisi')).toBe(true);
  });

  test('is unknown when it hangs until the time is used up', async () => {
    const runOut = await wecom.hold(deletePath, { method: 'GET' });
    const answer = remove('lisi');
    await wecom.came(deletePath);
    time.advance(60_000);
    runOut();

    expect(await answer).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', retryable: true, outcome: 'unknown' },
    });
    expect(await wecom.requests(deletePath)).toHaveLength(1);
  });

  test.each([
    ['truncated JSON', '{"errcode":0,'],
    ['HTML', '<html></html>'],
    ['errcode as a string', '{"errcode":"0","errmsg":"deleted"}'],
    ['nothing', ''],
    ['null', 'null'],
  ])('%s instead of an answer is not taken for a success, nor sent again', async (_, body) => {
    await onDelete({ body });

    expect(await remove()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', outcome: 'not_applied' },
    });
    expect(await wecom.requests(deletePath)).toHaveLength(1);
    expect(await isMember('lisi')).toBe(true);
  });

  test('is unknown when the directory cannot be read', async () => {
    await onDelete({ status: 500 });
    await wecom.faults({ path: '/cgi-bin/user/list_id', times: 9, then: { drop: 'before' } });

    expect(await remove()).toMatchObject({ status: 504, body: { code: 'provider_timeout', outcome: 'unknown' } });
    expect(await wecom.requests(deletePath)).toHaveLength(1);
  });
});

test('a yes without a deed is verification_failed', async () => {
  await onDelete({ errcode: 0 });

  expect(await remove()).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
  expect(await isMember('lisi')).toBe(true);
});

test('the id list is read to its end', async () => {
  await fetch(`${wecom.url}/_sandbox/reset`, { method: 'POST', body: '{"members":6000}' });
  await onDelete({ errcode: 0 });

  expect(await remove('member-06000')).toMatchObject({ body: { code: 'verification_failed' } });
  expect(await wecom.requests('/cgi-bin/user/list_id')).toHaveLength(2);
});

test('a time that is used up before sending is not an unknown effect', async () => {
  const answer = await invoke(handler, { path: { userid: 'lisi' } }, 900);

  expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable', outcome: 'not_applied' } });
  expect(await wecom.requests(deletePath)).toEqual([]);
});

test.each(['', '-x', 'a b', 'x'.repeat(65), '../lisi', '李四'])(
  'refuses the userid %j before anything is sent',
  async (userid) => {
    const answer = await remove(userid);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ path: 'userid' }] } });
    expect(await wecom.requests()).toEqual([]);
  },
);

describe('a credential that does not work', () => {
  test.each<[string, secret: Record<string, unknown>, expected: object]>([
    [
      'a wrong contactSecret',
      { contactSecret: 'wrong' },
      { code: 'provider_credentials', provider: { code: '40001' } },
    ],
    [
      'an app secret in its place',
      { contactSecret: 'sandbox-app' },
      { code: 'provider_permission', provider: { code: '48002' } },
    ],
  ])('%s: says so and deletes nothing', async (_, secret, expected) => {
    await wecom.secret(secret);

    const answer = await remove();

    expect(answer).toMatchObject({ status: 502, body: { ...expected, retryable: false, outcome: 'not_applied' } });
    expect(await wecom.requests('/cgi-bin/gettoken')).toHaveLength(1);
    expect(await isMember('lisi')).toBe(true);
  });

  test('a refused address is in the fix, ready to be listed', async () => {
    await onDelete({ errcode: 60020 });

    const answer = await remove();

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_ip_refused', outcome: 'not_applied' } });
    expect(answer.body.fix).toContain('127.0.0.1');
    expect(await wecom.requests(deletePath)).toHaveLength(1);
  });

  test('a token that ends in the middle is renewed, and the member is deleted', async () => {
    await remove('wangwu');
    endTokens();

    expect((await remove()).body).toMatchObject({ outcome: 'deleted', verified: true });
    expect(await isMember('lisi')).toBe(false);
  });
});

test.each([-1, 6000, 45033, 45035])(
  '%i proves that nothing was done, so the same call is sent again',
  async (errcode) => {
    await onDelete({ errcode }, 3);

    expect((await remove()).body).toMatchObject({ outcome: 'deleted', verified: true });
    expect(await wecom.requests(deletePath)).toHaveLength(4);
  },
);
