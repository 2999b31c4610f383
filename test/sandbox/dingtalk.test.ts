import { readFileSync } from 'node:fs';
import { createDingtalkSimulator } from '../../sandbox/dingtalk.ts';
import {
  type ProviderCall,
  type RunningServer,
  type SimulatedProvider,
  startSimulator,
} from '../../sandbox/simulator.ts';

type Json = Record<string, unknown>;

interface Request {
  method?: string;
  path?: string;
  url?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: unknown;
}

interface Answer {
  status: number;
  body: Json;
}

interface State {
  members: ({ userid: string; disabled: boolean; dept_id_list: number[] } & Json)[];
  departments: { dept_id: number }[];
  handovers: { userid: string; handoverResource: Json }[];
  history: ({ userid: string; leaveReason: string } & Json)[];
}

const start = Date.parse('2026-11-21T02:00:00Z');
const host = '127.0.0.1';
const createPath = '/topapi/v2/user/create';
const getPath = '/topapi/v2/user/get';
const updatePath = '/topapi/v2/user/update';
const deletePath = '/topapi/v2/user/delete';
const disablePath = '/v1.0/contact/orgAccounts/disable';
const enablePath = '/v1.0/contact/orgAccounts/enable';
const leavePath = '/v1.0/contact/empLeaveRecords';
const dismissionsPath = '/v1.0/hrm/employees/dismissions';
const terminatePath = '/v1.0/hrm/processes/terminateAndHandOver';
const app = { appKey: 'dingsandbox', appSecret: 'sandbox-ding' };
const legacyApp = { appkey: 'dingsandbox', appsecret: 'sandbox-ding' };

let now: number;
let provider: SimulatedProvider;
let simulator: RunningServer;
let token: string;

beforeEach(async () => {
  now = start;
  import.meta.jest.spyOn(Date, 'now').mockImplementation(() => now);
  await serve(createDingtalkSimulator());
});

afterEach(async () => {
  import.meta.jest.restoreAllMocks();
  await simulator.close();
});

async function serve(simulated: SimulatedProvider): Promise<void> {
  await simulator?.close();
  provider = simulated;
  simulator = await startSimulator(provider, 0);
  token = await fetchToken();
}

