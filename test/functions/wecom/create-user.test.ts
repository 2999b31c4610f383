import { handler } from '../../../functions/wecom/create-user.ts';
import { invoke } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const wecom = simulated('wecom');
const createPath = '/cgi-bin/user/create';
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
    ['64 characters of name', { name: chars(64) }],
    ['64 rare characters, which are two UTF-16 units each', { name: '𠮷'.repeat(64) }],
    ['128 characters of address', { address: chars(128) }],
    ['an e-mail instead of a mobile', { mobile: undefined, email: 'chenbo@example.com' }],
    ['64 bytes of userid', { userid: 'x'.repeat(64) }],
  ])('but takes %s', async (_, changes) => {
    expect(await create({ ...member, ...changes })).toMatchObject({ status: 200 });
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
  ])('%s instead of an answer is not taken for a success', async (_, body) => {
    await wecom.faults({ path: createPath, then: { body } });

    expect(await create()).toMatchObject({ status: 502, body: { code: 'provider_unexpected', outcome: 'not_applied' } });
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

  expect(await create({ ...member, userid: 'lisi' })).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
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
