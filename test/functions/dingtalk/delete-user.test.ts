import { handler } from '../../../functions/dingtalk/delete-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';
import {
  banBody,
  closedServer,
  deletePath,
  getPath,
  legacyTokenPath,
  staleToken,
  tokenPath,
  wrapped,
} from './support.ts';

const dingtalk = simulated('dingtalk');

const remove = (userid = 'lisi', handoverResource?: unknown) =>
  invoke(handler, { path: { userid }, ...(handoverResource !== undefined && { body: { handoverResource } }) });
const onDelete = (then: Json, times = 1) => dingtalk.faults({ path: deletePath, times, then });
/** The user is read before the deletion, which a fault leaves alone here, and read back after it. */
const onReadBack = (then: Json, times = 1) =>
  dingtalk.faults({ path: getPath, then: { delayMs: 1 } }, { path: getPath, times, then });
const onToken = (then: Json, times = 1) => dingtalk.faults({ path: tokenPath, times, then });
const isMember = async (userid = 'lisi') =>
  (await dingtalk.state()).members.some((member: Json) => member.userid === userid);
/** The calls so far by their last word, in their order. */
const calls = async () => (await dingtalk.requests()).map(({ path }) => path.split('/').at(-1));
const countOf = async (path: string) => (await dingtalk.requests(path)).length;

describe('deletes', () => {
  test('once, and reads back that the user is gone', async () => {
    const answer = await remove();

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      provider: 'dingtalk',
      userid: 'lisi',
      outcome: 'deleted',
      verified: true,
      response: { errcode: 0, errmsg: 'ok', request_id: expect.any(String) },
      warnings: [],
    });
    expect(await isMember()).toBe(false);
    expect((await dingtalk.state()).handovers).toEqual([]);
  });

  test('with exactly these requests: the token in the query of the legacy host, the secret in no URL', async () => {
    await remove();

    const [token, look, deletion, reading, ...more] = await dingtalk.requests();
    expect(token).toMatchObject({
      method: 'POST',
      path: tokenPath,
      query: {},
      body: { appKey: 'dingsandbox', appSecret: 'sandbox-ding' },
    });
    const withToken = { access_token: expect.stringMatching(/^[0-9a-f]{32}$/) };
    expect(look).toMatchObject({ method: 'POST', path: getPath, query: withToken, body: { userid: 'lisi' } });
    expect(deletion).toMatchObject({ method: 'POST', path: deletePath, body: { userid: 'lisi' } });
    expect(deletion.body).toEqual({ userid: 'lisi' });
    expect(deletion.query).toEqual(withToken);
    expect(deletion.headers).toMatchObject({ 'content-type': 'application/json;charset=UTF-8' });
    expect(deletion.headers).not.toHaveProperty('x-acs-dingtalk-access-token');
    expect(reading).toMatchObject({ method: 'POST', path: getPath, body: { userid: 'lisi' } });
    expect(reading.query).toEqual(withToken);
    expect(more).toEqual([]);
  });

  test('with all five modules as they were given, in one object', async () => {
    const handoverResource = {
      subordinate: { action: 'handover', handoverUserId: 'wangwu' },
      oaApproval: { action: 'skip' },
      subAdmin: { action: 'remove' },
      dingDoc: { action: 'handover', handoverUserId: 'zhangsan' },
      dingPan: { action: 'handover', handoverUserId: 'zhangsan' },
    };

    const answer = await remove('lisi', handoverResource);

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    expect(answer.body.handover).toEqual({ status: 'unverified', reason: expect.stringContaining('confirms nothing') });
    expect((await dingtalk.requests(deletePath))[0].body).toEqual({ userid: 'lisi', handoverResource });
    expect((await dingtalk.state()).handovers).toEqual([{ userid: 'lisi', handoverResource }]);
  });

  test('only after every taker was read, each one once, with one token for all', async () => {
    await remove('lisi', {
      subordinate: { action: 'handover', handoverUserId: 'wangwu' },
      dingDoc: { action: 'handover', handoverUserId: 'zhangsan' },
      dingPan: { action: 'handover', handoverUserId: 'zhangsan' },
    });

    expect(await calls()).toEqual(['accessToken', 'get', 'get', 'get', 'delete', 'get']);
    const read = (await dingtalk.requests(getPath)).map(({ body }) => body.userid);
    expect(read.slice(1, 3).sort()).toEqual(['wangwu', 'zhangsan']);
  });

  test('with the token of the legacy host when the secret names only that one', async () => {
    await dingtalk.secret({ apiBaseUrl: undefined });

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    const [token] = await dingtalk.requests();
    expect(token).toMatchObject({
      method: 'GET',
      path: legacyTokenPath,
      query: { appkey: 'dingsandbox', appsecret: 'sandbox-ding' },
    });
    expect(await countOf(tokenPath)).toBe(0);
  });

  test('a second user with the token of the first', async () => {
    await remove('lisi');
    await remove('wangwu');

    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get', 'get', 'delete', 'get']);
  });

  test.each([
    ['{"errcode":"0"}', { errcode: 0 }],
    ['{"errcode":0,"errmsg":"ok, not subcode=40014"}', { errcode: 0 }],
    ['{"errcode":0,"errmsg":"ok","request_id":"rq","later":{"field":1}}', { request_id: 'rq', later: { field: 1 } }],
  ])('and takes %s for a yes, which it does not believe without a look', async (body, response) => {
    await onDelete({ body });
    await onReadBack({ errcode: 33012 });

    expect((await remove()).body).toMatchObject({ outcome: 'deleted', verified: true, response });
  });
});

