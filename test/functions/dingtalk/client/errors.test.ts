import { errorTable } from '../../../../functions/dingtalk/client/errors.ts';
import { handler as deleteUser } from '../../../../functions/dingtalk/delete-user.ts';
import { handler as getUser } from '../../../../functions/dingtalk/get-user.ts';
import type { ErrorCode } from '../../../../functions/shared/errors.ts';
import { invoke, type Json, type TestAnswer } from '../../../support/invoke.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { type ScriptedReply, scriptedServer } from '../../../support/scripted-server.ts';
import { closedServer, deletePath, getPath, legacyTokenPath, tokenPath, wrapped } from '../support.ts';

const dingtalk = simulated('dingtalk');
const server = scriptedServer();
const log = logLines();

const secret = { appKey: 'dingkestrel0example01', appSecret: 's3-not-real_EXAMPLE' };
const tokens = ['5f1c7e0ab9d34d2c8e6f7a1b2c3d4e5f', 'b2c3d4e5f5f1c7e0ab9d34d2c8e6f7a1'];
const person = { mobile: '13912345678', abroad: '+44-7700900123', email: 'ouyang.li@example.com' };
const confidential = [...Object.values(secret), ...tokens, ...Object.values(person), '+86 139 1234 5678'];

/** The provider's words, which repeat what they should not. */
const words = `refused ${confidential.join(', ')} at /gettoken?appsecret=${secret.appSecret}&access_token=${tokens[0]}`;

/** A refusal of the legacy host as it stands in the answer itself, and as it is wrapped in 88. */
const forms: Record<string, (code: string) => ScriptedReply> = {
  bare: (code) => ({ body: { errcode: Number(code), errmsg: words, request_id: 'rq-1' } }),
  wrapped: (code) => ({ body: { ...wrapped(code, words), request_id: 'rq-1' } }),
};
const refusedByApi = (code: string, status = 400): ScriptedReply => ({
  status,
  body: { code, message: words, requestid: 'rq-1' },
});

beforeEach(async () => {
  await dingtalk.secret({ ...secret, baseUrl: server.url, apiBaseUrl: server.url });
  server.play({ [tokenPath]: tokens.map((accessToken) => ({ body: { accessToken, expireIn: 7200 } })) });
});

interface Expected {
  code: ErrorCode;
  status: number;
  retryable: boolean;
  /** How often the refused call is sent: once unless given. */
  attempts?: number;
  retryAfter?: unknown;
  field?: string;
}

const credentials = { code: 'provider_credentials', status: 502, retryable: false } as const;
const unexpected = { code: 'provider_unexpected', status: 502, retryable: false } as const;
const permission = { code: 'provider_permission', status: 502, retryable: false } as const;
const ipRefused = { code: 'provider_ip_refused', status: 502, retryable: false } as const;
const human = { code: 'needs_human', status: 422, retryable: false } as const;
const busy = { code: 'provider_unavailable', status: 503, retryable: true, attempts: 4, retryAfter: '5' } as const;
const limited = { code: 'provider_rate_limited', status: 503, retryable: true } as const;
const throttled = { ...limited, attempts: 4, retryAfter: '1' };
const quota = {
  code: 'provider_quota',
  status: 503,
  retryable: false,
  retryAfter: expect.stringMatching(/^\d+$/),
} as const;
const notFound = { code: 'not_found', status: 404, retryable: false, field: 'userid' } as const;
const conflict = (field?: string): Expected => ({
  code: 'conflict',
  status: 409,
  retryable: false,
  ...(field && { field }),
});
const rejected = (field?: string): Expected => ({
  code: 'provider_rejected',
  status: 422,
  retryable: false,
  ...(field && { field }),
});

/** Each legacy code of page section 10.1. */
const legacy: [codes: number[], expected: Expected][] = [
  [[40001, 40014, 42001], { ...credentials, attempts: 2 }],
  [[33001, 40013, 40089, 40096, 50003, 50005, 52010, 70001], credentials],
  [[22, 404, 40000, 41001, 43001, 43002, 43003, 43004, 43005, 43009, 44002, 47001], unexpected],
  [[-1, 400001], busy],
  [[45009, 90002, 90005, 90006, 90018], throttled],
  [[90001, 90003, 90004], { ...limited, retryAfter: '300' }],
  [[90020], quota],
  [[33012, 40003, 46004, 60111, 60121], notFound],
  [[60102], conflict('userid')],
  [[40021, 60104, 60107], conflict('mobile')],
  [[40101, 60106], conflict('email')],
  [[40100], conflict('telephone')],
  [[60016, 60021], conflict()],
  [[60003], rejected('dept_id_list')],
  [[40104, 60103], rejected('mobile')],
  [[60105], rejected('email')],
  [[60112], rejected('name')],
  [[60128], rejected('manager_userid')],
  [[40031, 40032, 40035, 40038, 40063, 40064, 40065, 40066, 40068, 40069, 60123, 400002], rejected()],
  [[43007, 48002, 48004, 50002, 50004, 60011], permission],
  [[60020], ipRefused],
  [[40019, 40020, 40023, 40024, 40103, 45024], human],
];

