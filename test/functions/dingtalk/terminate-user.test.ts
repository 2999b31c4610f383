import { handler } from '../../../functions/dingtalk/terminate-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { getPath, ledgerOf, terminationPath } from './support.ts';

const dingtalk = simulated('dingtalk');
beforeEach(() => dingtalk.secret({ operatorUserid: 'founder' }));

const given = { lastWorkDate: 1_795_305_600_000, dismissionMemo: '合同到期', terminationReasonPassive: ['4'] };
const receivers = {
  dingPanHandoverUserId: 'wangwu',
  docNoteHandoverUserId: 'wangwu',
  aflowHandOverUserId: 'zhangsan',
  permissionHandoverUserId: 'zhangsan',
  directSubordinatesHandoverUserId: 'founder',
};
const terminate = (changes: Json = {}, userid = 'lisi') =>
  invoke(handler, { path: { userid }, body: { ...given, ...changes } });
const onTermination = (then: Json, times = 1) => dingtalk.faults({ path: terminationPath, times, then });
/** The user is read before the termination, which a fault leaves alone here, and read back after it. */
const onReadBack = (then: Json, times = 1) =>
  dingtalk.faults({ path: getPath, then: { delayMs: 1 } }, { path: getPath, times, then });
const calls = async () => (await dingtalk.requests()).map(({ path }) => path.split('/').at(-1));
const isMember = async (userid = 'lisi') =>
  (await dingtalk.state()).members.some((member: Json) => member.userid === userid);

test('terminates in the name of the operator of the secret, and reads back that the user is gone', async () => {
  const answer = await terminate();

  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    provider: 'dingtalk',
    userid: 'lisi',
    outcome: 'deleted',
    verified: true,
    response: { result: true },
    warnings: [],
  });
  expect(await calls()).toEqual(['accessToken', 'get', 'terminateAndHandOver', 'get']);
  const [request] = await dingtalk.requests(terminationPath);
  expect(request).toMatchObject({ method: 'POST', query: {} });
  expect(request.headers['x-acs-dingtalk-access-token']).toMatch(/^[0-9a-f]{32}$/);
  expect(request.body).toEqual({ ...given, userId: 'lisi', optUserId: 'founder' });
  expect(await isMember()).toBe(false);
  expect(await ledgerOf('lisi')).toMatchObject([{ state: 'succeeded' }]);
});

test('hands everything over to people who were read first, each once; DingTalk confirms nothing of it', async () => {
  const answer = await terminate({ ...receivers, optUserId: 'zhaoliu' });

  expect(answer.body).toMatchObject({ outcome: 'deleted', verified: true, handover: { status: 'unverified' } });
  expect((await dingtalk.requests(terminationPath))[0].body).toMatchObject({ ...receivers, optUserId: 'zhaoliu' });
  expect((await dingtalk.state()).handovers).toEqual([{ userid: 'lisi', handoverResource: receivers }]);
  const read = (await dingtalk.requests(getPath)).map(({ body }) => body.userid);
  expect([read[0], read.slice(1, 4).sort(), read.slice(4)]).toEqual([
    'lisi',
    ['founder', 'wangwu', 'zhangsan'],
    ['lisi'],
  ]);
});

test('says that it spends the monthly quota', () => {
  expect(handler.operation.description).toContain('monthly quota');
});

describe('refuses before anything is sent', () => {
  test.each<[field: string, changes: Json]>([
    ['lastWorkDate', { lastWorkDate: undefined }],
    ['lastWorkDate', { lastWorkDate: '2026-11-30' }],
    ['lastWorkDate', { lastWorkDate: 1_795_305_600 }],
    ['lastWorkDate', { lastWorkDate: 1_795_305_600_000.5 }],
    ['dismissionMemo', { dismissionMemo: undefined }],
    ['dismissionMemo', { dismissionMemo: '' }],
    ['terminationReasonVoluntary', { terminationReasonPassive: undefined }],
    ['terminationReasonPassive', { terminationReasonPassive: [] }],
    ['terminationReasonPassive.0', { terminationReasonPassive: [4] }],
    ['terminationReasonVoluntary', { terminationReasonVoluntary: '4' }],
    ['optUserId', { optUserId: 'lisi' }],
    ...Object.keys(receivers).map((name): [string, Json] => [name, { [name]: 'lisi' }]),
    ['dingPanHandoverUserId', { dingPanHandoverUserId: '' }],
    ['aflowHandoverUserId', { aflowHandoverUserId: 'wangwu' }],
    ['userId', { userId: 'lisi' }],
    ['dismissionReason', { dismissionReason: 1 }],
  ])('%s of %j', async (field, changes) => {
    const answer = await terminate(changes);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', outcome: 'not_applied' } });
    expect(answer.body.errors.map(({ path }: Json) => path)).toContain(field);
    expect(await dingtalk.requests()).toEqual([]);
  });

  test('a termination without an operator', async () => {
    await dingtalk.secret({ operatorUserid: undefined });

    const answer = await terminate();

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ path: 'optUserId' }] } });
    expect(answer.body.detail).toContain('operatorUserid');
    expect(await dingtalk.requests()).toEqual([]);
  });
});

