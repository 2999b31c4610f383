import { handler as settle } from '../../../functions/cleanup/settle-intents.ts';
import { handler as disableUser } from '../../../functions/dingtalk/disable-user.ts';
import { handler as enableUser } from '../../../functions/dingtalk/enable-user.ts';
import { invoke, type Json, lambdaContext } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';
import { disablePath, enablePath, getPath, ledgerOf } from './support.ts';

const dingtalk = simulated('dingtalk');
simulated('wecom');
simulated('wibiclick');

const disable = (userid = 'sunqi') => invoke(disableUser, { path: { userid } });
const enable = (userid = 'sunqi') => invoke(enableUser, { path: { userid } });
const onDisable = (then: Json, times = 1) => dingtalk.faults({ path: disablePath, times, then });
const calls = async () => (await dingtalk.requests()).map(({ path }) => path.split('/').at(-1));
const isDisabled = async (userid = 'sunqi') =>
  (await dingtalk.state()).members.find((member: Json) => member.userid === userid).disabled;

test('an enterprise account is disabled and enabled again, which no read can confirm', async () => {
  const disabled = await disable();
  expect(await isDisabled()).toBe(true);
  const enabled = await enable();
  expect(await isDisabled()).toBe(false);

  const answer = { provider: 'dingtalk', userid: 'sunqi', verified: 'unverified', response: {}, warnings: [] };
  const reason = expect.stringContaining('does not show');
  expect(disabled).toMatchObject({ status: 200, body: { ...answer, outcome: 'disabled', reason } });
  expect(enabled).toMatchObject({ status: 200, body: { ...answer, outcome: 'enabled', reason } });
  expect(await ledgerOf('sunqi')).toMatchObject([
    { operation: 'POST /dingtalk/users/{userid}/enable', state: 'succeeded' },
    { operation: 'POST /dingtalk/users/{userid}/disable', state: 'succeeded' },
  ]);
});

test('the calls go to the new API, with the token in the header and in no URL', async () => {
  await disable();
  await enable();

  expect(await calls()).toEqual(['accessToken', 'get', 'disable', 'enable']);
  for (const path of [disablePath, enablePath]) {
    const [request] = await dingtalk.requests(path);
    expect(request).toMatchObject({ method: 'POST', query: {}, body: { userId: 'sunqi' } });
    expect(request.headers['x-acs-dingtalk-access-token']).toMatch(/^[0-9a-f]{32}$/);
  }
});

test.each([
  ['disable', disable],
  ['enable', enable],
])('to %s any other account is a conflict that says so', async (_, call) => {
  const answer = await call('lisi');

  expect(answer).toMatchObject({
    status: 409,
    body: { code: 'conflict', outcome: 'not_applied', provider: { code: 'exclusive.account.only' } },
  });
  expect(answer.body.fix).toContain('enterprise accounts');
  expect(await ledgerOf('lisi')).toMatchObject([{ state: 'failed', provider: { code: 'exclusive.account.only' } }]);
});

test('an unknown user is 404: before disabling, and by the answer to enabling', async () => {
  expect(await disable('ghost')).toMatchObject({ status: 404, body: { provider: { code: '33012' } } });
  expect(await enable('ghost')).toMatchObject({ status: 404, body: { provider: { code: 'user.not.exist' } } });
  expect(await calls()).toEqual(['accessToken', 'get', 'enable']);
});

test.each<[string, string, Json]>([
  ['the primary administrator', 'founder', {}],
  ['a sub-administrator', 'zhaoliu', {}],
  ['the operator of the secret', 'sunqi', { operatorUserid: 'sunqi' }],
])('%s is protected from being disabled, but may be enabled', async (_, userid, secret) => {
  await dingtalk.secret(secret);

  expect(await disable(userid)).toMatchObject({ status: 409, body: { code: 'protected', outcome: 'not_applied' } });
  expect(await dingtalk.requests(disablePath)).toEqual([]);
  expect((await enable(userid)).body.code).not.toBe('protected');
});

test('disabling counts as a removal in the budget, enabling does not', async () => {
  process.env.USHER_FENCE = '{"perDay":1}';
  try {
    await disable();
    expect(await disable('zhouba')).toMatchObject({ status: 409, body: { code: 'fence_tripped' } });
    expect(await enable()).toMatchObject({ status: 200 });
  } finally {
    delete process.env.USHER_FENCE;
  }
});

describe('an attempt whose answer is lost', () => {
  test.each<[string, Json]>([
    ['cut before the change', { drop: 'before' }],
    ['cut after the change', { drop: 'after' }],
    ['HTTP 500', { status: 500 }],
    ['truncated JSON', { body: '{"a":' }],
    ['a list', { body: '[]' }],
  ])('(%s) is made once more, since no read shows the state and setting it twice changes nothing', async (_, then) => {
    await onDisable(then);

    expect(await disable()).toMatchObject({ status: 200, body: { outcome: 'disabled', response: {} } });
    expect(await calls()).toEqual(['accessToken', 'get', 'disable', 'disable']);
    expect(await isDisabled()).toBe(true);
  });

  test.each<[string, Json]>([
    ['has no answer either', { drop: 'before' }],
    ['is refused', { errcode: 60011 }],
  ])('twice, or whose second attempt %s, is unknown', async (_, then) => {
    await onDisable({ drop: 'after' });
    await onDisable(then);

    expect(await disable()).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', outcome: 'unknown', provider: { name: 'dingtalk' } },
    });
    expect(await dingtalk.requests(disablePath)).toHaveLength(2);
    expect(await enable()).toMatchObject({ status: 409, body: { code: 'locked' } });
  });

  test('stays unknown for good once it is settled, and gives the lock back: no read can ever tell', async () => {
    await onDisable({ drop: 'after' }, 2);
    await disable();
    time.advance(3 * 60_000);

    await settle({}, lambdaContext());

    expect(await ledgerOf('sunqi')).toMatchObject([{ state: 'unknown', settledAt: expect.any(String) }]);
    expect(await enable()).toMatchObject({ status: 200 });
  });
});

test('a refusal in words that nobody knows is not sent again', async () => {
  await onDisable({ errcode: 'some.new.word' });

  expect(await disable()).toMatchObject({ status: 502, body: { code: 'provider_unexpected', outcome: 'unknown' } });
  expect(await dingtalk.requests(disablePath)).toHaveLength(1);
});

test('an answer without a body is a yes: DingTalk documents no fields', async () => {
  await onDisable({ body: '' });

  expect(await disable()).toMatchObject({ status: 200, body: { outcome: 'disabled', response: {} } });
});

test('a secret that names no host of the new API says which key is missing', async () => {
  await dingtalk.secret({ apiBaseUrl: undefined });

  const answer = await enable();

  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials', outcome: 'not_applied' } });
  expect(answer.body.fix).toContain('apiBaseUrl');
});

test('a token of the new API that ended early is replaced once', async () => {
  await onDisable({ errcode: 40014 });

  expect(await disable()).toMatchObject({ status: 200, body: { outcome: 'disabled' } });
  expect(await calls()).toEqual(['accessToken', 'get', 'disable', 'accessToken', 'disable']);
});

test('a user who cannot be read is not disabled', async () => {
  await dingtalk.faults({ path: getPath, times: 9, then: { status: 500 } });

  expect(await disable()).toMatchObject({
    status: 503,
    body: { code: 'provider_unavailable', outcome: 'not_applied' },
  });
  expect(await dingtalk.requests(disablePath)).toEqual([]);
});