/** Each code of the new API there. */
const newApi: [codes: string[], expected: Expected, httpStatus?: number][] = [
  [['InvalidAuthentication', 'invalidClientIdOrSecret', 'invalid.client'], credentials],
  [['unauthorized.client'], credentials, 401],
  [['AuthenticationFailed.MissingParameter'], unexpected],
  [['InvalidAction.NotFound'], unexpected, 404],
  [['systemError', 'system.error', 'system.busy', 'unknownError', 'operationTimeout', 'service.timeout'], busy, 500],
  [['Forbidden.AccessDenied.QpsLimitForAppkeyAndApi', 'Forbidden.AccessDenied.QpsLimitForApi'], throttled, 403],
  [['Forbidden.AccessDenied.QpmLimitForAppkeyAndApi'], throttled, 403],
  [['invokeFrequentyly', 'invokeFrequency', 'qps.exceed.limit'], throttled],
  [['request.overlimit'], throttled, 500],
  [['Forbidden.AccessDenied.ApiCountLimitForOrg'], quota, 403],
  [['empNotExists', 'user.not.exist', 'staff.not.found'], notFound],
  [['invalidParameter.user.notFound'], notFound, 404],
  [['invalidParameter', 'invalidParameter.param.invalid', 'invalid.param', 'invalidRequest'], rejected()],
  [['illegalParam', 'parameter.error'], rejected()],
  [['exclusive.account.only'], conflict()],
  [['businessError'], rejected(), 401],
  [['Forbidden.AccessDenied.AccessTokenPermissionDenied'], permission, 403],
  [['noPermission', 'suiteCallInvalid', 'corpNotOpenHrm'], permission],
  [['Forbidden.AccessDenied.IpNotInWhiteList'], ipRefused, 403],
];

const legacyRows = legacy.flatMap(([codes, expected]) =>
  codes.flatMap((code) => Object.keys(forms).map((form) => [String(code), form, expected] as const)),
);
const newApiRows = newApi.flatMap(([codes, expected, httpStatus]) =>
  codes.map((code) => [code, httpStatus, expected] as const),
);

test('the table and these tests hold the same codes', () => {
  const tested = new Set([...legacyRows, ...newApiRows].map(([code]) => code));

  expect([...tested].sort()).toEqual(Object.keys(errorTable).sort());
});

test.each(legacyRows)('%s (%s) is $code', async (code, form, expected) => {
  server.play({ [getPath]: [reply(form, code)] });

  const answer = await invoke(getUser, { path: { userid: 'lisi' } });

  expectRefusal(answer, code, expected);
  expect(server.requests(getPath)).toHaveLength(expected.attempts ?? 1);
});

test.each(newApiRows)('%s (HTTP %s) is $code', async (code, httpStatus, expected) => {
  server.play({ [tokenPath]: [refusedByApi(code, httpStatus)] });

  const answer = await invoke(getUser, { path: { userid: 'lisi' } });

  expectRefusal(answer, code, expected);
  expect(server.requests().map(({ path }) => path)).toEqual(Array(expected.attempts ?? 1).fill(tokenPath));
});

test('a failure of the new API is read in its other casing too, with the scopes that it asks for', async () => {
  const failure = {
    Code: 'Forbidden.AccessDenied.AccessTokenPermissionDenied',
    Message: words,
    RequestId: 'rq-1',
    AccessDeniedDetail: { requiredScopes: ['Contact.User.Read', 'qyapi_base'] },
  };
  server.play({ [tokenPath]: [{ status: 403, body: failure }] });

  const answer = await invoke(getUser, { path: { userid: 'lisi' } });

  expectRefusal(answer, failure.Code, permission);
  expect(answer.body.provider.message).toContain('refused');
  expect(answer.body.fix).toContain('Contact.User.Read, qyapi_base');
});

test('HTTP 401 without a code is a token that is not accepted', async () => {
  server.play({ [tokenPath]: [{ status: 401, body: { message: 'no' } }] });

  expect((await invoke(getUser, { path: { userid: 'lisi' } })).body).toMatchObject(bodyOf(credentials));
});