describe('takes', () => {
  const withTaker = { action: 'handover', handoverUserId: 'wangwu' };

  test.each<[string, Json]>([
    ['subordinate', withTaker],
    ['subordinate', { action: 'remove' }],
    ['subordinate', { action: 'skip' }],
    ['subordinate', { action: 'remove', handoverUserId: 'wangwu' }],
    ['subAdmin', withTaker],
    ['subAdmin', { action: 'remove' }],
    ['subAdmin', { action: 'skip', handoverUserId: 'wangwu' }],
    ['oaApproval', { action: 'skip' }],
    ['oaApproval', { action: 'skip', handoverUserId: 'wangwu' }],
    ['dingDoc', withTaker],
    ['dingPan', withTaker],
  ])('%s with %j, and sends only that', async (module, value) => {
    const answer = await remove('lisi', { [module]: value });

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'deleted', handover: { status: 'unverified' } } });
    expect((await dingtalk.requests(deletePath))[0].body).toEqual({
      userid: 'lisi',
      handoverResource: { [module]: value },
    });
  });

  test('a taker who does not exist where nothing is handed over: the id is sent unread', async () => {
    const handoverUserId = 'g'.repeat(64);

    expect(await remove('lisi', { subAdmin: { action: 'skip', handoverUserId } })).toMatchObject({ status: 200 });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get']);
  });

  test.each(['x', 'x'.repeat(64), '李四', 'a.b@c-d_e', 'a/b', '%2e', '..', '𠮷'.repeat(32)])(
    'the userid %s, and asks DingTalk for it',
    async (userid) => {
      expect(await remove(userid)).toMatchObject({ status: 404, body: { provider: { code: '33012' } } });
      expect((await dingtalk.requests(getPath))[0].body).toEqual({ userid });
    },
  );

  test('the userid again in the body, when it is the same', async () => {
    expect(await invoke(handler, { path: { userid: 'lisi' }, body: { userid: 'lisi' } })).toMatchObject({
      status: 200,
    });
  });
});