test.each([
  ['the primary administrator', 'founder', 'zhaoliu'],
  ['a sub-administrator', 'zhaoliu', 'founder'],
  ['the operator of the secret', 'wangwu', 'wangwu'],
])('%s is protected', async (_, userid, operatorUserid) => {
  await dingtalk.secret({ operatorUserid });

  expect(await terminate({}, userid)).toMatchObject({
    status: 409,
    body: { code: 'protected', outcome: 'not_applied' },
  });
  expect(await calls()).toEqual(['accessToken', 'get']);
});

test('an unknown user is 404, after one reading', async () => {
  expect(await terminate({}, 'ghost')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await calls()).toEqual(['accessToken', 'get']);
});

test('a receiver who does not exist is refused by name, and nobody is terminated', async () => {
  const answer = await terminate({ ...receivers, aflowHandOverUserId: 'ghost' });

  expect(answer).toMatchObject({
    status: 422,
    body: { code: 'provider_rejected', outcome: 'not_applied', errors: [{ path: 'aflowHandOverUserId' }] },
  });
  expect(await dingtalk.requests(terminationPath)).toEqual([]);
});

test.each<[word: string, status: number, ours: string]>([
  ['suiteCallInvalid', 502, 'provider_permission'],
  ['noPermission', 502, 'provider_permission'],
  ['invalidParameter', 422, 'provider_rejected'],
  ['businessError', 422, 'provider_rejected'],
  ['empNotExists', 404, 'not_found'],
  ['Forbidden.AccessDenied.ApiCountLimitForOrg', 503, 'provider_quota'],
])('the refusal %s is %i %s, and the user stays', async (errcode, status, code) => {
  await onTermination({ errcode });

  expect(await terminate()).toMatchObject({ status, body: { code, outcome: 'not_applied' } });
  expect(await dingtalk.requests(terminationPath)).toHaveLength(1);
  expect(await ledgerOf('lisi')).toMatchObject([{ state: 'failed', provider: { code: errcode } }]);
});

test('a missing permission is named in the fix', async () => {
  await onTermination({ errcode: 60011 });

  const answer = await terminate();

  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_permission', retryable: false } });
  expect(answer.body.fix).toContain('Hrm.Process.ReadWrite');
});

describe('an attempt whose answer is lost', () => {
  test('(cut after the change) is never doubled', async () => {
    await onTermination({ drop: 'after' });

    expect(await terminate()).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    expect((await dingtalk.state()).history.filter(({ userid }: Json) => userid === 'lisi')).toHaveLength(1);
  });

  test('(too late) is never doubled', async () => {
    const runOut = await dingtalk.hold(terminationPath);
    const answer = terminate();
    await dingtalk.came(terminationPath);
    runOut();

    expect(await answer).toMatchObject({ status: 200, body: { outcome: 'deleted', verified: true } });
    await dingtalk.release();
    expect((await dingtalk.state()).history.filter(({ userid }: Json) => userid === 'lisi')).toHaveLength(1);
  });

  test('is sent once more, only after the user was seen', async () => {
    await onTermination({ drop: 'before' });

    expect(await terminate()).toMatchObject({ status: 200, body: { verified: true, response: { result: true } } });
    expect(await calls()).toEqual(['accessToken', 'get', 'terminateAndHandOver', 'get', 'terminateAndHandOver', 'get']);
  });

  test('is unknown when the user cannot be read', async () => {
    await onTermination({ drop: 'after' });
    await onReadBack({ status: 500 }, 9);

    expect(await terminate()).toMatchObject({ status: 504, body: { code: 'provider_timeout', outcome: 'unknown' } });
    expect(await dingtalk.requests(terminationPath)).toHaveLength(1);
    expect(await ledgerOf('lisi')).toMatchObject([{ state: 'intended' }]);
    expect(await terminate()).toMatchObject({ status: 409, body: { code: 'locked' } });
  });
});

describe('a yes', () => {
  test('without a deed is verification_failed', async () => {
    await onTermination({ errcode: 0 });

    expect(await terminate()).toMatchObject({ status: 502, body: { code: 'verification_failed' } });
    expect(await isMember()).toBe(true);
  });

  test('whose reading back fails is unverified, with the reason', async () => {
    await onReadBack({ errcode: 60011 }, 9);

    expect(await terminate()).toMatchObject({
      status: 200,
      body: { verified: 'unverified', response: { result: true } },
    });
  });

  test.each(['{"result":false}', '{}', '', '[]', '{"result":"true"}'])('is not read from %j', async (body) => {
    await onTermination({ body });

    expect(await terminate()).toMatchObject({
      status: 502,
      body: { code: 'provider_unexpected', outcome: 'not_applied' },
    });
    expect(await dingtalk.requests(terminationPath)).toHaveLength(1);
    expect(await isMember()).toBe(true);
  });
});
