import { protectedEnv } from '../../../functions/shared/env-names.ts';
import { handler as getLedger } from '../../../functions/system/ledger.ts';
import { handler } from '../../../functions/wecom/update-user.ts';
import { endTokens } from '../../support/end-tokens.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { scriptedServer } from '../../support/scripted-server.ts';

const wecom = simulated('wecom');
const server = scriptedServer();
const updatePath = '/cgi-bin/user/update';
const getPath = '/cgi-bin/user/get';
const listPath = '/cgi-bin/user/list_id';

const activated = 'lisi';
const neverActivated = 'wujiu';
const update = (body: unknown, userid = activated) => invoke(handler, { path: { userid }, body });
const onUpdate = (then: Record<string, unknown>, times = 1) => wecom.faults({ path: updatePath, times, then });
const sent = async () => (await wecom.requests(updatePath)).map(({ body }) => body);
const find = async (userid = activated) =>
  (await wecom.state()).members.find((member: Json) => member.userid.toLowerCase() === userid.toLowerCase());
const ledgerOf = async (userid: string) =>
  (await invoke(getLedger, { query: `subject=wecom:${userid}` })).body.items[0];
const pathsOf = ({ body }: { body: Json }) => body.errors.map(({ path }: Json) => path);

test('changes what was given, and reads it back', async () => {
  const answer = await update({ position: '顾问', department: [3, 2], order: [7, 0], is_leader_in_dept: [1, 0] });

  expect(answer).toMatchObject({
    status: 200,
    body: { provider: 'wecom', userid: 'lisi', outcome: 'updated', verified: true, warnings: [] },
  });
  expect(answer.body.response).toEqual({ errcode: 0, errmsg: 'updated' });
  expect(await find()).toMatchObject({ name: '李四', position: '顾问', department: [3, 2], order: [7, 0] });
  expect(await ledgerOf('lisi')).toMatchObject({ state: 'succeeded', operation: 'PATCH /wecom/users/{userid}' });
});

test.each<[outcome: string, enable: number, userid: string, status: number]>([
  ['disabled', 0, activated, 2],
  ['disabled', 0, neverActivated, 2],
  ['enabled', 1, activated, 1],
  ['enabled', 1, neverActivated, 4],
])('%s by enable %i: %s has the status %i then', async (outcome, enable, userid, status) => {
  await update({ enable: 1 - enable }, userid);

  expect((await update({ enable }, userid)).body).toMatchObject({ outcome, verified: true, warnings: [] });
  expect(await find(userid)).toMatchObject({ enable, status });
});

const text = { type: 0, name: '工号', text: { value: 'E-1' } };
const full = {
  name: '吴久',
  alias: '小九',
  mobile: '+1202-555-0110',
  email: 'wujiu@example.com',
  biz_mail: 'jiu@corp.example.com',
  biz_mail_alias: { item: ['nine@corp.example.com'] },
  department: [2, 5],
  order: [10, 0],
  is_leader_in_dept: [1, 0],
  main_department: 5,
  direct_leader: ['ZhangSan'],
  position: '',
  gender: '2',
  telephone: '010-1234567,8',
  address: '某路 1 号',
  enable: 1,
  extattr: { attrs: [text] },
  external_position: '顾问',
  external_profile: { external_attr: [{ ...text, name: '文本' }] },
};

test.each<[string, body: Record<string, unknown>]>([
  ['all that can be', full],
  ...Object.entries(full)
    .filter(([name]) => name !== 'order' && name !== 'is_leader_in_dept' && name !== 'main_department')
    .map(([name, value]): [string, Record<string, unknown>] => [name, { [name]: value }]),
])('sends %s and nothing that was not given', async (_, body) => {
  expect(await update(body, neverActivated)).toMatchObject({ status: 200 });

  expect(await sent()).toEqual([{ userid: neverActivated, ...body }]);
});

test('empties the aliases when it is told so', async () => {
  await update({ biz_mail_alias: { item: ['li4@corp.example.com'] } });
  await update({ biz_mail_alias: { item: [] } });

  expect(await find()).toMatchObject({ biz_mail_alias: [] });
});