describe('refuses before anything is sent', () => {
  const refused = async (request: Json, field: string) => {
    const answer = await invoke(handler, request);

    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', retryable: false, outcome: 'not_applied' },
    });
    expect(answer.body.errors.map(({ path }: Json) => path)).toContain(field);
    expect(answer.body.detail).toContain(field);
    expect(await dingtalk.requests()).toEqual([]);
    expect(await isMember()).toBe(true);
  };

  test.each(['', ' ', 'x'.repeat(65), 'li si', 'lisi\n', '\tlisi', 'li\u0000si', 'li\u007fsi', 'li　si'])(
    'the userid %j',
    (userid) => refused({ path: { userid } }, 'userid'),
  );

  const to = (handoverUserId: unknown) => ({ action: 'handover', handoverUserId });

  test.each<[field: string, handoverResource: unknown]>([
    ['handoverResource', null],
    ['handoverResource', 'dingDoc'],
    ['handoverResource', 7],
    ['handoverResource', true],
    ['handoverResource', []],
    ['handoverResource', {}],
    ['handoverResource', '{"dingDoc":{"action":"handover","handoverUserId":"wangwu"}}'],
    ['handoverResource.calendar', { calendar: to('wangwu') }],
    ['handoverResource.calendar', { calendar: to('wangwu'), dingDoc: to('wangwu') }],
    ['handoverResource.ding_doc', { ding_doc: to('wangwu') }],
    ['handoverResource.dingdoc', { dingdoc: to('wangwu') }],
    ['handoverResource.constructor', { constructor: to('wangwu') }],
    ['handoverResource.dingDoc', { dingDoc: null }],
    ['handoverResource.dingDoc', { dingDoc: 'handover' }],
    ['handoverResource.dingDoc', { dingDoc: [to('wangwu')] }],
    ['handoverResource.dingDoc.action', { dingDoc: {} }],
    ['handoverResource.dingDoc.action', { dingDoc: { handoverUserId: 'wangwu' } }],
    ['handoverResource.dingDoc.handover_user_id', { dingDoc: { action: 'handover', handover_user_id: 'wangwu' } }],
    ['handoverResource.subAdmin.action', { subAdmin: { action: 'Remove' } }],
    ['handoverResource.subAdmin.action', { subAdmin: { action: '' } }],
    ['handoverResource.subAdmin.action', { subAdmin: { action: null } }],
    ['handoverResource.subAdmin.action', { subAdmin: { action: ['remove'] } }],
    ['handoverResource.subAdmin.action', { subAdmin: { action: 'toString' } }],
    ['handoverResource.subordinate.action', { subordinate: { action: 'delete' } }],
    ['handoverResource.oaApproval.action', { oaApproval: to('wangwu') }],
    ['handoverResource.oaApproval.action', { oaApproval: { action: 'remove' } }],
    ['handoverResource.dingDoc.action', { dingDoc: { action: 'remove' } }],
    ['handoverResource.dingDoc.action', { dingDoc: { action: 'skip' } }],
    ['handoverResource.dingPan.action', { dingPan: { action: 'remove', handoverUserId: 'wangwu' } }],
    ['handoverResource.dingPan.action', { dingPan: { action: 'skip' } }],
    ['handoverResource.subordinate.handoverUserId', { subordinate: { action: 'handover' } }],
    ['handoverResource.subAdmin.handoverUserId', { subAdmin: { action: 'handover' } }],
    ['handoverResource.dingDoc.handoverUserId', { dingDoc: { action: 'handover' } }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: { action: 'handover' } }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: to('') }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: to('wang wu') }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: to('x'.repeat(65)) }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: to(7) }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: to(null) }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: to(['wangwu']) }],
    ['handoverResource.subAdmin.handoverUserId', { subAdmin: { action: 'remove', handoverUserId: '' } }],
    ['handoverResource.subordinate.handoverUserId', { subordinate: to('lisi') }],
    ['handoverResource.subordinate.handoverUserId', { subordinate: { action: 'remove', handoverUserId: 'lisi' } }],
    ['handoverResource.subAdmin.handoverUserId', { subAdmin: { action: 'skip', handoverUserId: 'lisi' } }],
    ['handoverResource.oaApproval.handoverUserId', { oaApproval: { action: 'skip', handoverUserId: 'lisi' } }],
    ['handoverResource.dingDoc.handoverUserId', { dingDoc: to('lisi') }],
    ['handoverResource.dingPan.handoverUserId', { dingPan: to('lisi'), dingDoc: to('wangwu') }],
  ])('%s of %j', (field, handoverResource) => refused({ path: { userid: 'lisi' }, body: { handoverResource } }, field));

  test.each<[field: string, request: Json]>([
    ['userid', { body: { userid: 'wangwu' } }],
    ['userid', { query: 'userid=wangwu' }],
    ['handover_resource', { body: { handover_resource: {} } }],
    ['force', { query: 'force=true' }],
    ['language', { body: { language: 'zh_CN' } }],
    ['handoverResource', { query: 'handoverResource=dingDoc' }],
    ['body', { body: '{"handoverResource":{' }],
    ['content-type', { body: '{}', headers: { 'content-type': 'application/xml' } }],
    ['handoverUserId', { body: '{"handoverResource":{"dingDoc":{"action":"handover","handoverUserId":"\\ud800"}}}' }],
  ])('%s of %j', (field, request) => refused({ path: { userid: 'lisi' }, ...request }, field));

  test('every wrong module at once', async () => {
    const answer = await remove('lisi', {
      oaApproval: to('wangwu'),
      dingPan: { action: 'remove' },
      subAdmin: { action: 'handover' },
      calendar: {},
    });

    expect(answer.body.errors.map(({ path }: Json) => path).sort()).toEqual([
      'handoverResource.calendar',
      'handoverResource.dingPan.action',
      'handoverResource.oaApproval.action',
      'handoverResource.subAdmin.handoverUserId',
    ]);
  });

  test('approvals to hand over, and says where that is possible', async () => {
    const answer = await remove('lisi', { oaApproval: to('wangwu') });

    expect(answer.body.detail).toContain('must be skip');
    expect(answer.body.detail).toContain('termination');
  });
});

