import { handler } from '../../../functions/dingtalk/create-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';
import { createPath, getPath, ledgerOf } from './support.ts';

const dingtalk = simulated('dingtalk');
const log = logLines();

const user = { userid: 'chenbo', name: '陈波', mobile: '13900005555', dept_id_list: [2, 3] };
const create = (changes: Json = {}) => invoke(handler, { body: { ...user, ...changes } });
const onCreate = (then: Json, times = 1) => dingtalk.faults({ path: createPath, times, then });
const onGet = (then: Json, times = 1) => dingtalk.faults({ path: getPath, times, then });
const shown = (fields: Json) => ({ body: JSON.stringify({ errcode: 0, result: { userid: 'chenbo', ...fields } }) });
const calls = async () => (await dingtalk.requests()).map(({ path }) => path.split('/').at(-1));
const find = async (userid = 'chenbo') =>
  (await dingtalk.state()).members.find((member: Json) => member.userid === userid);
const full = {
  ...user,
  mobile: '+44-7700900123',
  hide_mobile: true,
  senior_mode: true,
  telephone: '010-1234',
  job_number: 'E-1',
  title: '工程师',
  email: 'chenbo@example.com',
  org_email: 'chenbo@corp.example',
  org_email_type: 'profession',
  work_place: '上海',
  remark: '试用',
  dept_order_list: [{ dept_id: 2, order: 7 }],
  dept_title_list: [{ dept_id: 2, title: '组长' }],
  dept_position_list: [{ dept_id: 3, is_main: true, title: '顾问', work_place: '北京' }],
  hired_date: 1_795_305_600_000,
  manager_userid: 'founder',
  login_email: 'login@example.com',
};

describe('creates', () => {
  test('a user, and reads it back', async () => {
    const answer = await create();

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      provider: 'dingtalk',
      userid: 'chenbo',
      outcome: 'created',
      verified: true,
      response: expect.objectContaining({
        errcode: 0,
        result: { userid: 'chenbo', unionId: (await find()).unionid },
      }),
      warnings: [],
    });
    expect(await calls()).toEqual(['accessToken', 'create', 'get']);
    expect((await dingtalk.requests(createPath))[0].body).toEqual({ ...user, dept_id_list: '2,3' });
  });

  test('one with every field, each as it was given', async () => {
    const extension = { 爱好: '旅游', 年龄: '24' };

    const answer = await create({ ...full, extension, extension_i18n: '{"en_US":{}}' });

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'created', verified: true } });
    expect((await dingtalk.requests(createPath))[0].body).toEqual({
      ...full,
      dept_id_list: '2,3',
      extension: JSON.stringify(extension),
      extension_i18n: '{"en_US":{}}',
    });
  });

  test('one whose mobile DingTalk shows without the country', async () => {
    expect((await create({ mobile: '+44-7700900123' })).body).toMatchObject({ outcome: 'created', verified: true });
  });

  test('one of whom the app may read little: what is not shown is not compared', async () => {
    await onGet(shown({ dept_id_list: [3, 2], extension: 'no JSON', dept_order_list: null }));

    expect((await create({ extension: '{"a":"b"}' })).body).toMatchObject({ outcome: 'created', verified: true });
  });
});

test('answers 202 when the person must consent first, and claims no account', async () => {
  await onCreate({ errcode: 40103 });

  const answer = await create();

  expect(answer).toMatchObject({
    status: 202,
    body: { outcome: 'pending_consent', verified: 'unverified', response: { errcode: 40103 }, warnings: [] },
  });
  expect(answer.body.reason).toContain('invitation');
  expect(await calls()).toEqual(['accessToken', 'create']);
  expect(await ledgerOf('chenbo')).toMatchObject([{ state: 'succeeded', provider: { code: '40103' } }]);
});

