import type { ErrorCode } from '../../../../functions/shared/errors.ts';
import { errorTable } from '../../../../functions/wecom/client/errors.ts';
import { handler } from '../../../../functions/wecom/create-user.ts';
import { invoke } from '../../../support/invoke.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { type ScriptedReply, scriptedServer } from '../../../support/scripted-server.ts';

const createPath = '/cgi-bin/user/create';
const wecom = simulated('wecom');
const server = scriptedServer();
const log = logLines();

const secret = { corpId: 'wwc0ffee00c0ffee00', contactSecret: 'sync-secret-EXAMPLE', appSecret: 'app-secret-EXAMPLE' };
const tokens = ['first-token_0123456789abcdef-EXAMPLE', 'second-token_0123456789abcdef-EXAMPLE'];
const person = { name: '欧阳丽', mobile: '13912345678', email: 'ouyang.li@example.com', address: '某路 7 号' };
const confidential = [...Object.values(secret), ...tokens, ...Object.values(person), '+86 139 1234 5678'];

/** A refusal that repeats what it should not. */
const refusal = (errcode: number, repeated = confidential): ScriptedReply => ({
  body: {
    errcode,
    errmsg: `refused ${repeated.join(', ')} there, hint: [1767225600000000000000001], from ip: 203.0.113.7, more info`,
  },
});

beforeEach(async () => {
  await wecom.secret({ ...secret, baseUrl: server.url });
  server.play({
    '/cgi-bin/gettoken': tokens.map((access_token) => ({ body: { errcode: 0, access_token, expires_in: 7200 } })),
    '/cgi-bin/user/get': [{ body: { errcode: 60111, errmsg: 'userid not found' } }],
    '/cgi-bin/user/list_id': [{ body: { errcode: 0, dept_user: [{ userid: 'founder', department: 1 }] } }],
  });
});

function createRefusedWith(errcode: number) {
  server.play({ [createPath]: [refusal(errcode)] });
  return invoke(handler, { body: { userid: 'ouyang', ...person } });
}

interface Expected {
  code: ErrorCode;
  status: number;
  retryable: boolean;
  /** How often the create is sent: once unless given. */
  attempts?: number;
  retryAfter?: string;
  field?: string;
}

const credentials = { code: 'provider_credentials', status: 502, retryable: false } as const;
const permission = { code: 'provider_permission', status: 502, retryable: false } as const;
const unavailable = {
  code: 'provider_unavailable',
  status: 503,
  retryable: true,
  attempts: 4,
  retryAfter: '5',
} as const;
const limited = { code: 'provider_rate_limited', status: 503, retryable: true } as const;
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
const human = { code: 'needs_human', status: 422, retryable: false } as const;

/** Each code of page sections 8 and 10. */
const expectations: [codes: number[], expected: Expected][] = [
  [[40001, 40014, 42001], { ...credentials, attempts: 2 }],
  [[40013, 40082, 40091, 41002, 41004, 41024, 42009, 45031, 50003], credentials],
  [[-1, 6000, 45035, 81026, 302005, 302008], unavailable],
  [[45033, 45036], { ...limited, attempts: 4, retryAfter: '1' }],
  [[45009], { ...limited, retryAfter: '60' }],
  [[46004, 60111, 60136, 60146, 60147, 60148], notFound],
  [[60102], conflict('userid')],
  [[60104], conflict('mobile')],
  [[60106, 60142], conflict('email')],
  [[60143, 60145], conflict('biz_mail')],
  [[60270], conflict('biz_mail_alias')],
  [[60008], conflict()],
  [[40003], rejected('userid')],
  [[60103], rejected('mobile')],
  [[60105], rejected('email')],
  [[60144], rejected('biz_mail')],
  [[60112], rejected('name')],
  [[40066, 41019, 60003, 60110, 60123, 60127, 81001], rejected('department')],
  [[60132], rejected('is_leader_in_dept')],
  [[60257], rejected('direct_leader')],
  [[41036], rejected('external_profile.external_corp_name')],
  [[301012], rejected('position')],
  [[301013], rejected('telephone')],
  [[301015], rejected('avatar_mediaid')],
  [[301036], rejected('new_userid')],
  [[60269, 60271, 60272, 60273], rejected('biz_mail_alias')],
  [[50100, 60268], rejected('cursor')],
  [[40007, 40031, 40032, 40033, 40035, 40058, 40063, 40088, 40089, 40092, 40145, 40206, 41009, 45026], rejected()],
  [[45029, 60001, 60004, 60005, 60006, 60007, 60009, 60010, 60107, 60124, 60125, 60129, 60141], rejected()],
  [[60150, 60151, 60152, 60274, 81002, 81012, 81013, 81017], rejected()],
  [[90100, 90101, 90102, 90103, 90104, 90105, 90106, 301014, 301021, 302003, 302004, 302006, 302007], rejected()],
  [[48001, 48002, 48004, 48005, 48006, 48008, 48009, 48010, 48011, 50002, 50006, 60011, 60021], permission],
  [[60030, 60031, 301002, 301007], permission],
  [[60020], { code: 'provider_ip_refused', status: 502, retryable: false }],
  [[40099, 45024, 60275, 301005, 610023, 610024], human],
  [[40097, 40100, 40129, 90500, 90504, 90507, 90508], conflict()],
  [[40098, 40132, 40143, 40205, 41054, 84074, 90502, 90503, 90510], human],
  [[40096, 40128, 40130, 40131, 84061, 90501, 90509], rejected()],
  [[41001], { code: 'provider_unexpected', status: 502, retryable: false }],
];
const rows = expectations.flatMap(([codes, expected]) => codes.map((code): [number, Expected] => [code, expected]));