describe('somebody who shall take over and does not exist', () => {
  test('is refused by name, and nobody is deleted', async () => {
    const answer = await remove('lisi', {
      subordinate: { action: 'handover', handoverUserId: 'wangwu' },
      dingDoc: { action: 'handover', handoverUserId: 'ghost' },
      dingPan: { action: 'handover', handoverUserId: 'zhengshi' },
      subAdmin: { action: 'skip', handoverUserId: 'nobody' },
    });

    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'provider_rejected', retryable: false, outcome: 'not_applied' },
    });
    expect(answer.body.errors.map(({ path }: Json) => path)).toEqual([
      'handoverResource.dingDoc.handoverUserId',
      'handoverResource.dingPan.handoverUserId',
    ]);
    expect(await countOf(deletePath)).toBe(0);
    expect(await isMember()).toBe(true);
  });

  test('cannot be told when the reading fails, so nobody is deleted', async () => {
    await onReadBack({ status: 500 }, 9);

    const answer = await remove('lisi', { dingDoc: { action: 'handover', handoverUserId: 'wangwu' } });

    expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable', outcome: 'not_applied' } });
    expect(await calls()).toEqual(['accessToken', 'get', 'get', 'get', 'get']);
    expect(await isMember()).toBe(true);
  });
});

describe('a refusal', () => {
  test.each<[string, string, string]>([
    ['who never was', 'ghost', '33012'],
    ['who has left already', 'zhengshi', '60121'],
    ['whose id differs in case', 'LiSi', '33012'],
  ])('of a user %s is 404, after one reading', async (_, userid, code) => {
    const answer = await remove(userid);

    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'not_found', retryable: false, outcome: 'not_applied', provider: { code } },
    });
    expect(answer.body.errors).toMatchObject([{ path: 'userid' }]);
    expect(await calls()).toEqual(['accessToken', 'get']);
    expect(await isMember()).toBe(true);
  });

  test.each([33012, 60121, 40003, 60111, 46004])('%i says that there is no such user', async (errcode) => {
    await onDelete({ errcode });

    expect(await remove()).toMatchObject({
      status: 404,
      body: { code: 'not_found', provider: { code: String(errcode), requestId: expect.any(String) } },
    });
    expect(await countOf(deletePath)).toBe(1);
  });

  test.each<[code: number, status: number, ours: string, retryable: boolean]>([
    [60011, 502, 'provider_permission', false],
    [50002, 502, 'provider_permission', false],
    [43007, 502, 'provider_permission', false],
    [60020, 502, 'provider_ip_refused', false],
    [90020, 503, 'provider_quota', false],
    [90001, 503, 'provider_rate_limited', true],
    [40000, 502, 'provider_unexpected', false],
    [40096, 502, 'provider_credentials', false],
  ])('%i is not repeated: %i %s', async (errcode, status, code, retryable) => {
    await onDelete({ errcode }, 9);

    const answer = await remove();

    expect(answer).toMatchObject({ status, body: { code, retryable, outcome: 'not_applied' } });
    expect(answer.body.provider.code).toBe(String(errcode));
    expect(await countOf(deletePath)).toBe(1);
    expect(await isMember()).toBe(true);
  });

  test('that nobody knows is read back, and then surely had no effect', async () => {
    await onDelete({ errcode: 71006 });

    const answer = await remove();

    expect(answer).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied', provider: { code: '71006' } },
    });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get']);
    expect(await isMember()).toBe(true);
  });

  test('with a code that is the name of a property of every object is one that nobody knows', async () => {
    await onDelete({ body: JSON.stringify(wrapped('constructor')) });

    expect(await remove()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', outcome: 'not_applied' },
    });
  });
});