describe('refuses before anything is sent', () => {
  const chars = (count: number) => '字'.repeat(count);

  test.each<[field: string, changes: Json]>([
    ['userid', { userid: undefined }],
    ['userid', { userid: '' }],
    ['userid', { userid: 'x'.repeat(65) }],
    ['userid', { userid: 'chen bo' }],
    ['userid', { userid: 7 }],
    ['name', { name: undefined }],
    ['name', { name: '' }],
    ['name', { name: chars(81) }],
    ['mobile', { mobile: undefined }],
    ['mobile', { mobile: '' }],
    ['mobile', { mobile: '139 0000 5555' }],
    ['mobile', { mobile: '+447700900123' }],
    ['mobile', { mobile: 13_900_005_555 }],
    ['dept_id_list', { dept_id_list: undefined }],
    ['dept_id_list', { dept_id_list: '2,3' }],
    ['dept_id_list', { dept_id_list: [] }],
    ['dept_id_list', { dept_id_list: Array(101).fill(2) }],
    ['dept_id_list.0', { dept_id_list: ['2'] }],
    ['dept_id_list.0', { dept_id_list: [0] }],
    ['hide_mobile', { hide_mobile: 'true' }],
    ['senior_mode', { senior_mode: 1 }],
    ['telephone', { telephone: '1'.repeat(51) }],
    ['job_number', { job_number: chars(51) }],
    ['title', { title: chars(201) }],
    ['email', { email: 'nobody' }],
    ['email', { email: `${'x'.repeat(46)}@b.cn` }],
    ['org_email', { org_email: 'x'.repeat(101) }],
    ['org_email_type', { org_email_type: 'private' }],
    ['work_place', { work_place: chars(101) }],
    ['remark', { remark: chars(2001) }],
    ['dept_order_list.0.order', { dept_order_list: [{ dept_id: 2 }] }],
    ['dept_title_list.0.title', { dept_title_list: [{ dept_id: 2, title: chars(201) }] }],
    ['dept_position_list.0.level', { dept_position_list: [{ dept_id: 2, level: 1 }] }],
    ['extension', { extension: [] }],
    ['extension', { extension: '[]' }],
    ['extension', { extension: '{"a":' }],
    ['extension', { extension: { a: chars(2000) } }],
    ['hired_date', { hired_date: '2026-11-20' }],
    ['manager_userid', { manager_userid: '' }],
    ['login_email', { login_email: 'x'.repeat(65) }],
    ['unionid', { unionid: 'u' }],
  ])('%s of %j', async (field, changes) => {
    const answer = await create(changes);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', outcome: 'not_applied' } });
    expect(answer.body.errors.map(({ path }: Json) => path)).toContain(field);
    expect(await dingtalk.requests()).toEqual([]);
  });

  test.each<[string, Json]>([
    ['80 characters of name', { name: chars(80) }],
    ['64 characters of userid', { userid: 'x'.repeat(64) }],
    ['an empty title', { title: '' }],
    ['2,000 characters of remark', { remark: chars(2000) }],
    ['50 characters of email', { email: `${'x'.repeat(45)}@b.cn` }],
    ['2,000 characters of extension', { extension: { a: 'x'.repeat(2000 - '{"a":""}'.length) } }],
  ])('but takes %s', async (_, changes) => {
    expect(await create(changes)).toMatchObject({ status: 200, body: { verified: true } });
  });
});

test.each<[code: number, status: number, ours: string, field: string]>([
  [60102, 409, 'conflict', 'userid'],
  [60104, 409, 'conflict', 'mobile'],
  [60106, 409, 'conflict', 'email'],
  [60003, 422, 'provider_rejected', 'dept_id_list'],
  [60128, 422, 'provider_rejected', 'manager_userid'],
])('%i is %i %s of %s, and is not repeated', async (errcode, status, code, field) => {
  await onCreate({ errcode }, 9);

  expect(await create()).toMatchObject({ status, body: { code, outcome: 'not_applied', errors: [{ path: field }] } });
  expect(await calls()).toEqual(['accessToken', 'create']);
  expect(await ledgerOf('chenbo')).toMatchObject([{ state: 'failed', provider: { code: String(errcode) } }]);
});

