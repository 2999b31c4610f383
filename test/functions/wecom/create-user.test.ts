import { handler } from '../../../functions/wecom/create-user.ts';
import { endTokens } from '../../support/end-tokens.ts';
import { invoke } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const wecom = simulated('wecom');
const createPath = '/cgi-bin/user/create';
const tokenPath = '/cgi-bin/gettoken';
const getPath = '/cgi-bin/user/get';
const listPath = '/cgi-bin/user/list_id';
const paths = async (): Promise<string[]> => (await wecom.requests()).map(({ path }) => path);
const member = { userid: 'chenbo', name: '陈波', mobile: '13900005555', department: [2] };
const create = (body: unknown = member) => invoke(handler, { body });
const find = async (userid: string) =>
  (await wecom.state()).members.find((candidate: { userid: string }) => candidate.userid === userid);

test('creates a member, reads it back, and never invites by default', async () => {
  const answer = await create();

  expect(answer).toMatchObject({
    status: 200,
    body: { provider: 'wecom', userid: 'chenbo', outcome: 'created', verified: true, warnings: [] },
  });
  expect(answer.body.response).toEqual({ errcode: 0, errmsg: 'created' });
  const [sent] = await wecom.requests(createPath);
  expect(sent.body).toEqual({ ...member, to_invite: false });
  expect(await find('chenbo')).toMatchObject({ name: '陈波', to_invite: false });
});

test('sends every field of the catalogue as it was given', async () => {
  const full = {
    ...member,
    alias: '小波',
    email: 'chenbo@example.com',
    department: [2, 3],
    order: [10, 0],
    is_leader_in_dept: [1, 0],
    main_department: 3,
    direct_leader: ['zhangsan'],
    position: '工程师',
    gender: '1',
    telephone: '010-1234567,8',
    address: '某路 1 号',
    enable: 1,
    extattr: {
      attrs: [
        { type: 0, name: '工号', text: { value: 'E-1' } },
        { type: 1, name: '主页', web: { url: 'https://example.com', title: '主页' } },
      ],
    },
    external_position: '顾问',
    external_profile: { external_attr: [{ type: 0, name: '文本', text: { value: '值' } }] },
    to_invite: true,
  };

  const answer = await create(full);

  expect(answer).toMatchObject({ status: 200, body: { outcome: 'created', verified: true } });
  expect((await wecom.requests(createPath))[0].body).toEqual(full);
});

test('names the field of ours that WeCom refuses', async () => {
  const answer = await create({ ...member, avatar_mediaid: 'expired' });

  expect(answer).toMatchObject({ status: 422, body: { code: 'provider_rejected', provider: { code: '301015' } } });
  expect(answer.body.errors[0].path).toBe('avatar_mediaid');
});

test('reports a department that WeCom made for an unknown id', async () => {
  const answer = await create({ ...member, department: [2, 987] });

  expect(answer.body.warnings).toEqual(['department_created:987']);
});

const webOf = (title: string) => ({ url: 'https://example.com', title });
const externalOf = (attribute: unknown) => ({ external_profile: { external_attr: [attribute] } });