describe('a code that DingTalk added later', () => {
  test.each(Object.keys(forms))('(%s) is not sent again, and a reading settles that nothing was done', async (form) => {
    server.play({ [deletePath]: [reply(form, '71006')], [getPath]: [userOf('lisi')] });

    const answer = await invoke(deleteUser, { path: { userid: 'lisi' } });

    expectRefusal(answer, '71006', unexpected);
    expect(answer.body.fix).toContain('71006');
    expect(server.requests().map(({ path }) => path)).toEqual([tokenPath, getPath, deletePath, getPath]);
  });

  test('leaves the effect unknown when the user cannot be read', async () => {
    server.play({ [deletePath]: [reply('wrapped', '71006')], [getPath]: [userOf('lisi'), reply('wrapped', '71007')] });

    const answer = await invoke(deleteUser, { path: { userid: 'lisi' } });

    expect(answer).toMatchObject({
      status: 504,
      body: { code: 'provider_timeout', retryable: true, outcome: 'unknown' },
    });
    expectNothingConfidential(answer);
  });

  test.each(['some.new.word', 'constructor', '__proto__'])('in words, %s, is provider_unexpected', async (code) => {
    server.play({ [tokenPath]: [refusedByApi(code)] });

    const answer = await invoke(getUser, { path: { userid: 'lisi' } });

    expectRefusal(answer, code, unexpected);
    expect(server.requests(tokenPath)).toHaveLength(1);
  });

  test('is 88 itself when neither sub_code nor the text says more', async () => {
    server.play({ [getPath]: [{ body: { errcode: 88, errmsg: words, sub_code: '', request_id: 'rq-1' } }] });

    expectRefusal(await invoke(getUser, { path: { userid: 'lisi' } }), '88', unexpected);
  });
});

describe('nothing confidential appears', () => {
  test('when the legacy host refuses the secret that stood in the URL', async () => {
    await dingtalk.secret({ ...secret, baseUrl: server.url, apiBaseUrl: undefined });
    server.play({ [legacyTokenPath]: [reply('bare', '40096')] });

    const answer = await invoke(deleteUser, { path: { userid: 'lisi' } });

    expectRefusal(answer, '40096', credentials);
  });

  test('when an answer has the wrong shape', async () => {
    server.play({ [getPath]: [{ body: { errcode: words, errmsg: confidential } }] });

    const answer = await invoke(getUser, { path: { userid: 'lisi' } });

    expect(answer.body).toMatchObject(bodyOf(unexpected));
    expect(answer.body.detail).toContain('errcode');
    expectNothingConfidential(answer);
  });

  test('when an answer is broken JSON', async () => {
    server.play({ [getPath]: [{ body: `{"errcode":0,"errmsg":"${words}` }] });

    const answer = await invoke(getUser, { path: { userid: 'lisi' } });

    expect(answer.body).toMatchObject(bodyOf(unexpected));
    expectNothingConfidential(answer);
  });

  test('when our address is banned by a page', async () => {
    server.play({ [getPath]: [{ body: `<html>${words}</html>`, contentType: 'text/html' }] });

    const answer = await invoke(getUser, { path: { userid: 'lisi' } });

    expect(answer.body).toMatchObject(bodyOf(limited));
    expectNothingConfidential(answer);
  });

  test('when nobody listens at the address', async () => {
    const down = await closedServer();
    await dingtalk.secret({ ...secret, baseUrl: down, apiBaseUrl: down });

    const answer = await invoke(getUser, { path: { userid: 'lisi' } });

    expect(answer.body).toMatchObject({ code: 'provider_unavailable' });
    expectNothingConfidential(answer);
  });

  test('in the log line of a user who was found', async () => {
    server.play({ [getPath]: [userOf('lisi', { ...person, name: '欧阳丽' })] });

    expect((await invoke(getUser, { path: { userid: 'lisi' } })).body).toMatchObject(person);
    expect(log.parsed()).toMatchObject([{ message: 'GET /dingtalk/users/{userid}', status: 200 }]);
    for (const value of [...confidential, '欧阳丽']) expect(log.text()).not.toContain(value);
  });
});

function reply(form: string, code: string): ScriptedReply {
  const made = forms[form]?.(code);
  if (!made) throw new Error(`no form ${form}`);
  return made;
}

function userOf(userid: string, fields: Record<string, string> = {}): ScriptedReply {
  return { body: { errcode: 0, errmsg: 'ok', result: { userid, ...fields } } };
}

function bodyOf({ code, retryable }: Expected): Json {
  return { code, retryable, outcome: 'not_applied' };
}

function expectRefusal(answer: TestAnswer, code: string, expected: Expected): void {
  expect(answer).toMatchObject({ status: expected.status, body: bodyOf(expected) });
  expect(answer.body.provider).toMatchObject({ name: 'dingtalk', code, requestId: 'rq-1' });
  expect(answer.body.errors?.map(({ path }: Json) => path)).toEqual(expected.field && [expected.field]);
  expect(answer.headers['retry-after']).toEqual(expected.retryAfter);
  expectNothingConfidential(answer);
}

function expectNothingConfidential(answer: TestAnswer): void {
  expect(answer.body.provider.name).toBe('dingtalk');
  expect(log.text()).toContain('/dingtalk/users/{userid}');
  for (const value of confidential) {
    expect(JSON.stringify(answer)).not.toContain(value);
    expect(log.text()).not.toContain(value);
  }
}
