import { handler } from '../../../functions/dingtalk/update-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { getPath, ledgerOf, updatePath } from './support.ts';

const dingtalk = simulated('dingtalk');

const update = (body: Json, userid = 'lisi') => invoke(handler, { path: { userid }, body });
const onUpdate = (then: Json, times = 1) => dingtalk.faults({ path: updatePath, times, then });
const onGet = (then: Json, times = 1) => dingtalk.faults({ path: getPath, times, then });
const shown = (fields: Json) => ({ body: JSON.stringify({ errcode: 0, result: { userid: 'lisi', ...fields } }) });
const calls = async () => (await dingtalk.requests()).map(({ path }) => path.split('/').at(-1));
const find = async () => (await dingtalk.state()).members.find(({ userid }: Json) => userid === 'lisi');

describe('changes', () => {
  test('only the field that is given, and reads it back', async () => {
    const before = await find();

    const answer = await update({ title: '组长' });

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      provider: 'dingtalk',
      userid: 'lisi',
      outcome: 'updated',
      verified: true,
      response: expect.objectContaining({ errcode: 0 }),
      warnings: [],
    });
    expect(await calls()).toEqual(['accessToken', 'update', 'get']);
    expect((await dingtalk.requests(updatePath))[0].body).toEqual({ userid: 'lisi', title: '组长' });
    expect(await find()).toEqual({ ...before, title: '组长' });
  });

  test('many fields in one call', async () => {
    const changes = {
      name: '李四',
      hide_mobile: true,
      senior_mode: true,
      telephone: '010-1',
      email: 'lisi@example.com',
      dept_order_list: [{ dept_id: 2, order: 7 }],
      dept_position_list: [{ dept_id: 3, title: '顾问' }],
      hired_date: 1_795_305_600_000,
      manager_userid: 'zhangsan',
    };

    const answer = await update({ ...changes, dept_id_list: [3, 2], extension: { a: 'b' }, language: 'zh_CN' });

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'updated', verified: true } });
    expect((await dingtalk.requests(updatePath))[0].body).toEqual({
      ...changes,
      userid: 'lisi',
      dept_id_list: '3,2',
      extension: '{"a":"b"}',
      language: 'zh_CN',
    });
  });

  test('one attribute and keeps the others, when it is appended', async () => {
    await update({ extension: { a: '1', b: '2' } });

    expect(await update({ extension: { b: '3' }, ext_attrs_update_mode: 1 })).toMatchObject({
      body: { verified: true },
    });
    expect(JSON.parse((await find()).extension)).toEqual({ a: '1', b: '3' });
  });

  test('a text to none, which DingTalk may show or leave out', async () => {
    expect((await update({ title: '' })).body).toMatchObject({ verified: true });
    await onGet(shown({}));
    expect((await update({ title: '' })).body).toMatchObject({ verified: true });
  });

  test('the manager to none', async () => {
    expect((await update({ force_update_fields: 'manager_userid' })).body).toMatchObject({ verified: true });
    expect(await find()).not.toHaveProperty('manager_userid');
  });
});

describe('refuses before anything is sent', () => {
  test.each<[field: string, body: Json]>([
    ['body', {}],
    ['body', { language: 'zh_CN' }],
    ['body', { ext_attrs_update_mode: 1 }],
    ['name', { name: '' }],
    ['title', { title: null }],
    ['dept_id_list', { dept_id_list: [] }],
    ['dept_id_list', { dept_id_list: Array(301).fill(2) }],
    ['ext_attrs_update_mode', { extension: {}, ext_attrs_update_mode: 2 }],
    ['force_update_fields', { force_update_fields: 'title' }],
    ['force_update_fields', { force_update_fields: 'manager_userid', manager_userid: 'founder' }],
    ['language', { title: 'x', language: 'de_DE' }],
    ['login_email', { login_email: 'a@example.com' }],
    ['exclusive_account', { exclusive_account: true }],
  ])('%s of %j', async (field, body) => {
    const answer = await update(body);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    expect(answer.body.errors.map(({ path }: Json) => path)).toContain(field);
    expect(await dingtalk.requests()).toEqual([]);
  });

  test('a mobile, and says that DingTalk cannot change it', async () => {
    const answer = await update({ mobile: '13900001111' });

    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'mobile' }] } });
    expect(answer.body.detail).toContain('cannot be changed');
    expect(await dingtalk.requests()).toEqual([]);
  });
});

test('an unknown user is 404, after one call', async () => {
  expect(await update({ title: 'x' }, 'ghost')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await calls()).toEqual(['accessToken', 'update']);
  expect(await ledgerOf('ghost')).toMatchObject([{ state: 'failed', provider: { code: '33012' } }]);
});

test('an e-mail that somebody else has is a conflict', async () => {
  await update({ email: 'one@example.com' }, 'wangwu');

  expect(await update({ email: 'one@example.com' })).toMatchObject({
    status: 409,
    body: { code: 'conflict', errors: [{ path: 'email' }] },
  });
});

describe('an attempt whose answer is lost', () => {
  test('is updated when reading shows the change', async () => {
    await onUpdate({ drop: 'after' });

    expect((await update({ title: '组长' })).body).toMatchObject({
      outcome: 'updated',
      verified: true,
      response: null,
      warnings: ['upstream_error_but_verified'],
    });
    expect(await calls()).toEqual(['accessToken', 'update', 'get']);
  });

  test('is sent once more when reading shows no change', async () => {
    await onUpdate({ drop: 'before' });

    expect((await update({ title: '组长' })).body).toMatchObject({ verified: true, response: { errcode: 0 } });
    expect(await calls()).toEqual(['accessToken', 'update', 'get', 'update', 'get']);
  });

  test.each<[string, Json]>([
    ['cannot be read', { status: 500 }],
    ['is not shown to the app', shown({ title: '组长' })],
  ])('is unknown when what was sent %s, and is not sent again', async (_, then) => {
    await onUpdate({ drop: 'after' });
    await onGet(then, 9);

    expect(await update({ title: '组长', remark: '新' })).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', outcome: 'unknown' },
    });
    expect(await dingtalk.requests(updatePath)).toHaveLength(1);
    expect(await ledgerOf('lisi')).toMatchObject([{ state: 'intended' }]);
    expect(await update({ title: '组长' })).toMatchObject({ status: 409, body: { code: 'locked' } });
  });
});

test('a yes without a deed is verification_failed', async () => {
  await onUpdate({ errcode: 0 });

  expect(await update({ title: '组长' })).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
});

test.each<[string, Json]>([
  ['dept_title_list', { title: '组长', dept_title_list: [{ dept_id: 3, title: '组长' }] }],
  ['extension_i18n', { extension_i18n: { en_US: {} } }],
])('a yes is unverified when DingTalk does not show %s', async (field, changes) => {
  const answer = await update(changes);

  expect(answer).toMatchObject({ status: 200, body: { outcome: 'updated', verified: 'unverified' } });
  expect(answer.body.reason).toContain(field);
});