describe('a protected account is refused before anything is sent', () => {
  test.each<[string, string, Json]>([
    ['the primary administrator', 'founder', {}],
    ['a sub-administrator', 'zhaoliu', {}],
    ['the operator of the secret', 'lisi', { operatorUserid: 'lisi' }],
  ])('%s', async (_, userid, secret) => {
    await dingtalk.secret(secret);

    const answer = await remove(userid);

    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'protected', retryable: false, outcome: 'not_applied', provider: { name: 'dingtalk' } },
    });
    expect(await calls()).toEqual(['accessToken', 'get']);
    expect(await isMember(userid)).toBe(true);
  });

  test.each([{ boss: true }, { admin: true }, { boss: 'true' }, { admin: 'true', boss: 'false' }])(
    'a user whom DingTalk shows with %j',
    async (flags) => {
      await dingtalk.faults({
        path: getPath,
        then: { body: JSON.stringify({ errcode: 0, result: { userid: 'lisi', ...flags } }) },
      });

      expect(await remove()).toMatchObject({ status: 409, body: { code: 'protected' } });
      expect(await countOf(deletePath)).toBe(0);
    },
  );
});

describe('a busy or throttled DingTalk', () => {
  test.each<[code: number, waits: number[]]>([
    [-1, [500, 1000, 2000]],
    [90018, [1250, 1250, 2000]],
    [90002, [1250, 1250, 2000]],
  ])('that answers %i gets the same call up to three times more, after waits of %j ms', async (errcode, waits) => {
    await onDelete({ errcode }, 3);

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true, warnings: [] } });
    expect(await countOf(deletePath)).toBe(4);
    expect(time.waits).toEqual(waits);
  });

  test.each<[code: number, ours: string, leastWait: number]>([
    [-1, 'provider_unavailable', 200],
    [90018, 'provider_rate_limited', 1000],
    [90002, 'provider_rate_limited', 1000],
    [45009, 'provider_rate_limited', 1000],
  ])('that answers %i for ever is %s after four calls', async (errcode, code, leastWait) => {
    await onDelete({ errcode }, 9);

    const answer = await remove();

    expect(answer).toMatchObject({ status: 503, body: { code, retryable: true, outcome: 'not_applied' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(await countOf(deletePath)).toBe(4);
    expect(Math.min(...time.waits)).toBeGreaterThanOrEqual(leastWait);
    expect(await isMember()).toBe(true);
  });

  test('whose error does not say that nothing was done is read before anything is sent again', async () => {
    await onDelete({ errcode: 400001 });

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get', 'delete', 'get']);
  });
});

describe('an attempt whose answer is lost', () => {
  test('(cut after the change) is deleted, with a warning, and is not sent twice', async () => {
    await onDelete({ drop: 'after' });

    const answer = await remove('lisi', { dingDoc: { action: 'handover', handoverUserId: 'wangwu' } });

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true, response: null } });
    expect(answer.body.warnings).toEqual(['upstream_error_but_verified']);
    expect(answer.body.handover.status).toBe('unverified');
    expect(await calls()).toEqual(['accessToken', 'get', 'get', 'delete', 'get']);
    expect((await dingtalk.state()).handovers).toHaveLength(1);
  });

  test.each<[string, Json]>([
    ['cut before the change', { drop: 'before' }],
    ['HTTP 500', { status: 500 }],
    ['HTTP 502 with a page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['HTTP 503 with JSON of a proxy', { status: 503, body: '{"message":"Service Unavailable"}' }],
    ['HTTP 500 with truncated JSON', { status: 500, body: '{"errcode":' }],
    ['HTTP 504 with nothing', { status: 504, body: '' }],
  ])('(%s) is sent once more, only after the user was seen', async (_, then) => {
    await onDelete(then);

    const answer = await remove();

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true, warnings: [] } });
    expect(answer.body.response).toMatchObject({ errcode: 0 });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get', 'delete', 'get']);
    expect(await isMember()).toBe(false);
  });

  test('twice, before the change, surely had no effect', async () => {
    await onDelete({ drop: 'before' }, 2);

    const answer = await remove();

    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(answer.headers['retry-after']).toBe('5');
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get', 'delete', 'get']);
    expect(await isMember()).toBe(true);
  });

  test('twice, the second time after the change, is deleted', async () => {
    await dingtalk.faults({ path: deletePath, then: { status: 500 } }, { path: deletePath, then: { drop: 'after' } });

    expect((await remove()).body).toMatchObject({ outcome: 'deleted', verified: true, response: null });
    expect(await countOf(deletePath)).toBe(2);
    expect(await isMember()).toBe(false);
  });

  test('and whose second attempt finds nobody is deleted by the first', async () => {
    await dingtalk.faults(
      { path: deletePath, then: { drop: 'before' } },
      { path: deletePath, then: { errcode: 33012 } },
      { path: getPath, times: 2, then: { errcode: 0 } },
      { path: getPath, then: { errcode: 60121 } },
    );

    const answer = await remove();

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true, response: null } });
    expect(answer.body.warnings).toEqual(['upstream_error_but_verified']);
  });

  test.each<[string, Json]>([
    ['fails', { status: 500 }],
    ['is cut', { drop: 'before' }],
    ['is truncated', { body: '{"errcode":0,"result":{' }],
    ['names nobody', { body: '{"errcode":0,"errmsg":"ok"}' }],
    ['is banned', { body: banBody }],
    ['is refused', { errcode: 60011 }],
  ])('is unknown when the reading back %s too', async (_, then) => {
    await onDelete({ drop: 'after' });
    await onReadBack(then, 9);

    const answer = await remove();

    expect(answer).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', retryable: true, outcome: 'unknown', provider: { name: 'dingtalk' } },
    });
    expect(answer.body.fix).toContain('Read the member');
    expect(await countOf(deletePath)).toBe(1);
  });

  test('(no answer in time) is settled by reading, and the second attempt stays the only effect', async () => {
    const runOut = await dingtalk.hold(deletePath);
    const answer = remove();
    await dingtalk.came(deletePath);
    runOut();

    expect(await answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    await dingtalk.release();
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get', 'delete', 'get']);
    expect((await dingtalk.state()).history.filter(({ userid }: Json) => userid === 'lisi')).toHaveLength(1);
  });

  test('(never an answer in time) stays unknown, since the provider may be at work still', async () => {
    const runOut = await dingtalk.hold(deletePath, { times: 9, then: { drop: 'before' } });
    const answer = remove();
    for (const attempt of [1, 2]) {
      await dingtalk.came(deletePath, attempt);
      runOut();
    }

    expect(await answer).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', retryable: true, outcome: 'unknown' },
    });
    expect(await countOf(deletePath)).toBe(2);
  });
});