describe('refuses before anything is sent', () => {
  const mail = (bytes: number) => `${'x'.repeat(bytes - 5)}@b.cn`;

  test.each<[field: string, body: unknown]>([
    ['body', {}],
    ['body', undefined],
    ['to_invite', { to_invite: false, name: '李四' }],
    ['name', { name: '' }],
    ['enable', { enable: '0' }],
    ['enable', { enable: null }],
    ['enable', { enable: 2 }],
    ['biz_mail', { biz_mail: mail(64) }],
    ['biz_mail_alias', { biz_mail_alias: [] }],
    ['biz_mail_alias.item', { biz_mail_alias: {} }],
    ['biz_mail_alias.item', { biz_mail_alias: { item: Array(6).fill(mail(20)) } }],
    ['biz_mail_alias.item.0', { biz_mail_alias: { item: [mail(64)] } }],
    ['department', { department: [] }],
    ['department.0', { department: [0] }],
    ['order', { order: [1] }],
    ['order', { order: [] }],
    ['order', { department: [2, 3], order: [1] }],
    ['is_leader_in_dept', { is_leader_in_dept: [1] }],
    ['is_leader_in_dept', { department: [2], is_leader_in_dept: [1, 0] }],
    ['main_department', { department: [2, 3], main_department: 4 }],
    ['new_userid', { new_userid: '-x' }],
    ['usrid', { usrid: 'typo' }],
  ])('%s: %j', async (field, body) => {
    const answer = await update(body);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', outcome: 'not_applied' } });
    expect(pathsOf(answer)).toContain(field);
    expect(await wecom.requests()).toEqual([]);
  });

  test.each([
    ['6 bytes of biz_mail', { biz_mail: 'a@b.cn' }],
    ['63 bytes of biz_mail', { biz_mail: mail(63) }],
    ['5 aliases of 63 bytes', { biz_mail_alias: { item: [1, 2, 3, 4, 5].map((first) => first + mail(62)) } }],
    ['a main department alone', { main_department: 5 }],
    ['no leader', { direct_leader: [] }],
  ])('but takes %s', async (_, body) => {
    expect(await update(body)).toMatchObject({ status: 200 });
  });
});

describe('the mobile', () => {
  /** WeCom as an old app sees it, with the mobile. */
  async function readAs(member: Record<string, unknown>) {
    await wecom.secret({ baseUrl: server.url });
    server.play({
      '/cgi-bin/gettoken': [{ body: { access_token: 'token', expires_in: 7200 } }],
      [updatePath]: [{ body: { errcode: 0, errmsg: 'updated' } }],
      [getPath]: [{ body: { errcode: 0, userid: activated, name: '李四', ...member } }],
    });
  }
  const changes = { name: '李四', mobile: '13900006666' };

  test.each([
    ['is kept by WeCom', 'activated', 1, '10000000003', ['mobile_kept']],
    ['is kept by WeCom', 'disabled', 2, '10000000003', ['mobile_kept']],
    ['is kept by WeCom', 'gone from the corp', 5, '10000000003', ['mobile_kept']],
    ['is as sent', 'activated', 1, '+8613900006666', []],
    ['is as sent', 'not activated', 4, '13900006666', []],
  ])('%s, as reading shows, when the member is %s', async (_what, _when, status, mobile, warnings) => {
    await readAs({ status, mobile });

    expect((await update(changes)).body).toMatchObject({ outcome: 'updated', verified: true, warnings });
  });

  test.each([
    ['the member never activated', { status: 4, mobile: '10000000003' }],
    ['the name is another one too', { status: 1, mobile: '10000000003', name: '李五' }],
  ])('that was not taken although %s is verification_failed', async (_, member) => {
    await readAs(member);

    expect(await update(changes)).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
  });

  test.each([
    [activated, ['mobile_kept']],
    [neverActivated, []],
  ])('of %s that the app must not read is unverified, with the warnings %j', async (userid, warnings) => {
    const answer = await update({ mobile: '13900006666' }, userid);

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'updated', verified: 'unverified', warnings } });
    expect(answer.body.reason).toContain('cannot read mobile');
    expect((await find(userid)).mobile === '13900006666').toBe(warnings.length === 0);
  });
});