describe('refuses before anything is sent', () => {
  const chars = (count: number) => '字'.repeat(count);

  test.each<[field: string, changes: Record<string, unknown>]>([
    ['userid', { userid: '' }],
    ['userid', { userid: undefined }],
    ['userid', { userid: 7 }],
    ['userid', { userid: '-chenbo' }],
    ['userid', { userid: 'chen bo' }],
    ['userid', { userid: 'x'.repeat(65) }],
    ['name', { name: undefined }],
    ['name', { name: '' }],
    ['name', { name: chars(65) }],
    ['alias', { alias: chars(65) }],
    ['mobile', { mobile: undefined }],
    ['mobile', { mobile: '+86 13900005555' }],
    ['mobile', { mobile: '1'.repeat(33) }],
    ['email', { email: 'a@b.c' }],
    ['email', { email: `${chars(20)}@b.cn` }],
    ['email', { email: 'nobody' }],
    ['biz_mail', { biz_mail: `${'x'.repeat(60)}@b.cn` }],
    ['department', { department: [] }],
    ['department', { department: 2 }],
    ['department.0', { department: ['2'] }],
    ['department', { department: Array(101).fill(2) }],
    ['order', { order: [1, 2] }],
    ['order', { department: undefined, order: [] }],
    ['order.0', { order: [2 ** 32] }],
    ['order.0', { order: [-1] }],
    ['is_leader_in_dept', { is_leader_in_dept: [1, 0] }],
    ['is_leader_in_dept.0', { is_leader_in_dept: [true] }],
    ['is_leader_in_dept', { department: undefined, is_leader_in_dept: [1] }],
    ['main_department', { main_department: 3 }],
    ['main_department', { main_department: true }],
    ['direct_leader', { direct_leader: ['zhangsan', 'lisi'] }],
    ['position', { position: chars(129) }],
    ['gender', { gender: 1 }],
    ['gender', { gender: '3' }],
    ['telephone', { telephone: '010 123' }],
    ['address', { address: chars(129) }],
    ['enable', { enable: true }],
    ['avatar_mediaid', { avatar_mediaid: '' }],
    ['extattr.attrs.0.text.value', { extattr: { attrs: [{ type: 0, name: '工号', text: { value: chars(65) } }] } }],
    ['extattr.attrs.0.web', { extattr: { attrs: [{ type: 1, name: '主页', web: { url: '', title: '主页' } }] } }],
    ['extattr.attrs.0.web.url', { extattr: { attrs: [{ type: 1, name: '主页', web: { url: 'x', title: 'x' } }] } }],
    ['extattr.attrs.0.type', { extattr: { attrs: [{ type: 2, name: '主页' }] } }],
    ['external_position', { external_position: chars(13) }],
    ['extattr.attrs.0.web.title', { extattr: { attrs: [{ type: 1, name: '主页', web: webOf(chars(13)) }] } }],
    ['external_profile.external_attr.0.text.value', externalOf({ type: 0, name: '文本', text: { value: chars(33) } })],
    ['external_profile.external_attr.0.web.title', externalOf({ type: 1, name: '网页', web: webOf(chars(13)) })],
    ['external_profile.external_attr.0.type', externalOf({ type: 3, name: '别的' })],
    ['external_profile.nickname', { external_profile: { nickname: 'x' } }],
    ['to_invite', { to_invite: 'no' }],
    ['nickname', { nickname: '小波' }],
    ['usrid', { usrid: 'typo' }],
    ['name', { name: '\ud800' }],
  ])('%s: %j', async (field, changes) => {
    const answer = await create({ ...member, ...changes });

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', outcome: 'not_applied' } });
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toContain(field);
    expect(answer.body.detail).toContain(field);
    expect(await wecom.requests()).toEqual([]);
  });

  test.each([
    ['1 character of name', { name: '波' }],
    ['64 characters of name', { name: chars(64) }],
    ['64 rare characters, which are two UTF-16 units each', { name: '𠮷'.repeat(64) }],
    ['64 characters of alias', { alias: chars(64) }],
    ['1 byte of userid', { userid: '7' }],
    ['64 bytes of userid', { userid: 'x'.repeat(64) }],
    ['each character a userid may have', { userid: 'aZ09_-@.' }],
    ['32 characters of mobile', { mobile: `+${'1'.repeat(31)}` }],
    ['an e-mail instead of a mobile', { mobile: undefined, email: 'chenbo@example.com' }],
    ['6 bytes of email', { email: 'a@b.cn' }],
    ['64 bytes of email', { email: `${'x'.repeat(59)}@b.cn` }],
    ['6 bytes of biz_mail', { biz_mail: 'a@b.cn' }],
    ['64 bytes of biz_mail', { biz_mail: `${'x'.repeat(59)}@b.cn` }],
    ['no department', { department: undefined }],
    ['department 0', { department: [0] }],
    ['100 departments', { department: Array.from({ length: 100 }, (_, index) => index + 1) }],
    ['the ends of order', { department: [2, 3], order: [0, 2 ** 32 - 1] }],
    ['no leader', { direct_leader: [] }],
    ['an empty position', { position: '' }],
    ['128 characters of position', { position: chars(128) }],
    ['1 character of telephone', { telephone: '1' }],
    ['32 characters of telephone', { telephone: '+86-10,'.padEnd(32, '0') }],
    ['128 characters of address', { address: chars(128) }],
    ['12 characters of external_position', { external_position: chars(12) }],
    ['a disabled member', { enable: 0 }],
    [
      '64 characters of a text attribute',
      { extattr: { attrs: [{ type: 0, name: '工号', text: { value: chars(64) } }] } },
    ],
    ['12 characters of a web title', { extattr: { attrs: [{ type: 1, name: '主页', web: webOf(chars(12)) }] } }],
    ['an emptied web attribute', { extattr: { attrs: [{ type: 1, name: '主页', web: { url: '', title: '' } }] } }],
    ['32 characters of an external text', externalOf({ type: 0, name: '文本', text: { value: chars(32) } })],
    ['12 characters of an external web title', externalOf({ type: 1, name: '网页', web: webOf(chars(12)) })],
  ])('but takes %s', async (_, changes) => {
    expect(await create({ ...member, ...changes })).toMatchObject({ status: 200, body: { verified: true } });
  });
});