describe('an answer that is not as documented', () => {
  const strange: [string, string][] = [
    ['truncated JSON', '{"errcode":0,'],
    ['a truncated list', '[{"errcode":0'],
    ['an empty body', ''],
    ['an empty object', '{}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '0'],
    ['a text in quotes', '"ok"'],
    ['an errcode of null', '{"errcode":null}'],
    ['an errcode that is true', '{"errcode":true}'],
    ['an errcode of words', '{"errcode":"ok"}'],
    ['an empty errcode', '{"errcode":""}'],
    ['a broken errcode', '{"errcode":0.5}'],
    ['88 that does not say more', '{"errcode":88,"errmsg":"ding talk error"}'],
  ];

  test.each(strange)('%s is no yes: nothing happened, and nothing is sent again', async (_, body) => {
    await onDelete({ body });

    expect(await remove()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied' },
    });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get']);
    expect(await isMember()).toBe(true);
  });

  const noAnswer = strange.filter(([what]) => !what.startsWith('88'));
  test.each(noAnswer)('%s is deleted with a warning when the user is gone', async (_, body) => {
    await onDelete({ body });
    await onReadBack({ errcode: 60121 });

    const answer = await remove();

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true, response: null } });
    expect(answer.body.warnings).toEqual(['upstream_error_but_verified']);
    expect(await countOf(deletePath)).toBe(1);
  });
});