describe('mailbox fields, which WeCom does not write in one step with the others,', () => {
  const taken = 'zhangsan@corp.wwsandbox.example';

  test('leave it open what a refusal has left behind', async () => {
    const answer = await update({ position: '顾问', biz_mail: taken });

    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict', outcome: 'unknown', retryable: false } });
    expect(pathsOf(answer)).toEqual(['biz_mail']);
    expect(answer.body.fix).toContain('send all the fields again');
    expect(await find()).toMatchObject({ position: '顾问' });
    expect(await ledgerOf('lisi')).toMatchObject({ state: 'unknown', provider: { code: '60145' } });
  });

  test('can be sent again at once', async () => {
    await update({ position: '顾问', biz_mail: taken });

    expect(await update({ position: '顾问', biz_mail: 'free@corp.example.com' })).toMatchObject({ status: 200 });
    expect(await find()).toMatchObject({ position: '顾问', biz_mail: 'free@corp.example.com' });
  });

  test.each<[string, body: Record<string, unknown>]>([
    ['a mailbox', { biz_mail: taken }],
    ['aliases', { biz_mail_alias: { item: [taken] } }],
  ])('leave nothing open when %s came alone', async (_, body) => {
    const before = await find();

    expect((await update(body)).body).toMatchObject({ code: 'conflict', outcome: 'not_applied' });
    expect(await find()).toEqual(before);
  });

  test.each([60111, 60020, 48002, 45009])('leave nothing open when %i refused the call as such', async (errcode) => {
    await onUpdate({ errcode });

    expect((await update({ position: '顾问', biz_mail: taken })).body.outcome).toBe('not_applied');
  });

  const refused = { body: { errcode: 60145, errmsg: 'biz_mail existed' } };
  const lost = { status: 500 };
  const before = { position: '', biz_mail: 'lisi@corp.example.com' };

  test.each([
    ['not applied when nothing of what was sent is there', refused, before, 409, 'not_applied'],
    ['open when the other fields are', refused, { ...before, position: '顾问' }, 409, 'unknown'],
    ['not applied when two answers are lost and nothing is there', lost, before, 503, 'not_applied'],
    ['open when an answer is lost and only the mailbox is there', lost, { ...before, biz_mail: taken }, 504, 'unknown'],
  ])('are %s, as an old app can read', async (_, reply, member, status, outcome) => {
    await wecom.secret({ baseUrl: server.url });
    server.play({
      '/cgi-bin/gettoken': [{ body: { access_token: 'token', expires_in: 7200 } }],
      [updatePath]: [reply],
      [getPath]: [{ body: { errcode: 0, userid: activated, ...member } }],
    });

    expect(await update({ position: '顾问', biz_mail: taken })).toMatchObject({ status, body: { outcome } });
  });
});

test('an unknown member is 404 with the code of WeCom, and the fix does not speak of the app', async () => {
  const answer = await update({ enable: 0 }, 'ghost');

  expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', provider: { code: '60111' } } });
  expect(answer.body.fix).toContain('whole corp');
});

test.each<[field: string, code: string, errcode: string, body: Record<string, unknown>]>([
  ['new_userid', 'provider_rejected', '301036', { new_userid: 'lisi2' }],
  ['department', 'provider_rejected', '60123', { department: [987] }],
  ['email', 'conflict', '60106', { email: 'zhangsan@wwsandbox.example' }],
  ['biz_mail_alias', 'conflict', '60270', { biz_mail_alias: { item: ['zhangsan@corp.wwsandbox.example'] } }],
])('names %s: %s %s', async (field, code, errcode, body) => {
  await update({ biz_mail_alias: { item: ['zhangsan@corp.wwsandbox.example'] } }, 'zhangsan');

  const answer = await update(body);

  expect(answer.body).toMatchObject({ code, outcome: 'not_applied', provider: { code: errcode } });
  expect(pathsOf(answer)).toEqual([field]);
});

describe('a new userid', () => {
  const renamed = { errcode: 0, userid: 'lisi2', name: '李四' };

  test.each([
    ['is verified by reading it', [{ body: renamed }], { verified: true }],
    [
      'that is not there is verification_failed',
      [{ body: { errcode: 60111 } }],
      { code: 'verification_failed', outcome: 'not_applied' },
    ],
  ])('%s, under the lock of the old one', async (_, readings, expected) => {
    await wecom.secret({ baseUrl: server.url });
    server.play({
      '/cgi-bin/gettoken': [{ body: { access_token: 'token', expires_in: 7200 } }],
      [updatePath]: [{ body: { errcode: 0, errmsg: 'updated' } }],
      [getPath]: readings,
      [listPath]: [{ body: { errcode: 0, dept_user: [{ userid: 'founder', department: 1 }] } }],
    });

    expect((await update({ new_userid: 'lisi2' }, 'LiSi')).body).toMatchObject(expected);
    expect(server.requests(getPath)[0]?.query.userid).toBe('lisi2');
    expect(await ledgerOf('lisi')).toMatchObject({ subject: 'wecom:lisi' });
  });
});