describe('an attempt whose answer is lost', () => {
  test('is created when the user stands as it was sent, in every field', async () => {
    await onCreate({ drop: 'after' });

    const answer = await create({ ...full, extension: { 年龄: '24' } });

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'created', verified: true, response: null } });
    expect(answer.body.warnings).toEqual(['upstream_error_but_verified']);
    expect(await calls()).toEqual(['accessToken', 'create', 'get']);
    expect(await ledgerOf('chenbo')).toMatchObject([{ operation: 'POST /dingtalk/users', state: 'succeeded' }]);
  });

  test('is sent once more when there is no such user', async () => {
    await onCreate({ drop: 'before' });

    expect((await create()).body).toMatchObject({ outcome: 'created', verified: true, response: { errcode: 0 } });
    expect(await calls()).toEqual(['accessToken', 'create', 'get', 'create', 'get']);
  });

  test('may turn out to need consent', async () => {
    await onCreate({ drop: 'before' });
    await onCreate({ errcode: 40103 });

    expect(await create()).toMatchObject({ status: 202, body: { outcome: 'pending_consent' } });
  });

  test.each<[string, Json]>([
    ['name', { name: 'Somebody Else' }],
    ['mobile', { mobile: '13900009999' }],
    ['dept_id_list', { dept_id_list: [2] }],
    ['senior_mode', { senior: true }],
    ['title', { title: '经理' }],
    ['dept_order_list', { dept_order_list: [{ dept_id: 2, order: 8 }] }],
    ['dept_position_list', { dept_position_list: [{ dept_id: 3, title: '经理' }] }],
    ['extension', { extension: '{"年龄":"42"}' }],
    ['hired_date', { hired_date: 1 }],
    ['manager_userid', { manager_userid: 'wangwu' }],
  ])('is a conflict when the userid belongs to somebody with another %s, who is not updated', async (_, fields) => {
    await onCreate({ drop: 'before' });
    await onGet(shown(fields));

    const answer = await create({ ...full, senior_mode: false, extension: { 年龄: '24' } });

    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict', errors: [{ path: 'userid' }] } });
    expect(await calls()).toEqual(['accessToken', 'create', 'get']);
  });

  test('is unknown when the user cannot be read, and keeps the lock until it is settled', async () => {
    await onCreate({ drop: 'after' });
    await onGet({ status: 500 }, 9);

    expect(await create()).toMatchObject({ status: 504, body: { code: 'provider_timeout', outcome: 'unknown' } });
    expect(await ledgerOf('chenbo')).toMatchObject([{ state: 'intended' }]);
    expect(await create()).toMatchObject({ status: 409, body: { code: 'locked' } });
    expect(await dingtalk.requests(createPath)).toHaveLength(1);
  });

  test('(no answer in time) is never doubled', async () => {
    const runOut = await dingtalk.hold(createPath);
    const answer = create();
    await dingtalk.came(createPath);
    runOut();

    expect((await answer).body).toMatchObject({ outcome: 'created', verified: true });
    await dingtalk.release();
    expect((await dingtalk.state()).members.filter(({ mobile }: Json) => mobile === user.mobile)).toHaveLength(1);
  });
});

test.each<[string, Json]>([
  ['without a deed', {}],
  ['for a userid that somebody else has', { userid: 'lisi' }],
])('a yes %s is verification_failed', async (_, changes) => {
  await onCreate({ errcode: 0 });

  expect(await create(changes)).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
});

test('a yes that cannot be read back is unverified, with the reason', async () => {
  await onGet({ errcode: 60011 }, 9);

  const answer = await create();

  expect(answer).toMatchObject({ status: 200, body: { outcome: 'created', verified: 'unverified' } });
  expect(answer.body.reason).toContain('reading back failed');
});

test('waits longer after each busy answer', async () => {
  await onCreate({ errcode: -1 }, 3);

  expect(await create()).toMatchObject({ status: 200, body: { warnings: [] } });
  expect(time.waits).toEqual([500, 1000, 2000]);
});

test('no name, number or address of the person appears in log, ledger or error', async () => {
  await onCreate({ body: JSON.stringify({ errcode: 60104, errmsg: `${full.mobile} of ${full.name} ${full.email}` }) });

  const answer = await create(full);

  const seen = log.text() + JSON.stringify([answer.body, await ledgerOf('chenbo')]);
  expect(seen).toContain('60104');
  for (const value of [full.name, '7700900123', full.email, full.login_email]) expect(seen).not.toContain(value);
});