describe('a yes', () => {
  test('without a deed is verification_failed', async () => {
    await onDelete({ errcode: 0 });

    const answer = await remove();

    expect(answer).toMatchObject({ status: 502, body: { code: 'verification_failed', retryable: true } });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get']);
    expect(await isMember()).toBe(true);
  });

  test.each<[string, Json]>([
    ['fails', { status: 500 }],
    ['is not permitted', { errcode: 60011 }],
    ['is banned', { body: banBody }],
    ['is truncated', { body: '{"errcode":0,' }],
  ])('whose reading back %s is unverified, with the reason', async (_, then) => {
    await onReadBack(then, 9);

    const answer = await remove();

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: 'unverified' } });
    expect(answer.body.reason).toContain('reading back failed');
    expect(answer.body.response).toMatchObject({ errcode: 0 });
    expect(await isMember()).toBe(false);
  });
});

describe('a token', () => {
  test('that DingTalk does not know any more is replaced once, and the call repeated once', async () => {
    await onDelete({ errcode: 40014 });

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true, warnings: [] } });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'accessToken', 'delete', 'get']);
    const [first, second] = await dingtalk.requests(deletePath);
    expect(second.query.access_token).not.toBe(first.query.access_token);
    expect(second.body).toEqual(first.body);
  });

  test.each([40014, 42001, 40001])(
    'refused with %i, twice, is a credential error after one refresh',
    async (errcode) => {
      await onToken(staleToken);
      await dingtalk.faults({ path: getPath, then: { errcode: 0 } });
      await onDelete({ errcode }, 9);

      expect(await remove()).toMatchObject({
        status: 502,
        body: {
          code: 'provider_credentials',
          retryable: false,
          outcome: 'not_applied',
          provider: { code: String(errcode) },
        },
      });
      expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'accessToken', 'delete']);
      expect(await isMember()).toBe(true);
    },
  );

  test('that ends between the deletion and the reading back costs one more reading, not one more deletion', async () => {
    await onToken(staleToken);
    await onDelete({ errcode: 0 });
    await dingtalk.faults(
      { path: getPath, then: { errcode: 0 } },
      { path: getPath, then: { errcode: 42001 } },
      { path: getPath, then: { errcode: 33012 } },
    );

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    expect(await calls()).toEqual(['accessToken', 'get', 'delete', 'get', 'accessToken', 'get']);
  });

  test.each<[string, Json]>([
    ['without a token', { body: '{"expireIn":7200}' }],
    ['with an empty token', { body: '{"accessToken":"","expireIn":7200}' }],
    ['with a token that is a number', { body: '{"accessToken":7,"expireIn":7200}' }],
    ['with a lifetime in words', { body: '{"accessToken":"t","expireIn":"two hours"}' }],
    ['in truncated JSON', { body: '{"accessToken":"t"' }],
  ])('call answered %s sends no deletion', async (_, then) => {
    await onToken(then, 9);

    expect(await remove()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', outcome: 'not_applied' },
    });
    expect(await calls()).toEqual(['accessToken']);
  });

  test.each<[string, Json]>([
    ['answers HTTP 500', { status: 500 }],
    ['answers HTTP 500 with JSON that has no code', { status: 500, body: '{"error":"internal"}' }],
    ['is cut', { drop: 'after' }],
  ])('call that %s is repeated, since it changes nothing', async (_, then) => {
    await onToken(then, 2);

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    expect(await calls()).toEqual(['accessToken', 'accessToken', 'accessToken', 'get', 'delete', 'get']);
  });

  test('call that fails for ever is not an unknown effect', async () => {
    await onToken({ status: 503 }, 9);

    expect(await remove()).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
    });
    expect(await calls()).toEqual(['accessToken', 'accessToken', 'accessToken']);
  });

  test('call refused for our address names the list to change', async () => {
    await onToken({ errcode: 60020 });

    const answer = await remove();

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_ip_refused', outcome: 'not_applied' } });
    expect(answer.body.fix).toContain('IP list');
    expect(await calls()).toEqual(['accessToken']);
  });
});