describe('an attempt whose answer is lost', () => {
  test.each<[string, body: Record<string, unknown>]>([
    ['disabling', { enable: 0 }],
    ['a new position', { position: '顾问' }],
  ])('%s: is a success when it is read back, and is not sent twice', async (_, body) => {
    await onUpdate({ drop: 'after' });

    const answer = await update(body);

    expect(answer.body).toMatchObject({ verified: true, response: null, warnings: ['upstream_error_but_verified'] });
    expect(await sent()).toHaveLength(1);
  });

  test('is sent once more after reading has shown no change', async () => {
    await onUpdate({ drop: 'before' });

    expect((await update({ enable: 0 })).body).toMatchObject({ outcome: 'disabled', verified: true });
    const paths = (await wecom.requests()).map(({ path }) => path).filter((path) => path !== '/cgi-bin/gettoken');
    expect(paths).toEqual([updatePath, getPath, updatePath, getPath]);
  });

  test('is not applied when a second attempt fails too', async () => {
    await onUpdate({ status: 500 }, 2);

    expect(await update({ enable: 0 })).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', outcome: 'not_applied' },
    });
    expect(await find()).toMatchObject({ enable: 1 });
  });

  test.each<[string, body: Record<string, unknown>, secret: Record<string, unknown>]>([
    ['the field cannot be read', { position: '顾问', address: '某路 1 号' }, {}],
    ['no details can be read', { enable: 0 }, { appSecret: undefined }],
  ])('is unknown when %s, and is not sent again', async (_, body, secret) => {
    await wecom.secret(secret);
    await onUpdate({ drop: 'after' });

    const answer = await update(body);

    expect(answer).toMatchObject({ status: 504, body: { code: 'provider_timeout', outcome: 'unknown' } });
    expect(await sent()).toHaveLength(1);
    expect(await ledgerOf('lisi')).toMatchObject({ state: 'intended' });
  });

  test.each(['{"errcode":0,', '<html></html>', '{"errcode":"0"}', '', 'null'])(
    'as %j is no success, nor sent again',
    async (body) => {
      await onUpdate({ body });

      expect(await update({ enable: 0 })).toMatchObject({
        status: 502,
        body: { code: 'provider_unexpected', outcome: 'not_applied' },
      });
      expect(await sent()).toHaveLength(1);
    },
  );
});

test.each<[string, body: Record<string, unknown>, secret: Record<string, unknown>, reason: string]>([
  ['without the app secret', { enable: 0 }, { appSecret: undefined }, 'details cannot be read'],
  ['of a field that no app gets', { address: '某路 1 号', enable: 0 }, {}, 'cannot read address'],
])('a success %s is unverified, with the reason', async (_, body, secret, reason) => {
  await wecom.secret(secret);

  const answer = await update(body);

  expect(answer).toMatchObject({ status: 200, body: { outcome: 'disabled', verified: 'unverified' } });
  expect(answer.body.reason).toContain(reason);
});

test.each<[string, Record<string, unknown>]>([
  ['disabling', { enable: 0 }],
  ['updating', { position: '顾问' }],
  ['moving', { department: [4] }],
])('a yes without a deed is verification_failed: %s', async (_, body) => {
  await onUpdate({ errcode: 0 });

  expect(await update(body)).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
});

test('a yes without a deed is verification_failed: enabling', async () => {
  await update({ enable: 0 });
  await onUpdate({ errcode: 0 });

  expect(await update({ enable: 1 })).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
});

test('disabling a protected account is refused, changing it is not', async () => {
  process.env[protectedEnv('wecom')] = 'lisi';
  const answers = [await update({ enable: 0 }, 'LiSi'), await update({ position: '顾问' }, 'LiSi')];
  delete process.env[protectedEnv('wecom')];

  expect(answers.map(({ status }) => status)).toEqual([409, 200]);
  expect(answers[0]?.body).toMatchObject({ code: 'protected' });
  expect(await find()).toMatchObject({ enable: 1, position: '顾问' });
});

test('a token that ends in the middle is renewed', async () => {
  await update({ enable: 0 });
  endTokens();

  expect((await update({ enable: 1 })).body).toMatchObject({ outcome: 'enabled', verified: true });
});

test('a protected account keeps its userid, so that it stays protected', async () => {
  process.env.USHER_WECOM_PROTECTED = 'founder LISI';

  const answer = await invoke(handler, { path: { userid: 'lisi' }, body: { new_userid: 'lisi2' } });
  delete process.env.USHER_WECOM_PROTECTED;

  expect(answer).toMatchObject({ status: 409, body: { code: 'protected', outcome: 'not_applied' } });
  expect(await wecom.requests('/cgi-bin/user/update')).toEqual([]);
});