test('the table and these tests hold the same codes', () => {
  const tested = rows.map(([errcode]) => String(errcode));

  expect(tested.toSorted()).toEqual(Object.keys(errorTable).toSorted());
});

test.each(rows)('%i is $code', async (errcode, { code, status, retryable, attempts = 1, retryAfter, field }) => {
  const answer = await createRefusedWith(errcode);

  expect(answer).toMatchObject({
    status,
    body: { code, retryable, outcome: 'not_applied', provider: { name: 'wecom', code: String(errcode) } },
  });
  expect(answer.body.errors?.map(({ path }: { path: string }) => path)).toEqual(field && [field]);
  expect(answer.headers['retry-after']).toBe(retryAfter);
  expect(server.requests(createPath)).toHaveLength(attempts);
  expectNothingConfidential(JSON.stringify(answer));
});

test('a code that WeCom added later is not sent again, and nothing is guessed of its effect', async () => {
  const answer = await createRefusedWith(99_999);

  expect(answer).toMatchObject({
    status: 502,
    body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied', provider: { code: '99999' } },
  });
  expect(answer.body.fix).toContain('99999');
  expect(server.requests().map(({ path }) => path)).toEqual([
    '/cgi-bin/gettoken',
    createPath,
    '/cgi-bin/gettoken',
    '/cgi-bin/user/get',
    '/cgi-bin/user/list_id',
  ]);
  expectNothingConfidential(JSON.stringify(answer));
});

test('an unknown code leaves the effect unknown when the directory cannot be read', async () => {
  const busy = refusal(-1, [...Object.values(secret), ...tokens]);
  server.play({ '/cgi-bin/user/get': [busy], '/cgi-bin/user/list_id': [busy] });

  const answer = await createRefusedWith(99_999);

  expect(answer).toMatchObject({
    status: 504,
    body: { code: 'provider_timeout', retryable: true, outcome: 'unknown' },
  });
  expectNothingConfidential(JSON.stringify(answer));
});

test('a refused secret does not appear either', async () => {
  server.play({ '/cgi-bin/gettoken': [refusal(40001, Object.values(secret))] });

  const answer = await createRefusedWith(60102);

  expect(answer.body).toMatchObject({ code: 'provider_credentials', provider: { code: '40001' } });
  expectNothingConfidential(JSON.stringify(answer));
});

test('an answer of the wrong shape is not quoted', async () => {
  server.play({ [createPath]: [{ body: { errcode: confidential, errmsg: confidential } }] });

  const answer = await invoke(handler, { body: { userid: 'ouyang', ...person } });

  expect(answer.body).toMatchObject({ code: 'provider_unexpected' });
  expect(answer.body.detail).toContain('errcode');
  expectNothingConfidential(JSON.stringify(answer));
});

test("WeCom's hint id is kept for its support", async () => {
  const answer = await createRefusedWith(60102);

  expect(answer.body.provider.requestId).toBe('1767225600000000000000001');
});

test('the fix of a refused address names the address', async () => {
  const answer = await createRefusedWith(60020);

  expect(answer.body.fix).toContain('203.0.113.7');
  expect(answer.body.fix).toContain('企业可信IP');
});

test.each([
  [48002, 'contactSecret'],
  [48009, 'appSecret'],
  [40001, '通讯录同步'],
  [50003, '应用管理'],
  [301005, 'creator'],
  [45024, 'cap'],
  [40097, 'delete'],
  [40130, 'taker'],
  [84074, '客户联系'],
])('the fix of %i speaks of %s', async (errcode, word) => {
  expect((await createRefusedWith(errcode)).body.fix).toContain(word);
});

function expectNothingConfidential(answer: string): void {
  expect(answer).toContain('provider');
  expect(log.text()).toContain('POST /wecom/users');
  for (const value of confidential) {
    expect(answer).not.toContain(value);
    expect(log.text()).not.toContain(value);
  }
}