async function send({ method = 'POST', path = '', url = path, query, headers, body }: Request): Promise<Answer> {
  const target = new URL(new URL(url, simulator.url).pathname, simulator.url);
  target.search = new URLSearchParams(query).toString();
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(target, {
    method,
    ...(headers && { headers }),
    ...(sent !== undefined && { body: sent }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

const legacy = (path: string, body?: unknown) => send({ path, query: { access_token: token }, body });
const modern = (path: string, body: unknown) => send({ path, headers: { 'x-acs-dingtalk-access-token': token }, body });
const modernGet = (path: string, query: Record<string, string>) =>
  send({ method: 'GET', path, query, headers: { 'x-acs-dingtalk-access-token': token } });
const call = (path: string, body: unknown) => (path.startsWith('/v1.0/') ? modern(path, body) : legacy(path, body));

const fetchToken = async () => String((await send({ path: '/v1.0/oauth2/accessToken', body: app })).body.accessToken);
const control = async (method: string, name: string, body?: unknown) =>
  (await send({ method, path: `/_sandbox/${name}`, body })).body as unknown;
const state = () => control('GET', 'state') as Promise<State>;
const fault = (path: string, then: Json, { method = 'POST', times = 1 } = {}) =>
  control('POST', 'faults', [{ method, path, times, then }]);
const useridsOf = ({ members }: State) => members.map(({ userid }) => userid);
const memberOf = ({ members }: State, wanted: string) => members.find(({ userid }) => userid === wanted);
const resultOf = async (path: string, body?: unknown) => (await legacy(path, body)).body.result;

let hired = 0;
const newcomer = { userid: 'kt-1', name: 'Ann Lowe', mobile: '+44-7700900125', dept_id_list: '1' };
const hire = (userid: string, fields: Json = {}) => {
  hired += 1;
  return legacy(createPath, { ...newcomer, userid, mobile: `13700${String(hired).padStart(6, '0')}`, ...fields });
};
const hireAll = (...userids: string[]) => Promise.all(userids.map((userid) => hire(userid)));

/** Calls made past HTTP, where there must be thousands. They come from the address the tests use. */
function flood(count: number, path: string, body: unknown): void {
  const headers = { 'x-acs-dingtalk-access-token': token };
  const one: ProviderCall = { method: 'POST', path, query: { access_token: token }, headers, body, ip: host };
  for (let made = 0; made < count; made += 1) provider.handle(one);
}

describe('conformance vectors', () => {
  interface Exchange {
    request: Request & { operation?: 'fetchToken'; repeat?: true };
    response: { status: number; body: Json } | { transport: 'timeout' };
  }
  interface Cases {
    cases: (Json & Partial<Exchange>)[];
    request?: Request;
  }
  type Vector = { id: string; name: string } & (Exchange | { steps: Exchange[] } | Cases);

  const file = new URL('../vectors/dingtalk.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];

  // A vector with no row presumes nothing but the start state.
  const presumed: Record<string, () => Promise<unknown>> = {
    'dt-05': () => hireAll('kt-0417'),
    'dt-06': () => hireAll('kt-0418', 'kt-0093', 'kt-0012'),
    'dt-07': () => hireAll('kt-0419', 'kt-0093'),
    'dt-08': () => hireAll('kt-0420'),
    // An endpoint that does not wrap its token errors; the simulator's all do.
    'dt-09': () => fault(getPath, { body: '{"errcode":40014,"errmsg":"invalid token"}' }),
    'dt-11': async () => flood(20, deletePath, { userid: 'kt-0423' }),
    'dt-12': () => fault('/topapi/v2/department/listsub', { errcode: 90002 }),
    'dt-13': async () => flood(10_000, getPath, { userid: 'kt-0424' }),
    'dt-14': async () => {
      await hireAll('kt-0425');
      await fault(updatePath, { errcode: -1 });
    },
    'dt-16': async () => {
      await hireAll('kt-0426');
      await fault(deletePath, { drop: 'after' });
    },
    'dt-17': () => fault(deletePath, { errcode: 60011 }),
    'dt-18': () => fault(deletePath, { errcode: 50002 }),
    'dt-20': () => hireAll('kt-1', 'kt-2'),
    'dt-21': () => hire('kt-0500', { mobile: '+44-7700900123' }),
    'dt-22': () => fault(createPath, { errcode: 40103 }),
    'dt-23': async () => {
      await legacy(deletePath, { userid: 'wujiu' });
      for (const userid of ['kt-0601', 'kt-0602', 'kt-0603']) await hire(userid);
    },
    'dt-24': async () => {
      now = Date.parse('2026-11-18T03:11:40Z');
      await hire('kt-0417', { mobile: newcomer.mobile });
      await legacy(deletePath, { userid: 'kt-0417' });
      now = start;
      await fault(leavePath, { errcode: 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi' }, { method: 'GET' });
    },
  };

  const inSandbox = (vector: Vector): Vector => {
    const firstToken = vector.id === 'dt-08' ? 'made-up' : token;
    const names = { '<T1>': firstToken, '<T2>': token, dingkestrel01: app.appKey, 's3-not-real': app.appSecret };
    return JSON.parse(JSON.stringify(vector), (_, value) => names[value as keyof typeof names] ?? value) as Vector;
  };

  /** What a client may decide on: no texts or request ids, `errcode` of either type, `sub_code` from either place. */
  function deciding({
    errmsg,
    sub_msg,
    message,
    Message,
    request_id,
    requestid,
    RequestId,
    uuid,
    ...rest
  }: Json): Json {
    const sub_code = rest.sub_code ?? /subcode=(\d+)/.exec(String(errmsg))?.[1];
    return { ...rest, ...('errcode' in rest && { errcode: Number(rest.errcode) }), ...(sub_code ? { sub_code } : {}) };
  }

  const codeOf = ({ code, Code }: Json) => code ?? Code;

  async function expectExchange(request: Request, response: Exchange['response']): Promise<void> {
    if ('transport' in response) return expect(send(request)).rejects.toThrow('fetch failed');
    const answer = await send(request);
    expect(answer.status).toBe(response.status);
    expect(deciding(answer.body)).toEqual(deciding(response.body));
  }

  test.each(vectors.filter((vector) => !('cases' in vector)))('$id: $name', async (vector) => {
    await presumed[vector.id]?.();
    const played = inSandbox(vector);
    let last: Request = {};
    for (const { request, response } of 'steps' in played ? played.steps : [played as Exchange]) {
      if (request.operation) last = { path: '/v1.0/oauth2/accessToken', body: app };
      else if (!request.repeat) last = request;
      await expectExchange(last, response);
    }
  });

  const casesOf = (id: string): Cases => {
    const vector = vectors.find((candidate) => candidate.id === id);
    if (!vector || !('cases' in vector)) throw new Error(`no cases ${id}`);
    return inSandbox(vector) as Cases;
  };

  test('dt-20: what a client refuses by itself is refused here too, and nobody is deleted', async () => {
    await presumed['dt-20']?.();
    const { cases } = casesOf('dt-20');
    expect(cases).toHaveLength(7);
    for (const body of cases) expect((await legacy(deletePath, body)).body.errcode).toBe(400002);
    expect(useridsOf(await state())).toContain('kt-1');
  });

  test('dt-25: HR termination is refused without its scope and without quota, and is done as it is asked for', async () => {
    await hireAll('kt-0430', 'kt-0001', 'kt-0093');
    const { cases, request = {} } = casesOf('dt-25');
    const refusals = [
      'Forbidden.AccessDenied.AccessTokenPermissionDenied',
      'Forbidden.AccessDenied.ApiCountLimitForOrg',
    ];

    expect(cases.map(({ response }) => response && 'body' in response && codeOf(response.body))).toEqual(refusals);
    for (const [index, { response = { status: 0, body: {} } }] of cases.entries()) {
      await fault(terminatePath, { errcode: refusals[index] });
      await expectExchange(request, response);
      expect(useridsOf(await state())).toContain('kt-0430');
    }
    await expectExchange(request, { status: 200, body: { result: true } });
    expect(useridsOf(await state())).not.toContain('kt-0430');
    expect((await state()).handovers).toEqual([
      { userid: 'kt-0430', handoverResource: { aflowHandOverUserId: 'kt-0093' } },
    ]);
  });
});

describe('tokens', () => {
  test('both token calls give the same token, and it opens both hosts', async () => {
    const { body } = await send({ method: 'GET', path: '/gettoken', query: legacyApp });
    expect(body).toEqual({ errcode: 0, errmsg: 'ok', access_token: token, expires_in: 7200 });
    expect((await legacy('/topapi/user/listadmin')).body.errcode).toBe(0);
    expect((await modernGet(dismissionsPath, {})).status).toBe(200);
  });

  test('a token lives 7200 s from the last time it was asked for', async () => {
    now += 7_000_000;
    expect(await fetchToken()).toBe(token);
    now += 7_199_999;
    expect((await legacy('/topapi/user/listadmin')).body.errcode).toBe(0);
    now += 1;
    expect((await legacy('/topapi/user/listadmin')).body).toMatchObject({ errcode: 88, sub_code: '42001' });
    expect((await modernGet(dismissionsPath, {})).body.code).toBe('InvalidAuthentication');
    expect(await fetchToken()).not.toBe(token);
  });

  test.each<[fact: string, request: Request, status: number, answer: Json]>([
    [
      'gettoken without a secret',
      { method: 'GET', path: '/gettoken', query: { appkey: 'x' } },
      200,
      { errcode: 40035 },
    ],
    [
      'gettoken with an unknown field',
      { method: 'GET', path: '/gettoken', query: { ...legacyApp, corpid: 'x' } },
      200,
      { errcode: 40035 },
    ],
    [
      'gettoken with another key',
      { method: 'GET', path: '/gettoken', query: { ...legacyApp, appkey: 'x' } },
      200,
      { errcode: 40096 },
    ],
    ['gettoken by POST', { path: '/gettoken', query: legacyApp }, 200, { errcode: 43001 }],
    [
      'accessToken with another key',
      { path: '/v1.0/oauth2/accessToken', body: { ...app, appKey: 'x' } },
      400,
      { code: 'invalidClientIdOrSecret' },
    ],
    [
      'accessToken without a secret',
      { path: '/v1.0/oauth2/accessToken', body: { appKey: 'x' } },
      400,
      { code: 'invalidClientIdOrSecret' },
    ],
    [
      'accessToken with a form',
      { path: '/v1.0/oauth2/accessToken', body: 'appKey=dingsandbox&appSecret=sandbox-ding' },
      400,
      { code: 'Missingbody' },
    ],
    [
      'accessToken by GET',
      { method: 'GET', path: '/v1.0/oauth2/accessToken' },
      404,
      { code: 'InvalidAction.NotFound' },
    ],
    ['legacy without a token', { path: deletePath }, 200, { errcode: 88, sub_code: '40000' }],
    [
      'legacy with an empty token',
      { path: deletePath, query: { access_token: '' } },
      200,
      { errcode: 88, sub_code: '40000' },
    ],
    [
      'legacy with a made-up token',
      { path: deletePath, query: { access_token: 'x' } },
      200,
      { errcode: 88, sub_code: '40014' },
    ],
    ['new API without a token', { path: disablePath }, 400, { code: 'AuthenticationFailed.MissingParameter' }],
    [
      'new API with the token as bearer',
      { path: disablePath, headers: { authorization: 'Bearer x' } },
      400,
      { code: 'AuthenticationFailed.MissingParameter' },
    ],
    [
      'new API with a made-up token',
      { path: disablePath, headers: { 'x-acs-dingtalk-access-token': 'x' } },
      400,
      { code: 'InvalidAuthentication' },
    ],
    ['unknown topapi path', { path: '/topapi/v2/user/remove' }, 200, { errcode: 22 }],
    ['unknown legacy path', { path: '/user/delete' }, 200, { errcode: 404 }],
    ['unknown path of the new API', { path: '/v1.0/contact/users' }, 404, { code: 'InvalidAction.NotFound' }],
    ['legacy by GET', { method: 'GET', path: deletePath }, 200, { errcode: 43002 }],
  ])('refuses %s', async (_, request, status, answer) => {
    const got = await send(request);
    expect(got.status).toBe(status);
    expect(got.body).toMatchObject(answer);
  });

  test('a token in the other host’s place does not count', async () => {
    const query = { access_token: token };
    expect((await send({ path: disablePath, query, body: { userId: 'sunqi' } })).body.code).toBe(
      'AuthenticationFailed.MissingParameter',
    );
    expect((await modern(deletePath, { userid: 'lisi' })).body).toMatchObject({ errcode: 88, sub_code: '40000' });
  });
});

describe('refusals, each of which changes nothing', () => {
  const handTo = (userid: unknown) => ({ action: 'handover', handoverUserId: userid });
  const leaving = (handoverResource: unknown) => ({ userid: 'lisi', handoverResource });
  const inactive = { query_date: '20261120', is_active: false, offset: 0, size: 10 };
  const terminating = {
    userId: 'lisi',
    optUserId: 'founder',
    lastWorkDate: start,
    dismissionMemo: 'contract ended',
    terminationReasonPassive: ['4'],
  };
  const window = { startTime: '2026-11-01T00:00:00Z', endTime: '2026-11-20T00:00:00Z', maxResults: '50' };
  const without = (body: Json, name: string) =>
    Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));

  beforeEach(() => hire('taken', { mobile: '13612345678', email: 'taken@example.com', telephone: '020-1' }));

  test.each<[fact: string, path: string, body: unknown, errcode: number]>([
    ['no body', deletePath, undefined, 44002],
    ['a body that is not JSON', deletePath, 'userid=lisi', 47001],
    ['a body that is a list', deletePath, [], 47001],
    ['delete without userid', deletePath, {}, 400002],
    ['delete with a numeric userid', deletePath, { userid: 7 }, 400002],
    ['delete with 65 characters', deletePath, { userid: 'x'.repeat(65) }, 400002],
    ['delete of nobody', deletePath, { userid: 'nobody' }, 33012],
    ['delete of somebody who left', deletePath, { userid: 'zhengshi' }, 33012],
    ['delete of the primary administrator', deletePath, { userid: 'founder' }, 400002],
    ['delete with an unknown field', deletePath, { userid: 'lisi', handover_resource: {} }, 400002],
    [
      'a handover in a string',
      deletePath,
      leaving('{"dingPan":{"action":"handover","handoverUserId":"wangwu"}}'),
      400002,
    ],
    ['a handover that is a list', deletePath, leaving([]), 400002],
    ['an empty module', deletePath, leaving({ dingPan: {} }), 400002],
    ['a module with an unknown field', deletePath, leaving({ subAdmin: { action: 'skip', reason: 'x' } }), 400002],
    ['an unknown action', deletePath, leaving({ subAdmin: { action: 'keep' } }), 400002],
    ['DingPan skipped', deletePath, leaving({ dingPan: { action: 'skip' } }), 400002],
    ['DingDoc removed', deletePath, leaving({ dingDoc: { action: 'remove' } }), 400002],
    ['OA approvals removed', deletePath, leaving({ oaApproval: { action: 'remove' } }), 400002],
    ['a handover to nobody', deletePath, leaving({ subordinate: { action: 'handover' } }), 400002],
    ['a handover to an empty id', deletePath, leaving({ subordinate: handTo('') }), 400002],
    ['a handover to a stranger', deletePath, leaving({ subordinate: handTo('nobody') }), 400002],
    ['a handover to somebody who left', deletePath, leaving({ subordinate: handTo('zhengshi') }), 400002],
    ['a handover to the leaver', deletePath, leaving({ subAdmin: handTo('lisi') }), 400002],
    [
      'a numeric receiver with remove',
      deletePath,
      leaving({ subAdmin: { action: 'remove', handoverUserId: 7 } }),
      400002,
    ],

    ['create with an unknown field', createPath, { ...newcomer, phone: '13700000009' }, 400002],
    ['create without a name', createPath, without(newcomer, 'name'), 400002],
    ['create without a mobile', createPath, without(newcomer, 'mobile'), 400002],
    ['create without departments', createPath, without(newcomer, 'dept_id_list'), 400002],
    ['an empty userid', createPath, { ...newcomer, userid: '' }, 400002],
    ['a userid of 65', createPath, { ...newcomer, userid: 'x'.repeat(65) }, 400002],
    ['an empty name', createPath, { ...newcomer, name: '' }, 60112],
    ['a name of 81', createPath, { ...newcomer, name: '名'.repeat(81) }, 60112],
    ['a mobile without its dash', createPath, { ...newcomer, mobile: '+447700900125' }, 40104],
    ['a short mainland mobile', createPath, { ...newcomer, mobile: '1370000000' }, 40104],
    ['departments in a list', createPath, { ...newcomer, dept_id_list: [1] }, 400002],
    ['departments with a blank', createPath, { ...newcomer, dept_id_list: '1, 2' }, 400002],
    ['101 departments', createPath, { ...newcomer, dept_id_list: Array(101).fill(1).join() }, 400002],
    ['a department that is not there', createPath, { ...newcomer, dept_id_list: '1,99' }, 60003],
    ['hide_mobile in a string', createPath, { ...newcomer, hide_mobile: 'true' }, 400002],
    ['senior_mode as a number', createPath, { ...newcomer, senior_mode: 1 }, 400002],
    ['a telephone of 51', createPath, { ...newcomer, telephone: '1'.repeat(51) }, 400002],
    ['a job_number of 51', createPath, { ...newcomer, job_number: '1'.repeat(51) }, 400002],
    ['a title of 201', createPath, { ...newcomer, title: 'x'.repeat(201) }, 400002],
    ['an email of 51', createPath, { ...newcomer, email: `${'x'.repeat(39)}@example.com` }, 60105],
    ['an email without @', createPath, { ...newcomer, email: 'ann' }, 60105],
    ['an org_email of 101', createPath, { ...newcomer, org_email: 'x'.repeat(101) }, 400002],
    ['an unknown org_email_type', createPath, { ...newcomer, org_email_type: 'free' }, 400002],
    ['a work_place of 101', createPath, { ...newcomer, work_place: 'x'.repeat(101) }, 400002],
    ['a remark of 2001', createPath, { ...newcomer, remark: 'x'.repeat(2001) }, 400002],
    ['a login_email of 65', createPath, { ...newcomer, login_email: 'x'.repeat(65) }, 400002],
    ['an order without a department', createPath, { ...newcomer, dept_order_list: [{ order: 1 }] }, 400002],
    [
      'a department title that is a number',
      createPath,
      { ...newcomer, dept_title_list: [{ dept_id: 1, title: 1 }] },
      400002,
    ],
    [
      'a position with an unknown field',
      createPath,
      { ...newcomer, dept_position_list: [{ dept_id: 1, rank: 1 }] },
      400002,
    ],
    ['an extension that is no object', createPath, { ...newcomer, extension: '[]' }, 400002],
    ['an extension of more than 2000', createPath, { ...newcomer, extension: { a: 'x'.repeat(2000) } }, 400002],
    ['an extension_i18n that is no JSON', createPath, { ...newcomer, extension_i18n: 'x' }, 400002],
    ['a hired_date in a string', createPath, { ...newcomer, hired_date: '1795305600000' }, 400002],
    ['a manager who is nobody', createPath, { ...newcomer, manager_userid: 'nobody' }, 60128],
    ['an empty manager', createPath, { ...newcomer, manager_userid: '' }, 60128],
    ['a taken userid', createPath, { ...newcomer, userid: 'lisi' }, 60102],
    ['a taken mobile', createPath, { ...newcomer, mobile: '13612345678' }, 60104],
    ['a taken email', createPath, { ...newcomer, email: 'taken@example.com' }, 60106],
    ['a taken telephone', createPath, { ...newcomer, telephone: '020-1' }, 40100],

    ['update without userid', updatePath, { title: 'x' }, 400002],
    ['update of nobody', updatePath, { userid: 'nobody', title: 'x' }, 33012],
    ['update of a mobile', updatePath, { userid: 'lisi', mobile: '13700000009' }, 400002],
    ['update to a name of 81', updatePath, { userid: 'lisi', name: 'x'.repeat(81) }, 60112],
    ['update to 301 departments', updatePath, { userid: 'lisi', dept_id_list: Array(301).fill(1).join() }, 400002],
    ['update to a department that is not there', updatePath, { userid: 'lisi', dept_id_list: '99' }, 60003],
    ['update with an extension object', updatePath, { userid: 'lisi', extension: {} }, 400002],
    ['update with an unknown mode', updatePath, { userid: 'lisi', ext_attrs_update_mode: 2 }, 400002],
    ['update in French', updatePath, { userid: 'lisi', language: 'fr_FR' }, 400002],
    ['update that clears a title', updatePath, { userid: 'lisi', force_update_fields: 'title' }, 400002],
    ['update to a taken email', updatePath, { userid: 'lisi', title: 'x', email: 'taken@example.com' }, 60106],
    ['update to a taken telephone', updatePath, { userid: 'lisi', telephone: '020-1' }, 40100],
    ['update to a manager who is nobody', updatePath, { userid: 'lisi', manager_userid: 'nobody' }, 60128],

    ['get without userid', getPath, {}, 400002],
    ['get in French', getPath, { userid: 'lisi', language: 'fr_FR' }, 400002],
    ['get of nobody', getPath, { userid: 'nobody' }, 33012],
    ['get of somebody who left', getPath, { userid: 'zhengshi' }, 60121],
    ['listid without a department', '/topapi/user/listid', {}, 400002],
    ['listid of a department that is not there', '/topapi/user/listid', { dept_id: 99 }, 60003],
    ['count without only_active', '/topapi/user/count', {}, 400002],
    ['listadmin with a field', '/topapi/user/listadmin', { size: 1 }, 400002],
    ['listsub with a department in a string', '/topapi/v2/department/listsub', { dept_id: '1' }, 400002],
    ['listsub of a department that is not there', '/topapi/v2/department/listsub', { dept_id: 99 }, 60003],
    ['listsubid without a department', '/topapi/v2/department/listsubid', {}, 400002],
    ['listsubid of a department that is not there', '/topapi/v2/department/listsubid', { dept_id: 99 }, 60003],
    ['get of department 0', '/topapi/v2/department/get', { dept_id: 0 }, 400002],
    ['get of a department that is not there', '/topapi/v2/department/get', { dept_id: 99 }, 60003],

    ['a day that is not there', '/topapi/inactive/user/v2/get', { ...inactive, query_date: '20261032' }, 400002],
    ['a day with dashes', '/topapi/inactive/user/v2/get', { ...inactive, query_date: '2026-11-20' }, 400002],
    ['tomorrow', '/topapi/inactive/user/v2/get', { ...inactive, query_date: '20261122' }, 400002],
    ['a day more than a month ago', '/topapi/inactive/user/v2/get', { ...inactive, query_date: '20261020' }, 400002],
    ['is_active in a string', '/topapi/inactive/user/v2/get', { ...inactive, is_active: 'false' }, 400002],
    ['a negative offset', '/topapi/inactive/user/v2/get', { ...inactive, offset: -1 }, 40068],
    ['a size of 101', '/topapi/inactive/user/v2/get', { ...inactive, size: 101 }, 40069],
    ['a size of 0', '/topapi/inactive/user/v2/get', { ...inactive, size: 0 }, 40069],
    ['departments of activity in a list', '/topapi/inactive/user/v2/get', { ...inactive, dept_ids: [1] }, 400002],
  ])('%s', async (_, path, body, errcode) => {
    const before = await state();
    const answer = await legacy(path, body);
    expect(answer).toEqual({
      status: 200,
      body: { errcode, errmsg: expect.any(String), request_id: expect.any(String) },
    });
    expect(await state()).toEqual(before);
  });

  test.each<[fact: string, path: string, body: unknown, code: string]>([
    ['disable without a user', disablePath, {}, 'invalid.param'],
    ['disable with an unknown field', disablePath, { userId: 'sunqi', userid: 'sunqi' }, 'invalid.param'],
    ['disable with a numeric reason', disablePath, { userId: 'sunqi', reason: 1 }, 'invalid.param'],
    ['disable of nobody', disablePath, { userId: 'nobody' }, 'user.not.exist'],
    ['disable of an ordinary account', disablePath, { userId: 'lisi' }, 'exclusive.account.only'],
    ['disable without a body', disablePath, undefined, 'Missingbody'],
    ['enable with a reason', enablePath, { userId: 'sunqi', reason: 'x' }, 'invalid.param'],
    ['enable of nobody', enablePath, { userId: 'nobody' }, 'user.not.exist'],
    ['enable of an ordinary account', enablePath, { userId: 'lisi' }, 'exclusive.account.only'],
    ['termination without a leaver', terminatePath, without(terminating, 'userId'), 'invalidParameter'],
    ['termination without an operator', terminatePath, without(terminating, 'optUserId'), 'invalidParameter'],
    ['termination without a last day', terminatePath, without(terminating, 'lastWorkDate'), 'invalidParameter'],
    ['termination without a memo', terminatePath, without(terminating, 'dismissionMemo'), 'invalidParameter'],
    [
      'termination without reasons',
      terminatePath,
      without(terminating, 'terminationReasonPassive'),
      'invalidParameter',
    ],
    [
      'termination with an empty list of reasons',
      terminatePath,
      { ...terminating, terminationReasonPassive: [] },
      'invalidParameter',
    ],
    [
      'termination with an unknown reason',
      terminatePath,
      { ...terminating, terminationReasonVoluntary: ['10'] },
      'invalidParameter',
    ],
    ['termination with reason 10', terminatePath, { ...terminating, dismissionReason: 10 }, 'invalidParameter'],
    [
      'termination with the date in a string',
      terminatePath,
      { ...terminating, lastWorkDate: '2026-11-21' },
      'invalidParameter',
    ],
    [
      'termination with the wrong spelling',
      terminatePath,
      { ...terminating, aflowHandoverUserId: 'wangwu' },
      'invalidParameter',
    ],
    ['termination by the leaver', terminatePath, { ...terminating, optUserId: 'lisi' }, 'invalidParameter'],
    [
      'termination handing over to the leaver',
      terminatePath,
      { ...terminating, dingPanHandoverUserId: 'lisi' },
      'invalidParameter',
    ],
    ['termination of nobody', terminatePath, { ...terminating, userId: 'nobody' }, 'empNotExists'],
    ['termination by a stranger', terminatePath, { ...terminating, optUserId: 'nobody' }, 'empNotExists'],
    [
      'termination handing over to a stranger',
      terminatePath,
      { ...terminating, docNoteHandoverUserId: 'nobody' },
      'empNotExists',
    ],
    [
      'termination of the primary administrator',
      terminatePath,
      { ...terminating, userId: 'founder', optUserId: 'lisi' },
      'businessError',
    ],
  ])('%s', async (_, path, body, code) => {
    const before = await state();
    const answer = await modern(path, body);
    expect(answer).toEqual({
      status: 400,
      body: { code, message: expect.any(String), requestid: expect.any(String) },
    });
    expect(await state()).toEqual(before);
  });

  test.each<[fact: string, path: string, query: Record<string, string>, code: string]>([
    ['leave records without a start', leavePath, { maxResults: '50' }, 'invalidParameter.param.invalid'],
    ['leave records without a size', leavePath, { startTime: window.startTime }, 'invalidParameter.param.invalid'],
    ['leave records of size 51', leavePath, { ...window, maxResults: '51' }, 'invalidParameter.param.invalid'],
    ['leave records from a date', leavePath, { ...window, startTime: '2026-11-01' }, 'invalidParameter.param.invalid'],
    [
      'leave records from 30 February',
      leavePath,
      { ...window, startTime: '2026-02-30T00:00:00Z' },
      'invalidParameter.param.invalid',
    ],
    [
      'leave records from month 13',
      leavePath,
      { ...window, startTime: '2026-13-01T00:00:00Z' },
      'invalidParameter.param.invalid',
    ],
    [
      'leave records backwards',
      leavePath,
      { ...window, endTime: '2026-10-01T00:00:00Z' },
      'invalidParameter.param.invalid',
    ],
    [
      'leave records of 366 days',
      leavePath,
      { ...window, startTime: '2025-11-19T00:00:00Z' },
      'invalidParameter.param.invalid',
    ],
    [
      'leave records from 366 days ago',
      leavePath,
      { startTime: '2025-11-20T02:00:00Z', maxResults: '1' },
      'invalidParameter.param.invalid',
    ],
    ['leave records with a made-up page', leavePath, { ...window, nextToken: 'x' }, 'invalidParameter.param.invalid'],
    ['leave records with an unknown field', leavePath, { ...window, size: '1' }, 'invalidParameter.param.invalid'],
    ['dismissions of size 51', dismissionsPath, { maxResults: '51' }, 'invalidParameter'],
    ['dismissions with a made-up page', dismissionsPath, { nextToken: 'x' }, 'invalidParameter'],
    ['dismissions with an unknown field', dismissionsPath, { offset: '0' }, 'invalidParameter'],
  ])('%s', async (_, path, query, code) => {
    const answer = await modernGet(path, query);
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });
});

describe('people', () => {
  test('a created member is there as sent, and has not signed in yet', async () => {
    const fields = { ...newcomer, dept_id_list: '2,4', title: 'Taster', hired_date: 0, extension: { a: '1' } };
    const { userid, unionId } = (await resultOf(createPath, fields)) as { userid: string; unionId: string };
    expect(userid).toBe('kt-1');
    expect(await resultOf(getPath, { userid })).toMatchObject({
      userid,
      unionid: unionId,
      name: 'Ann Lowe',
      state_code: '44',
      mobile: '7700900125',
      title: 'Taster',
      dept_id_list: [2, 4],
      extension: '{"a":"1"}',
      hired_date: 0,
      active: false,
      admin: false,
      boss: false,
      senior: false,
      exclusive_account: false,
    });
    expect(memberOf(await state(), 'kt-1')?.mobile).toBe('+44-7700900125');
  });

  test('a member without a userid gets one', async () => {
    const { userid: _, ...unnamed } = newcomer;
    const { userid } = (await resultOf(createPath, unnamed)) as { userid: string };
    expect(userid).not.toBe('');
    expect(useridsOf(await state())).toContain(userid);
  });

  test('the limits themselves are allowed', async () => {
    const longest = {
      userid: 'x'.repeat(64),
      name: '名'.repeat(80),
      dept_id_list: Array(100).fill(1).join(),
      telephone: '1'.repeat(50),
      email: `${'x'.repeat(38)}@example.com`,
      extension: JSON.stringify({ a: 'x'.repeat(1992) }),
      dept_position_list: [{ dept_id: 1, is_main: true, title: 'x', work_place: 'y' }],
    };
    expect((await hire(longest.userid, longest)).body.errcode).toBe(0);
  });

  test('empty telephones do not conflict', async () => {
    await hire('kt-1', { telephone: '' });
    expect((await hire('kt-2', { telephone: '' })).body.errcode).toBe(0);
  });

  test('founder is the primary administrator', async () => {
    expect(await resultOf(getPath, { userid: 'founder', language: 'en_US' })).toMatchObject({
      admin: true,
      boss: true,
    });
    expect(await resultOf('/topapi/user/listadmin', {})).toEqual([
      { userid: 'founder', sys_level: 1 },
      { userid: 'zhaoliu', sys_level: 2 },
    ]);
  });

  test('an update changes what it names and nothing else', async () => {
    const before = memberOf(await state(), 'wangwu');
    const changes = { title: 'Taster', dept_id_list: '2', email: 'ww@example.com', senior_mode: true };
    expect(await legacy(updatePath, { userid: 'wangwu', ...changes })).toEqual({
      status: 200,
      body: { errcode: 0, errmsg: 'ok', request_id: expect.any(String) },
    });
    expect(memberOf(await state(), 'wangwu')).toEqual({ ...before, ...changes, dept_id_list: [2] });
  });

  test('an update may repeat the member’s own email', async () => {
    await legacy(updatePath, { userid: 'lisi', email: 'li@example.com' });
    expect((await legacy(updatePath, { userid: 'lisi', email: 'li@example.com' })).body.errcode).toBe(0);
  });

  test('an update can clear the manager', async () => {
    await legacy(updatePath, { userid: 'wangwu', force_update_fields: 'manager_userid' });
    expect(memberOf(await state(), 'wangwu')).not.toHaveProperty('manager_userid');
  });

  test('an extension replaces the old one unless it is told to append', async () => {
    const update = (extension: string, mode = {}) => legacy(updatePath, { userid: 'lisi', extension, ...mode });
    await update('{"a":"1"}');
    await update('{"b":"2"}', { ext_attrs_update_mode: 1 });
    expect(memberOf(await state(), 'lisi')?.extension).toBe('{"a":"1","b":"2"}');
    await update('{"c":"3"}');
    expect(memberOf(await state(), 'lisi')?.extension).toBe('{"c":"3"}');
  });

  test('a deleted member is only history, and both lists of leavers know', async () => {
    await legacy(deletePath, { userid: 'lisi' });
    const after = await state();
    expect(useridsOf(after)).not.toContain('lisi');
    expect(after.history.at(-1)).toMatchObject({
      userid: 'lisi',
      leaveReason: 'oapi',
      leaveTime: '2026-11-21T02:00:00Z',
    });
    expect(after.handovers).toEqual([]);
    const { body } = await modernGet(leavePath, { startTime: '2026-11-21T02:00:00Z', maxResults: '50' });
    expect(body).toEqual({
      records: [expect.objectContaining({ userId: 'lisi', stateCode: '86', leaveReason: 'oapi' })],
    });
    expect((await modernGet(dismissionsPath, {})).body.userIdList).toEqual(['zhengshi', 'lisi']);
  });

  test('the accepted handover is on record as it was sent', async () => {
    const handoverResource = {
      dingPan: { action: 'handover', handoverUserId: 'wangwu' },
      subAdmin: { action: 'remove', handoverUserId: 'ignored' },
      oaApproval: { action: 'skip' },
    };
    expect((await legacy(deletePath, { userid: 'lisi', handoverResource })).body.errcode).toBe(0);
    expect((await state()).handovers).toEqual([{ userid: 'lisi', handoverResource }]);
  });

  test('a termination removes the person and records the receivers', async () => {
    const receivers = { aflowHandOverUserId: 'wangwu', dingPanHandoverUserId: 'zhangsan' };
    const leaver = { userId: 'lisi', optUserId: 'founder', lastWorkDate: start, dismissionMemo: 'x' };
    const answer = await modern(terminatePath, { ...leaver, ...receivers, terminationReasonVoluntary: ['1', '9'] });
    expect(answer).toEqual({ status: 200, body: { result: true } });
    const after = await state();
    expect(useridsOf(after)).not.toContain('lisi');
    expect(after.handovers).toEqual([{ userid: 'lisi', handoverResource: receivers }]);
  });

  test('an enterprise account can be disabled and enabled again', async () => {
    const disabled = async () => memberOf(await state(), 'sunqi')?.disabled;
    expect((await modern(disablePath, { userId: 'sunqi', reason: 'leave' })).status).toBe(200);
    expect(await disabled()).toBe(true);
    expect((await modern(enablePath, { userId: 'sunqi' })).status).toBe(200);
    expect(await disabled()).toBe(false);
  });
});

describe('lists', () => {
  test('departments come one level at a time', async () => {
    const children = (await resultOf('/topapi/v2/department/listsub', { dept_id: 1 })) as Json[];
    expect(children.map(({ dept_id, parent_id }) => [dept_id, parent_id])).toEqual([
      [2, 1],
      [3, 1],
    ]);
    expect(await resultOf('/topapi/v2/department/listsub', {})).toEqual(children);
    expect(await resultOf('/topapi/v2/department/listsubid', { dept_id: 3 })).toEqual({ dept_id_list: [4] });
    expect(await resultOf('/topapi/v2/department/get', { dept_id: 4 })).toMatchObject({
      dept_id: 4,
      parent_id: 3,
      member_count: 2,
    });
  });

  test('a department names who leads it, and so does the user', async () => {
    expect(await resultOf('/topapi/v2/department/get', { dept_id: 2 })).toMatchObject({
      dept_manager_userid_list: ['zhangsan'],
    });
    expect(await resultOf(getPath, { userid: 'zhangsan' })).toMatchObject({
      leader_in_dept: [{ dept_id: 2, leader: true }],
    });
    expect(await resultOf(getPath, { userid: 'sunqi' })).toMatchObject({
      leader_in_dept: [{ dept_id: 2, leader: false }],
    });
  });

  test('a department lists its direct members', async () => {
    expect(await resultOf('/topapi/user/listid', { dept_id: 3 })).toEqual({ userid_list: ['lisi', 'wangwu'] });
  });

  test('the count can leave out those who never signed in', async () => {
    expect(await resultOf('/topapi/user/count', { only_active: false })).toEqual({ count: 8 });
    expect(await resultOf('/topapi/user/count', { only_active: true })).toEqual({ count: 7 });
  });

  test('the inactive and the active of a day are different people', async () => {
    const list = (body: Json) =>
      resultOf('/topapi/inactive/user/v2/get', { query_date: '20261120', offset: 0, size: 100, ...body });
    expect(await list({ is_active: false })).toEqual({ list: ['wujiu'], has_more: false });
    expect(await list({ is_active: false, dept_ids: '3,4' })).toEqual({ list: [], has_more: false });
    expect(await list({ is_active: true, size: 2 })).toEqual({
      list: ['founder', 'zhangsan'],
      has_more: true,
      next_cursor: 2,
    });
  });

  test('leavers come in pages', async () => {
    for (const userid of ['lisi', 'wangwu']) await legacy(deletePath, { userid });
    const query = { startTime: '2026-01-01T00:00:00Z', maxResults: '2' };
    const first = (await modernGet(leavePath, { ...query, nextToken: '0' })).body;
    expect(first).toMatchObject({ records: [{ userId: 'zhengshi' }, { userId: 'lisi' }], nextToken: '2' });
    const last = (await modernGet(leavePath, { ...query, nextToken: '2' })).body;
    expect(last).toEqual({ records: [expect.objectContaining({ userId: 'wangwu' })] });
    expect((await modernGet(dismissionsPath, { maxResults: '2' })).body).toEqual({
      userIdList: ['zhengshi', 'lisi'],
      nextToken: 2,
      hasMore: true,
    });
    expect((await modernGet(dismissionsPath, { nextToken: '2' })).body).toMatchObject({
      userIdList: ['wangwu'],
      hasMore: false,
    });
  });
});

describe('limits', () => {
  const get = () => legacy(getPath, { userid: 'lisi' });
  const disable = () => modern(disablePath, { userId: 'sunqi' });

  test('the 21st call of one API in a second is refused, and other APIs are not', async () => {
    flood(19, getPath, { userid: 'lisi' });
    expect((await get()).body.errcode).toBe(0);
    expect((await get()).body).toMatchObject({ errcode: 88, sub_code: '90018' });
    expect((await legacy('/topapi/user/listadmin')).body.errcode).toBe(0);
    now += 1000;
    expect((await get()).body.errcode).toBe(0);
  });

  test('the new API says it with 403', async () => {
    flood(20, disablePath, { userId: 'sunqi' });
    expect(await disable()).toMatchObject({
      status: 403,
      body: { code: 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi' },
    });
  });

  test('the limit can be raised', async () => {
    await serve(createDingtalkSimulator({ callsPerSecond: 60 }));
    flood(59, getPath, { userid: 'lisi' });
    expect((await get()).body.errcode).toBe(0);
    expect((await get()).body.errcode).toBe(88);
  });

  test('more than 10 000 calls in 20 s ban the address from everything for 5 minutes', async () => {
    flood(9_999, getPath, { userid: 'lisi' }); // the token call was the first
    expect((await get()).body).toMatchObject({ status: 1111, punish: 'deny' });
    now += 299_999;
    expect((await send({ method: 'GET', path: '/gettoken', query: legacyApp })).body).toMatchObject({ punish: 'deny' });
    now += 1;
    expect((await get()).body.errcode).toBe(0);
  });

  test('10 000 calls in 20 s are allowed, and then 20 s later again', async () => {
    flood(9_998, getPath, { userid: 'lisi' });
    now += 19_999;
    expect((await get()).body.errcode).toBe(0);
    now += 1;
    expect((await get()).body.errcode).toBe(0);
  });

  test('5000 metered calls a month, and calls off the meter go on', async () => {
    await serve(createDingtalkSimulator({ callsPerSecond: 5001 }));
    flood(4_999, disablePath, { userId: 'sunqi' });
    expect((await disable()).status).toBe(200);
    expect(await disable()).toMatchObject({
      status: 403,
      body: { code: 'Forbidden.AccessDenied.ApiCountLimitForOrg' },
    });
    expect((await modern(terminatePath, {})).body.code).toBe('Forbidden.AccessDenied.ApiCountLimitForOrg');
    expect((await get()).body.errcode).toBe(0);
    now = Date.parse('2026-12-01T00:00:00Z');
    token = await fetchToken();
    expect((await disable()).status).toBe(200);
  });

  test('a reset lifts the ban, the throttle and the quota', async () => {
    flood(10_000, disablePath, { userId: 'sunqi' });
    expect((await disable()).body).toMatchObject({ punish: 'deny' });
    await control('POST', 'reset', {});
    expect(await disable()).toEqual({ status: 200, body: {} });
  });
});

describe('control endpoints', () => {
  const legacyPaths = [
    createPath,
    getPath,
    updatePath,
    deletePath,
    '/topapi/user/listid',
    '/topapi/user/count',
    '/topapi/user/listadmin',
    '/topapi/v2/department/listsub',
    '/topapi/v2/department/listsubid',
    '/topapi/v2/department/get',
    '/topapi/inactive/user/v2/get',
  ];

  test('the start state has the promised people and departments', async () => {
    const { members, departments, handovers, history } = await state();
    expect(members.map(({ userid }) => userid)).toEqual(
      expect.arrayContaining(['founder', 'zhangsan', 'lisi', 'wangwu']),
    );
    expect(members.filter((member) => member.exclusive_account)).toHaveLength(2);
    expect(departments.map(({ dept_id }) => dept_id)).toEqual([1, 2, 3, 4]);
    expect(handovers).toEqual([]);
    expect(history.map(({ userid }) => userid)).toEqual(['zhengshi']);
  });

  test('requests are logged as they came', async () => {
    await legacy(deletePath, { userid: 'lisi' });
    const log = (await control('GET', 'requests')) as Request[];
    expect(log.at(-1)).toMatchObject({
      method: 'POST',
      path: deletePath,
      query: { access_token: token },
      body: { userid: 'lisi' },
    });
  });

  test('a reset restores the start, adds valid members and keeps tokens', async () => {
    const before = await state();
    await legacy(deletePath, { userid: 'lisi', handoverResource: { oaApproval: { action: 'skip' } } });
    await fault(getPath, { status: 500 });
    await control('POST', 'reset', { members: 300 });
    const after = await state();
    expect(useridsOf(after).slice(0, 8)).toEqual(useridsOf(before));
    expect(useridsOf(after).slice(8)).toHaveLength(300);
    expect(after.members[8]).toMatchObject({ userid: 'member-00001', active: true });
    expect(new Set(after.members.map(({ mobile }) => mobile)).size).toBe(308);
    expect(after.handovers).toEqual([]);
    expect(after.history).toHaveLength(1);
    expect((await legacy(getPath, { userid: 'member-00300' })).body.errcode).toBe(0);
    await control('POST', 'reset');
    expect(useridsOf(await state())).toEqual(useridsOf(before));
  });

  test('dropped before, a delete has not happened; dropped after, it has', async () => {
    await fault(deletePath, { drop: 'before' });
    await expect(legacy(deletePath, { userid: 'lisi' })).rejects.toThrow('fetch failed');
    expect(useridsOf(await state())).toContain('lisi');
    await fault(deletePath, { drop: 'after' });
    await expect(legacy(deletePath, { userid: 'lisi' })).rejects.toThrow('fetch failed');
    expect(useridsOf(await state())).not.toContain('lisi');
  });

  test.each(legacyPaths)('errcode 0 on %s says success and changes nothing', async (path) => {
    await fault(path, { errcode: 0 });
    const before = await state();
    const { status, body } = await call(path, { ...newcomer, userid: 'lisi' });
    expect([status, body.errcode]).toEqual([200, 0]);
    expect(await state()).toEqual(before);
  });

  test.each([
    [disablePath, {}],
    [enablePath, {}],
    [terminatePath, { result: true }],
    ['/v1.0/oauth2/accessToken', { accessToken: expect.any(String), expireIn: 7200 }],
  ])('errcode 0 on %s says success and changes nothing', async (path, fields) => {
    await fault(path, { errcode: 0 });
    const before = await state();
    expect(await call(path, { userId: 'sunqi' })).toEqual({ status: 200, body: fields });
    expect(await state()).toEqual(before);
  });

  test.each([
    [leavePath, { records: [] }],
    [dismissionsPath, { userIdList: [], nextToken: 0, hasMore: false }],
    ['/gettoken', { errcode: 0, errmsg: 'ok', access_token: expect.any(String), expires_in: 7200 }],
  ])('errcode 0 on GET %s says success', async (path, fields) => {
    await fault(path, { errcode: 0 }, { method: 'GET' });
    expect(await modernGet(path, {})).toEqual({ status: 200, body: fields });
  });

  test('a lie about a create or a get names the person asked for', async () => {
    await fault(createPath, { errcode: 0 });
    expect(await resultOf(createPath, newcomer)).toMatchObject({ userid: 'kt-1', unionId: expect.any(String) });
    await fault(getPath, { errcode: 0 });
    expect(await resultOf(getPath, { userid: 'nobody' })).toMatchObject({ userid: 'nobody', admin: false });
  });

  test('the token call wraps nothing', async () => {
    await fault('/gettoken', { errcode: 90018 }, { method: 'GET' });
    const { body } = await send({ method: 'GET', path: '/gettoken', query: legacyApp });
    expect(body).toEqual({ errcode: 90018, errmsg: expect.any(String) });
  });

  test.each<[code: number | string, path: string, status: number, body: Json]>([
    [60011, deletePath, 200, { errcode: 88, sub_code: '60011', sub_msg: 'app lacks [qyapi_manage_addresslist]' }],
    [60020, deletePath, 200, { errcode: 88, sub_code: '60020' }],
    [90005, deletePath, 200, { errcode: 88, sub_code: '90005' }],
    [90020, deletePath, 200, { errcode: 88, sub_code: '90020' }],
    [50002, deletePath, 200, { errcode: 50002 }],
    ['33012', deletePath, 200, { errcode: 33012 }],
    [-1, deletePath, 200, { errcode: -1 }],
    [90018, disablePath, 403, { code: 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi' }],
    [40014, disablePath, 400, { code: 'InvalidAuthentication' }],
    ['invokeFrequentyly', terminatePath, 400, { code: 'invokeFrequentyly' }],
    ['system.busy', disablePath, 500, { code: 'system.busy' }],
    ['systemError', terminatePath, 500, { code: 'systemError' }],
    [
      'Forbidden.AccessDenied.AccessTokenPermissionDenied',
      terminatePath,
      403,
      {
        Code: 'Forbidden.AccessDenied.AccessTokenPermissionDenied',
        AccessDeniedDetail: { requiredScopes: ['Hrm.Process.ReadWrite'] },
      },
    ],
  ])('the fault %s on %s is said in the words of its host', async (errcode, path, status, body) => {
    await fault(path, { errcode });
    const answer = await call(path, {});
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(body);
  });
});