describe('an attempt whose answer is lost', () => {
  test('is reported as created when the member stands as it was sent', async () => {
    await wecom.faults({ path: createPath, then: { drop: 'after' } });

    const answer = await create();

    expect(answer.body).toMatchObject({ outcome: 'created', verified: true, response: null });
    expect(answer.body.warnings).toEqual(['upstream_error_but_verified']);
    expect(await wecom.requests(createPath)).toHaveLength(1);
  });

  test('is sent once more when the member is absent', async () => {
    await wecom.faults({ path: createPath, then: { drop: 'before' } });

    expect((await create()).body).toMatchObject({ outcome: 'created', verified: true });
    expect(await wecom.requests(createPath)).toHaveLength(2);
  });

  test('is a conflict when somebody else has the userid, and nothing is updated', async () => {
    await wecom.faults({ path: createPath, then: { drop: 'before' } });

    const answer = await create({ ...member, userid: 'LiSi' });

    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict', outcome: 'not_applied' } });
    expect((await wecom.requests()).map(({ path }) => path)).not.toContain('/cgi-bin/user/update');
  });

  test('is reported as not applied when a second attempt fails too', async () => {
    await wecom.faults({ path: createPath, times: 2, then: { status: 500 } });

    const answer = await create();

    expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable', outcome: 'not_applied' } });
    expect(answer.headers['retry-after']).toBe('5');
    expect(await find('chenbo')).toBeUndefined();
  });

  test('is unknown when reading back fails too', async () => {
    await wecom.faults(
      { path: createPath, then: { drop: 'after' } },
      { method: 'GET', path: '/cgi-bin/user/get', times: 9, then: { status: 500 } },
      { path: '/cgi-bin/user/list_id', times: 9, then: { status: 500 } },
    );

    expect(await create()).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', outcome: 'unknown', retryable: true },
    });
  });

  test('is unknown, not created, when only the id list can be read: an older member may have the userid', async () => {
    await wecom.secret({ appSecret: undefined });
    await wecom.faults({ path: createPath, then: { drop: 'after' } });

    const answer = await create();

    expect(answer).toMatchObject({ status: 504, body: { outcome: 'unknown' } });
    expect(answer.body.detail).toContain('details cannot be read');
  });

  test.each([
    ['truncated JSON', '{"errcode":0,'],
    ['HTML', '<html></html>'],
    ['errcode as a string', '{"errcode":"0","errmsg":"created"}'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['errcode as a fraction', '{"errcode":0.5,"errmsg":"created"}'],
    ['errmsg as a number', '{"errcode":0,"errmsg":5}'],
  ])('%s instead of an answer is not taken for a success', async (_, body) => {
    await wecom.faults({ path: createPath, then: { body } });

    expect(await create()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', outcome: 'not_applied' },
    });
    expect(await wecom.requests(createPath)).toHaveLength(1);
  });

  test('a refusal after a busy answer may be about our own first attempt, so the member is compared', async () => {
    await wecom.faults({ path: createPath, then: { errcode: -1 } }, { path: createPath, then: { errcode: 60102 } });

    expect(await create()).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await wecom.requests('/cgi-bin/user/get')).toHaveLength(1);
  });
});

test('a yes without a deed is verification_failed', async () => {
  await wecom.faults({ path: createPath, then: { errcode: 0 } });

  expect(await create()).toMatchObject({ status: 502, body: { code: 'verification_failed', outcome: 'not_applied' } });
});

test('a yes for a userid that somebody else has is verification_failed', async () => {
  await wecom.faults({ path: createPath, then: { errcode: 0 } });

  expect(await create({ ...member, userid: 'lisi' })).toMatchObject({
    status: 502,
    body: { code: 'verification_failed' },
  });
});

test('a success that cannot be read back is unverified, with the reason', async () => {
  await wecom.secret({ appSecret: undefined });

  const answer = await create();

  expect(answer).toMatchObject({ status: 200, body: { outcome: 'created', verified: 'unverified' } });
  expect(answer.body.reason).toContain('details cannot be read');
});

test('waits longer after each busy answer', async () => {
  await wecom.faults({ path: createPath, times: 3, then: { errcode: -1 } });

  expect(await create()).toMatchObject({ status: 200 });
  expect(time.waits).toEqual([500, 1000, 2000]);
});

describe('the HTTP status', () => {
  test('of a refusal does not matter, even when it is 500', async () => {
    await wecom.faults({ path: createPath, then: { errcode: 60104, status: 500 } });

    expect(await create()).toMatchObject({ status: 409, body: { code: 'conflict', provider: { code: '60104' } } });
    expect(await wecom.requests(createPath)).toHaveLength(1);
  });

  test('500 over a yes proves nothing, so the directory is read before the member is sent again', async () => {
    await wecom.faults({ path: createPath, then: { errcode: 0, status: 500 } });

    expect((await create()).body).toMatchObject({ outcome: 'created', verified: true });
    expect(await paths()).toEqual([tokenPath, createPath, tokenPath, getPath, listPath, createPath, getPath]);
  });

  test.each([403, 404, 413])('%i without an errcode is unexpected, and not sent again', async (status) => {
    await wecom.faults({ path: createPath, then: { status } }, { path: createPath, then: { status, body: '{}' } });

    for (const _ of ['text', 'JSON']) {
      expect(await create()).toMatchObject({
        status: 502,
        body: { code: 'provider_unexpected', outcome: 'not_applied' },
      });
    }
    expect(await wecom.requests(createPath)).toHaveLength(2);
    expect(await find('chenbo')).toBeUndefined();
  });
});