describe('a secret', () => {
  test('that DingTalk refuses is tried three times in all, then not again until it changes', async () => {
    await dingtalk.secret({ appSecret: 'wrong-secret' });
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await remove()).toMatchObject({
        status: 502,
        body: { code: 'provider_credentials', retryable: false, outcome: 'not_applied' },
      });
    }
    expect(await calls()).toEqual(['accessToken', 'accessToken', 'accessToken']);

    await dingtalk.secret({});
    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted' } });
  });

  test('that was rotated is read again at once', async () => {
    await dingtalk.secret({ appSecret: 'old-secret' });
    await remove();
    await dingtalk.secret({});

    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    expect(await countOf(deletePath)).toBe(1);
  });

  test.each<[string, string, string]>([
    ['is empty', '', 'body'],
    ['is not JSON', 'sandbox-ding', 'body'],
    ['is a list', '["sandbox-ding"]', 'body'],
    ['lacks the key', '{"appSecret":"sandbox-ding"}', 'appKey'],
    ['lacks the secret', '{"appKey":"dingsandbox"}', 'appSecret'],
    ['has an empty secret', '{"appKey":"dingsandbox","appSecret":""}', 'appSecret'],
    [
      'names a host without https',
      '{"appKey":"k","appSecret":"sandbox-ding","baseUrl":"http://oapi.example"}',
      'baseUrl',
    ],
    ['names a broken host', '{"appKey":"k","appSecret":"sandbox-ding","apiBaseUrl":"api"}', 'apiBaseUrl'],
  ])('that %s is a credential error that names the key and no value', async (_, text, key) => {
    await dingtalk.putSecret(text);

    const answer = await remove();

    expect(answer).toMatchObject({
      status: 502,
      body: { code: 'provider_credentials', retryable: false, outcome: 'not_applied' },
    });
    expect(answer.body.detail).toContain(key);
    expect(answer.body.fix).toContain('usher/test/dingtalk');
    expect(JSON.stringify(answer.body)).not.toContain('sandbox-ding');
    expect(await dingtalk.requests()).toEqual([]);
  });

  test('that does not exist is a credential error', async () => {
    process.env.USHER_DINGTALK_SECRET_ID = 'usher/test/nothing';

    const answer = await remove();

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials', outcome: 'not_applied' } });
    expect(answer.body.detail).toContain('ResourceNotFoundException');
  });
});

describe('a ban of our address', () => {
  test.each([
    ['JSON with punish and status', banBody],
    ['JSON with punish', '{"punish":"deny"}'],
    ['JSON with status 1111', '{"status":1111,"wait":5}'],
    ['HTML', '<!doctype html><html>blocked</html>'],
    ['plain text', 'blocked'],
  ])('said by %s holds every call back for five minutes, and no longer', async (_, body) => {
    await onDelete({ body });

    const banned = await remove();
    expect(banned).toMatchObject({
      status: 503,
      body: { code: 'provider_rate_limited', retryable: true, outcome: 'not_applied' },
    });
    expect(banned.headers['retry-after']).toBe('300');

    time.advance(299_000);
    const held = await remove();
    expect(held).toMatchObject({ status: 503, body: { code: 'provider_rate_limited', outcome: 'not_applied' } });
    expect(Number(held.headers['retry-after'])).toBeLessThanOrEqual(1);
    expect(await calls()).toEqual(['accessToken', 'get', 'delete']);

    time.advance(1_000);
    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'deleted' } });
  });

  test('on the token call sends no deletion', async () => {
    await onToken({ body: banBody });

    expect(await remove()).toMatchObject({ status: 503, body: { code: 'provider_rate_limited' } });
    expect(await remove()).toMatchObject({ status: 503, body: { code: 'provider_rate_limited' } });
    expect(await calls()).toEqual(['accessToken']);
    expect(await isMember()).toBe(true);
  });
});

test('a provider that is down had no effect, whatever is retried', async () => {
  const down = await closedServer();
  await dingtalk.secret({ baseUrl: down, apiBaseUrl: down });

  expect(await remove()).toMatchObject({
    status: 503,
    body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
  });
  expect(await isMember()).toBe(true);
});

test('a time that is used up before sending is not an unknown effect', async () => {
  const answer = await invoke(handler, { path: { userid: 'lisi' } }, 900);

  expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable', outcome: 'not_applied' } });
  expect(await dingtalk.requests()).toEqual([]);
});