describe('a credential that does not work', () => {
  test.each<[string, secret: Record<string, unknown>, expected: object, fix: string]>([
    [
      'a wrong contactSecret',
      { contactSecret: 'wrong' },
      { code: 'provider_credentials', provider: { code: '40001' } },
      '通讯录同步',
    ],
    ['a wrong corpId', { corpId: 'ww0' }, { code: 'provider_credentials', provider: { code: '40013' } }, 'corpId'],
    [
      'an app secret in its place',
      { contactSecret: 'sandbox-app' },
      { code: 'provider_permission', provider: { code: '48002' } },
      'contactSecret',
    ],
    ['no contactSecret', { contactSecret: undefined }, { code: 'provider_credentials' }, 'README'],
  ])('%s: says so and creates nothing', async (_, secret, expected, fix) => {
    await wecom.secret(secret);

    const answer = await create();

    expect(answer).toMatchObject({ status: 502, body: { ...expected, retryable: false, outcome: 'not_applied' } });
    expect(answer.body.fix).toContain(fix);
    expect((await paths()).filter((path) => path === tokenPath).length).toBeLessThanOrEqual(1);
    expect(await find('chenbo')).toBeUndefined();
  });

  test('a wrong appSecret does not stop the creation, it only cannot be verified', async () => {
    await wecom.secret({ appSecret: 'wrong' });

    expect(await create()).toMatchObject({ status: 200, body: { outcome: 'created', verified: 'unverified' } });
    expect(await find('chenbo')).toBeDefined();
  });

  test('a refused address is in the fix, ready to be listed', async () => {
    await wecom.faults({ path: createPath, then: { errcode: 60020 } });

    const answer = await create();

    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_ip_refused', outcome: 'not_applied' } });
    expect(answer.body.fix).toContain('127.0.0.1');
    expect(await wecom.requests(createPath)).toHaveLength(1);
  });

  test('a token that ends in the middle is renewed, and the member is created once', async () => {
    await create({ ...member, userid: 'earlier', mobile: '13900006666' });
    endTokens();

    expect((await create()).body).toMatchObject({ outcome: 'created', verified: true });
    expect(await wecom.requests(createPath)).toHaveLength(3);
    expect(await find('chenbo')).toBeDefined();
  });

  test('a rate limit is not waited out here, and reading back does not run into it', async () => {
    await wecom.faults({ path: createPath, then: { errcode: 45009 } });

    const answer = await create();

    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'provider_rate_limited', retryable: true, outcome: 'not_applied' },
    });
    expect(answer.headers['retry-after']).toBe('60');
    expect(await paths()).toEqual([tokenPath, createPath]);
    expect(time.waits).toEqual([]);
  });
});

test('a provider that is down is tried three times, and the answer says that nothing was applied', async () => {
  await wecom.secret({ baseUrl: 'http://127.0.0.1:2' });

  expect(await create()).toMatchObject({
    status: 503,
    body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
  });
  expect(time.waits).toHaveLength(2);
});

test('an attempt that hangs ends after 8 s, and its late arrival makes no second member', async () => {
  const runOut = await wecom.hold(createPath);
  const answer = create();
  await wecom.came(createPath);
  runOut();

  expect((await answer).body).toMatchObject({ outcome: 'created', verified: true });
  await wecom.release();
  expect(AbortSignal.timeout).toHaveBeenCalledWith(8_000);
  expect(await wecom.requests(createPath)).toHaveLength(2);
  expect((await wecom.state()).members.filter(({ userid }: { userid: string }) => userid === 'chenbo')).toHaveLength(1);
});

describe('a mobile is compared as a number, however it is written', () => {
  const foundWith = (mobile: string) =>
    wecom.faults({
      method: 'GET',
      path: getPath,
      then: { body: JSON.stringify({ errcode: 0, userid: 'chenbo', name: '陈波', mobile, department: [2] }) },
    });

  test.each(['13900005555', '+8613900005555', '+86-13900005555', '+86-139-0000-5555'])('%s', async (mobile) => {
    await foundWith('13900005555');

    expect((await create({ ...member, mobile })).body).toMatchObject({ outcome: 'created', verified: true });
  });

  test('and another number is another member', async () => {
    await foundWith('13900005556');

    expect((await create()).body).toMatchObject({ code: 'verification_failed' });
  });
});
