import { type RunningServer, type SimulatedProvider, startSimulator } from '../../sandbox/simulator.ts';
import { createWecomSimulator } from '../../sandbox/wecom.ts';
import vectors from '../vectors/wecom.json' with { type: 'json' };

interface Request {
  method: string;
  path: string;
  query?: Record<string, string>;
  body?: unknown;
}

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

interface Vector {
  id: string;
  request: Request;
  response: { http: number; body: Record<string, unknown> };
}

interface State {
  members: ({ userid: string; department: number[] } & Record<string, unknown>)[];
  departments: { id: number; name: string; parentid: number }[];
  history: { userid: string; removedAt: string }[];
}

const { jest } = import.meta;
const hour = 3_600_000;

let provider: SimulatedProvider;
let simulator: RunningServer;

beforeEach(async () => {
  provider = createWecomSimulator();
  simulator = await startSimulator(provider, 0);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await simulator.close();
});

async function send({ method, path, query, body }: Request): Promise<Answer> {
  const url = new URL(path, simulator.url);
  url.search = new URLSearchParams(query).toString();
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method, ...(sent !== undefined && { body: sent }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

const control = async (path: string) => (await send({ method: 'GET', path: `/_sandbox/${path}` })).body as unknown;
const state = () => control('state') as Promise<State>;
const reset = (members = 0, options = {}) =>
  send({ method: 'POST', path: '/_sandbox/reset', body: { members, ...options } });
const fault = (path: string, then: object, { method = 'POST', times = 1 } = {}) =>
  send({ method: 'POST', path: '/_sandbox/faults', body: [{ method, path, times, then }] });

const gettoken = (corpsecret: string, corpid = 'wwsandbox') =>
  send({ method: 'GET', path: '/cgi-bin/gettoken', query: { corpid, corpsecret } });

const tokenOf = async (secret: string) => String((await gettoken(secret)).body.access_token);

type Secret = 'sandbox-contact' | 'sandbox-app' | 'sandbox-customer';

async function get(path: string, query: Record<string, string> = {}, secret: Secret = 'sandbox-app') {
  const access_token = await tokenOf(secret);
  return (await send({ method: 'GET', path, query: { ...query, access_token } })).body;
}

async function post(path: string, body: unknown, secret: Secret = 'sandbox-contact') {
  const query = { access_token: await tokenOf(secret) };
  return (await send({ method: 'POST', path, query, body })).body;
}

const newcomer = { userid: 'newcomer', name: '新人', mobile: '13900001111', to_invite: false };
const create = (changes: object = {}) => post('/cgi-bin/user/create', { ...newcomer, ...changes });
const update = (userid: string, changes: object) => post('/cgi-bin/user/update', { userid, ...changes });
const remove = (userid: string) => get('/cgi-bin/user/delete', { userid }, 'sandbox-contact');
const listId = (body: object) => post('/cgi-bin/user/list_id', body);

async function memberOf(userid: string) {
  return (await state()).members.find((member) => member.userid === userid);
}

const travel = (ms: number) => {
  const now = Date.now() + ms;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
};

/** Past the HTTP server, which would take seconds for this many calls. */
function callOften(times: number, path: string, query: Record<string, string>) {
  const call = { method: 'GET', path, query, headers: {}, body: undefined, ip: '127.0.0.1' };
  for (let i = 0; i < times; i += 1) provider.handle(call);
}

async function expired(secret: Secret): Promise<string> {
  const token = await tokenOf(secret);
  travel(2 * hour);
  return token;
}

describe('conformance vectors', () => {
  /** The sandbox's own credential for each of the page's. */
  async function inSandbox({ corpid, corpsecret, access_token, ...query }: Record<string, string> = {}) {
    const secrets: Record<string, Secret> = {
      'tok-sync-0001': 'sandbox-contact',
      'tok-selfbuilt-0001': 'sandbox-app',
    };
    const secret = secrets[access_token ?? ''];
    const token = secret ? await tokenOf(secret) : access_token;
    return {
      ...query,
      ...(corpid && { corpid: 'wwsandbox' }),
      ...(corpsecret && { corpsecret: corpsecret === 'sync-secret-EXAMPLE' ? 'sandbox-contact' : corpsecret }),
      ...(token && { access_token: token }),
    };
  }

  const request = async (vector: Vector, query?: Record<string, string>): Promise<Request> => ({
    ...vector.request,
    query: { ...(await inSandbox(vector.request.query)), ...query },
  });

  async function play(vector: Vector, query?: Record<string, string>) {
    const answer = await send(await request(vector, query));
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: vector.response.http,
      body: {
        ...vector.response.body,
        errmsg: expect.any(String),
        ...('access_token' in vector.response.body && { access_token: expect.any(String) }),
      },
    });
    return answer.body;
  }

  const departmentExists = (id: number) => create({ userid: `of-${id}`, mobile: `100999990${id}`, department: [id] });
  const lihuaExists = async () => {
    await departmentExists(12);
    await play(vectors.C01);
  };
  const ipIsBanned = async () => {
    for (let i = 0; i < 10; i += 1) await gettoken('rotated-away');
  };
  const answers = (vector: Vector, times = 1) =>
    fault(vector.request.path, { errcode: vector.response.body.errcode }, { method: vector.request.method, times });
  const nothing = async () => {};

  const played: [vector: Vector, presumes: () => Promise<unknown>][] = [
    [vectors.T01, nothing],
    [vectors.T02, nothing],
    [vectors.T03, ipIsBanned],
    [vectors.C01, () => departmentExists(12)],
    [vectors.C02, () => departmentExists(12)],
    [vectors.C03, lihuaExists],
    [vectors.C04, lihuaExists],
    [vectors.C06, nothing],
    [vectors.C09, nothing],
    [vectors.C10, () => answers(vectors.C10)],
    [vectors.C12, () => answers(vectors.C12)],
    [vectors.U01, lihuaExists],
    [vectors.D01, lihuaExists],
    [vectors.D02, () => lihuaExists().then(() => remove('lihua'))],
    [vectors.D03, () => answers(vectors.D03)],
    [vectors.D05, nothing],
    [vectors.B02, lihuaExists],
    [vectors.G02, lihuaExists],
    [vectors.G03, nothing],
    [vectors.R02, nothing],
  ];

  test.each(played.map(([vector, presumes]) => ({ id: vector.id, vector, presumes })))('$id', async (row) => {
    await row.presumes();

    await play(row.vector);
  });

  test('R03', async () => {
    await play(vectors.R03, { access_token: await expired('sandbox-contact') });
  });

  test('L02', async () => {
    await departmentExists(13); // nine rows at the start, one more by this and one by the next
    await create({ userid: 'wangfang', department: [13] });
    let cursor: unknown;
    for (let page = 1; page <= 5; page += 1)
      cursor = (await listId({ limit: 2, ...(page > 1 && { cursor }) })).next_cursor;
    const { request, response } = vectors.L02;

    await play({ id: 'L02', request: { ...request, body: { ...request.body, cursor } }, response });
  });

  test('S01: an expired token, a new one, and the create goes through', async () => {
    await play(vectors.R03, { access_token: await expired('sandbox-contact') });
    const { access_token } = await play(vectors.T01);

    const replayed = await send(await request(vectors.R03, { access_token: String(access_token) }));

    expect(vectors.S01.steps[2]).toMatchObject({
      response: { http: replayed.status, body: { errcode: replayed.body.errcode } },
    });
    expect(await memberOf('wujing')).toBeDefined();
  });

  test('S02: a token error that stays', async () => {
    await answers(vectors.R02, 2);
    await play(vectors.R02);
    const { access_token } = await play(vectors.T01);

    await play(vectors.R02, { access_token: String(access_token) });
    await expect(remove('zhoumin')).resolves.toMatchObject({ errcode: 60111 });
  });

  test('S04: a refused batch, and the same members one by one', async () => {
    await lihuaExists();
    await play(vectors.B02);
    expect(await memberOf('lihua')).toBeDefined();

    await play(vectors.D01);
    const { errcode } = await remove('ghost');

    expect(vectors.S04.steps[2]).toMatchObject({ response: { body: { errcode } } });
    expect(await memberOf('lihua')).toBeUndefined();
  });

  test('S05: busy for the first call and three retries', async () => {
    await answers(vectors.C12, vectors.S05.steps.length);

    for (const _ of vectors.S05.steps) await play(vectors.C12);
    expect((await state()).members.map(({ userid }) => userid)).not.toContain('zhoumin');
  });

  test('S06: a warning under errcode 0', async () => {
    const [step] = vectors.S06.steps;
    const body = step?.response.body;
    await fault('/cgi-bin/user/create', { body: JSON.stringify(body) });

    const answer = await send(await request(vectors.C01));

    expect(answer).toMatchObject({ status: step?.response.http, body });
  });
});

describe('tokens', () => {
  test.each([
    [40001, 'a wrong secret', { corpid: 'wwsandbox', corpsecret: 'wrong' }],
    [40013, 'an unknown corp', { corpid: 'wwelse', corpsecret: 'sandbox-contact' }],
    [41002, 'no corpid', { corpsecret: 'sandbox-contact' }],
    [41004, 'no corpsecret', { corpid: 'wwsandbox' }],
  ])('gettoken answers %i to %s', async (errcode, _, query) => {
    const answer = await send({ method: 'GET', path: '/cgi-bin/gettoken', query });

    expect(answer.body).toEqual({ errcode, errmsg: expect.any(String) });
  });

  test('asking again gives the same token with the time it has left', async () => {
    travel(0);
    const first = await gettoken('sandbox-contact');
    travel(1_000_000);

    const second = await gettoken('sandbox-contact');

    expect(first.body.expires_in).toBe(7200);
    expect(second.body).toEqual({ ...first.body, expires_in: 6200 });
  });

  test('each credential has a token of its own', async () => {
    const tokens = await Promise.all(['sandbox-contact', 'sandbox-app', 'sandbox-customer'].map(tokenOf));

    expect(new Set(tokens).size).toBe(3);
  });

  test('an expired token is answered 42001, and gettoken gives another', async () => {
    const old = await expired('sandbox-app');

    const answer = await send({ method: 'GET', path: '/cgi-bin/department/list', query: { access_token: old } });

    expect(answer.body.errcode).toBe(42001);
    expect(await tokenOf('sandbox-app')).not.toBe(old);
  });

  test('a token in the body counts as missing', async () => {
    const body = { ...newcomer, access_token: await tokenOf('sandbox-contact') };

    const answer = await send({ method: 'POST', path: '/cgi-bin/user/create', body });

    expect(answer.body.errcode).toBe(41001);
  });

  test('a refusal names itself in the headers, the hint, the IP and the help link', async () => {
    const { headers, body } = await gettoken('wrong');

    expect(body.errmsg).toMatch(
      /^invalid credential, hint: \[\d{25}\], from ip: 127\.0\.0\.1, more info at help\?e=40001$/,
    );
    expect(headers.get('Error-Code')).toBe('40001');
    expect(headers.get('Error-Msg')).toBe(body.errmsg);
  });
});

describe('who may call what', () => {
  const openToContactSync = [
    ['POST', '/cgi-bin/user/create'],
    ['POST', '/cgi-bin/user/update'],
    ['GET', '/cgi-bin/user/delete'],
    ['POST', '/cgi-bin/user/batchdelete'],
    ['POST', '/cgi-bin/user/list_id'],
  ] as const;
  const openToApps = [
    ['GET', '/cgi-bin/user/get'],
    ['GET', '/cgi-bin/user/simplelist'],
    ['GET', '/cgi-bin/user/list'],
    ['GET', '/cgi-bin/department/list'],
    ['GET', '/cgi-bin/department/get'],
  ] as const;
  const openToAll = [
    ['POST', '/cgi-bin/user/getuserid'],
    ['POST', '/cgi-bin/user/get_userid_by_email'],
    ['GET', '/cgi-bin/department/simplelist'],
  ] as const;
  const all = [...openToContactSync, ...openToApps, ...openToAll];

  const call = async (method: string, path: string, secret: Secret) =>
    (await send({ method, path, query: { access_token: await tokenOf(secret) } })).body.errcode;

  test.each(openToContactSync)('%s %s is closed to apps with 48002', async (method, path) => {
    expect(await call(method, path, 'sandbox-app')).toBe(48002);
    expect(await call(method, path, 'sandbox-customer')).toBe(48002);
    expect(await call(method, path, 'sandbox-contact')).not.toBe(48002);
  });

  test.each(openToApps)('%s %s is closed to contact sync with 48009', async (method, path) => {
    expect(await call(method, path, 'sandbox-contact')).toBe(48009);
    expect([48002, 48009]).not.toContain(await call(method, path, 'sandbox-app'));
    expect([48002, 48009]).not.toContain(await call(method, path, 'sandbox-customer'));
  });

  test.each(openToAll)('%s %s is open to every credential', async (method, path) => {
    for (const secret of ['sandbox-contact', 'sandbox-app', 'sandbox-customer'] as const) {
      expect([48002, 48009]).not.toContain(await call(method, path, secret));
    }
  });

  test.each(all)('%s %s answers 41001 without and 40014 to an unknown token', async (method, path) => {
    expect((await send({ method, path })).body.errcode).toBe(41001);
    expect((await send({ method, path, query: { access_token: 'made-up' } })).body.errcode).toBe(40014);
  });

  test.each(all)('the wrong method on %s %s is a refusal', async (method, path) => {
    const secret = openToApps.some(([, open]) => open === path) ? 'sandbox-app' : 'sandbox-contact';
    const takesUserid = ['/cgi-bin/user/get', '/cgi-bin/user/delete'].includes(path);

    expect(await call(method === 'GET' ? 'POST' : 'GET', path, secret)).toBe(takesUserid ? 40003 : 40058);
  });

  test('POST on gettoken is 40058', async () => {
    expect((await send({ method: 'POST', path: '/cgi-bin/gettoken' })).body.errcode).toBe(40058);
  });

  test('an unknown path is 404 and no JSON', async () => {
    const answer = await send({ method: 'GET', path: '/cgi-bin/user/no_such_call' });

    expect(answer).toMatchObject({ status: 404, body: {} });
    expect(answer.headers.get('content-type')).toBe('text/plain');
  });
});

const many = (length: number) => Array.from({ length }, (_, index) => index + 1);
const text = (name: string, value: unknown) => ({ attrs: [{ type: 0, name, text: { value } }] });
const web = (title: unknown, url: unknown) => ({ attrs: [{ type: 1, name: '主页', web: { title, url } }] });
const external = (attr: object) => ({ external_attr: [{ name: '名片', ...attr }] });
const miniprogram = (changes: object) =>
  external({ type: 2, miniprogram: { appid: 'wx1', title: '小程序', pagepath: '/index', ...changes } });

describe('user/create', () => {
  test.each<[errcode: number, what: string, changes: object]>([
    [41009, 'no userid', { userid: undefined }],
    [41009, 'an empty userid', { userid: '' }],
    [40003, 'a userid of 65 bytes', { userid: 'a'.repeat(65) }],
    [40003, 'a userid that starts with a dot', { userid: '.abc' }],
    [40003, 'a Chinese userid', { userid: '新人' }],
    [40003, 'a userid that is a number', { userid: 7 }],
    [60112, 'no name', { name: undefined }],
    [60112, 'an empty name', { name: '' }],
    [60112, 'a name of 65 characters', { name: '名'.repeat(65) }],
    [40058, 'an alias of 65 characters', { alias: '名'.repeat(65) }],
    [60129, 'neither mobile nor email', { mobile: undefined }],
    [60129, 'both empty', { mobile: '', email: '' }],
    [60103, 'letters in the mobile', { mobile: '1390000111x' }],
    [60103, 'a foreign mobile without its country code', { mobile: '2025550109' }],
    [60103, 'a mobile of 33 characters', { mobile: `+${'1'.repeat(32)}` }],
    [60103, 'a mobile that is a number', { mobile: 13900001111 }],
    [60105, 'an email without a domain', { email: 'newcomer@' }],
    [60105, 'an email of 65 bytes', { email: `${'a'.repeat(58)}@b.test` }],
    [60105, 'an email of 5 bytes', { email: 'a@b.c' }],
    [60143, 'a malformed biz_mail', { biz_mail: 'newcomer' }],
    [60143, 'a biz_mail of 65 bytes', { biz_mail: `${'a'.repeat(58)}@b.test` }],
    [60102, 'a userid taken, in another case', { userid: 'ZhangSan' }],
    [60104, 'a mobile taken', { mobile: '10000000002' }],
    [60104, 'a mobile taken, with +86', { mobile: '+86 10000000002' }],
    [60106, 'an email taken', { email: 'zhangsan@wwsandbox.example' }],
    [60145, 'a biz_mail taken', { biz_mail: 'zhangsan@corp.wwsandbox.example' }],
    [41019, 'a department id that is a string', { department: ['2'] }],
    [41019, 'a single department id', { department: 2 }],
    [60110, '101 departments', { department: many(101) }],
    [40066, 'a department named twice', { department: [2, 2] }],
    [60132, 'an order longer than department', { department: [2], order: [1, 2] }],
    [60132, 'is_leader_in_dept shorter than department', { department: [2, 3], is_leader_in_dept: [1] }],
    [40058, 'a negative order', { department: [2], order: [-1] }],
    [40058, 'an order of 2^32', { department: [2], order: [2 ** 32] }],
    [40058, 'is_leader_in_dept as a boolean', { department: [2], is_leader_in_dept: [true] }],
    [40058, 'a main_department outside department', { department: [2], main_department: 3 }],
    [40058, 'main_department as a boolean', { department: [2], main_department: true }],
    [60257, 'two direct leaders', { direct_leader: ['zhangsan', 'lisi'] }],
    [40058, 'a direct leader who is not there', { direct_leader: ['ghost'] }],
    [301012, 'a position of 129 characters', { position: '职'.repeat(129) }],
    [301013, 'letters in the telephone', { telephone: 'ext 5' }],
    [301013, 'a telephone of 33 characters', { telephone: '1'.repeat(33) }],
    [40058, 'a gender that is a number', { gender: 1 }],
    [40058, 'gender "0"', { gender: '0' }],
    [40058, 'an address of 129 characters', { address: '址'.repeat(129) }],
    [40058, 'enable as a boolean', { enable: true }],
    [301015, 'an avatar that was never uploaded', { avatar_mediaid: 'media-1' }],
    [40058, 'a known text attribute of 65 characters', { extattr: text('工号', '1'.repeat(65)) }],
    [40058, 'a known attribute of another type', { extattr: text('主页', 'x') }],
    [40058, 'a web attribute with a title alone', { extattr: web('主页', '') }],
    [40058, 'a web attribute with a title of 13 characters', { extattr: web('主'.repeat(13), 'https://a.example') }],
    [40058, 'a web attribute without http', { extattr: web('主页', 'a.example') }],
    [40058, 'an external position of 13 characters', { external_position: '职'.repeat(13) }],
    [41036, 'a short name that is not verified', { external_profile: { external_corp_name: '别家' } }],
    [90100, 'an external attribute of type 3', { external_profile: external({ type: 3 }) }],
    [
      90101,
      'an external text of 33 characters',
      { external_profile: external({ type: 0, text: { value: '字'.repeat(33) } }) },
    ],
    [
      90102,
      'an external title of 13 characters',
      { external_profile: external({ type: 1, web: { title: '字'.repeat(13), url: 'http://a.example' } }) },
    ],
    [
      90103,
      'an external url without http',
      { external_profile: external({ type: 1, web: { title: '主页', url: 'a' } }) },
    ],
    [90104, 'a miniprogram title of 13 characters', { external_profile: miniprogram({ title: '字'.repeat(13) }) }],
    [90105, 'a miniprogram without pagepath', { external_profile: miniprogram({ pagepath: undefined }) }],
    [90106, 'a miniprogram without appid', { external_profile: miniprogram({ appid: undefined }) }],
    [90106, 'an external attribute without content', { external_profile: external({ type: 0 }) }],
    [90106, 'an unknown key in external_profile', { external_profile: { nickname: '新' } }],
    [40058, 'to_invite as a number', { to_invite: 1 }],
    [40058, 'a field that update alone has', { biz_mail_alias: { item: [] } }],
    [40058, 'an unknown field', { isleader: 1 }],
    [40058, 'a top-level nickname', { nickname: '新' }],
    [40058, 'null', { position: null, alias: null }],
    [40033, 'a lone surrogate', { name: '\ud800' }],
  ])('answers %i to %s and creates nobody', async (errcode, _, changes) => {
    const before = await state();

    expect((await create(changes)).errcode).toBe(errcode);
    expect(await state()).toEqual(before);
  });

  test.each<[what: string, changes: object]>([
    ['a userid of 64 bytes with every sign', { userid: `0_-@.${'a'.repeat(59)}` }],
    ['a name of 64 rare characters', { name: '𠮷'.repeat(64) }],
    ['an email in place of a mobile', { mobile: undefined, email: 'a@b.cn' }],
    ['a mobile with +86 and a space', { mobile: '+86 13900001111' }],
    ['a foreign mobile', { mobile: '+1-202-555-0110' }],
    ['an email of 64 bytes', { email: `${'a'.repeat(57)}@b.test` }],
    ['100 departments', { department: many(100) }],
    ['an order of 2^32-1', { department: [2], order: [2 ** 32 - 1] }],
    ['an empty position', { position: '' }],
    ['a telephone with every sign', { telephone: '+86-755-1,2' }],
    ['an unknown attribute, whatever it holds', { extattr: text('血型', 7) }],
    ['a cleared web attribute', { extattr: web('', '') }],
    ['an external profile', { external_profile: { ...miniprogram({}), external_corp_name: '沙盒科技' } }],
    [
      'an external text of 32 characters',
      { external_profile: external({ type: 0, text: { value: '字'.repeat(32) } }) },
    ],
  ])('accepts %s', async (_, changes) => {
    expect(await create(changes)).toMatchObject({ errcode: 0, errmsg: 'created' });
  });

  test('text that is not JSON is 40058 with the warning', async () => {
    const answer = await post('/cgi-bin/user/create', '{"userid":');

    expect(answer).toMatchObject({ errcode: 40058, errmsg: expect.stringContaining('Warning: wrong json format.') });
  });

  test.each([[undefined], [0], [[]], [[0]]])('department %j is 其他（待设置部门）', async (department) => {
    const answer = await create({ department });

    const node = (await state()).departments.find(({ name }) => name === '其他（待设置部门）');
    expect(answer).not.toHaveProperty('created_department_list');
    expect(await memberOf('newcomer')).toMatchObject({ department: [node?.id], main_department: node?.id });
  });

  test('an unknown department is made under 其他（待设置部门）', async () => {
    await create({ department: [2, 987] });

    const { departments } = await state();
    const node = departments.find(({ name }) => name === '其他（待设置部门）');
    expect(departments.find(({ id }) => id === 987)).toMatchObject({ name: '987', parentid: node?.id });
  });

  test('a member is stored as sent, not activated and enabled', async () => {
    const { to_invite: _, ...uninvited } = newcomer;
    await post('/cgi-bin/user/create', {
      ...uninvited,
      department: [3, 2],
      is_leader_in_dept: [0, 1],
      extattr: { attrs: [...text('工号', 'A-7').attrs, ...text('血型', 'O').attrs] },
    });

    expect(await memberOf('newcomer')).toMatchObject({
      ...uninvited,
      department: [3, 2],
      order: [0, 0],
      is_leader_in_dept: [0, 1],
      main_department: 3,
      extattr: text('工号', 'A-7'),
      status: 4,
      enable: 1,
      to_invite: true,
      creator: false,
    });
  });

  test('a department holds 30,000 nodes, and one who leaves makes room for one', async () => {
    await reset(89_994); // departments 3, 4 and 5 by turns, two of the start state in each
    expect((await create({ department: [3] })).errcode).toBe(81001);

    await remove('wangwu');

    expect((await create({ department: [3] })).errcode).toBe(0);
    expect((await update('lisi', { department: [2, 3] })).errcode).toBe(81001);
  });
});

describe('user/update', () => {
  test.each<[errcode: number, what: string, userid: string, changes: object]>([
    [41009, 'no userid', '', { name: '名' }],
    [40003, 'a malformed userid', 'a b', {}],
    [60111, 'an absent userid', 'ghost', { name: '名' }],
    [60112, 'an empty name', 'lisi', { name: '' }],
    [60104, 'a mobile taken', 'wujiu', { mobile: '+8610000000002' }],
    [60106, 'an email taken', 'lisi', { email: 'zhangsan@wwsandbox.example' }],
    [60145, 'a biz_mail taken', 'lisi', { biz_mail: 'zhangsan@corp.wwsandbox.example' }],
    [60143, 'a biz_mail of 64 bytes', 'lisi', { biz_mail: `${'a'.repeat(57)}@b.test` }],
    [60129, 'clearing mobile and email', 'wujiu', { mobile: '', email: '' }],
    [60123, 'an unknown department', 'lisi', { department: [987] }],
    [41019, 'department 0', 'lisi', { department: 0 }],
    [40066, 'no department', 'lisi', { department: [] }],
    [60132, 'is_leader_in_dept against the stored departments', 'lisi', { is_leader_in_dept: [1] }],
    [40058, 'a main_department outside the stored ones', 'lisi', { main_department: 3 }],
    [60269, 'a malformed alias', 'lisi', { biz_mail_alias: { item: ['x'] } }],
    [60270, 'an alias taken', 'lisi', { biz_mail_alias: { item: ['zhangsan@corp.wwsandbox.example'] } }],
    [60273, 'six aliases', 'lisi', { biz_mail_alias: { item: many(6).map((n) => `a${n}@corp.test`) } }],
    [301036, 'a new userid', 'lisi', { new_userid: 'lisi2' }],
    [40058, 'to_invite', 'lisi', { to_invite: false }],
    [40058, 'an unknown field', 'lisi', { status: 2 }],
  ])('answers %i to %s and changes nothing', async (errcode, _, userid, changes) => {
    const before = await state();

    expect((await update(userid, changes)).errcode).toBe(errcode);
    expect(await state()).toEqual(before);
  });

  test('what is absent stays', async () => {
    const before = await memberOf('lisi');

    expect(await update('LiSi', { position: '架构师' })).toMatchObject({ errcode: 0, errmsg: 'updated' });
    expect(await memberOf('lisi')).toEqual({ ...before, position: '架构师' });
  });

  test('the mobile of an activated member is silently kept', async () => {
    expect((await update('lisi', { mobile: '13900002222' })).errcode).toBe(0);
    expect(await memberOf('lisi')).toMatchObject({ mobile: '10000000003' });
  });

  test('a member who has not activated gets a new mobile, and the old one is free', async () => {
    await update('wujiu', { mobile: '13900002222' });

    expect(await memberOf('wujiu')).toMatchObject({ mobile: '13900002222' });
    expect((await create({ mobile: '+12025550109' })).errcode).toBe(0);
  });

  test.each([
    ['lisi', 1],
    ['wujiu', 4],
  ])('%s is disabled and gets status %i back', async (userid, status) => {
    await update(userid, { enable: 0 });
    expect(await memberOf(userid)).toMatchObject({ status: 2, enable: 0 });

    await update(userid, { enable: 1 });
    expect(await memberOf(userid)).toMatchObject({ status, enable: 1 });
  });

  test('order counts only together with department', async () => {
    await update('lisi', { order: [7, 8] });
    expect(await memberOf('lisi')).toMatchObject({ order: [0, 0] });

    await update('lisi', { department: [5, 2], order: [7, 8] });
    expect(await memberOf('lisi')).toMatchObject({ department: [5, 2], order: [7, 8] });
  });

  test('a move keeps what the member is in the departments that stay', async () => {
    await update('zhangsan', { department: [3, 2] });
    expect(await memberOf('zhangsan')).toMatchObject({ is_leader_in_dept: [0, 1], main_department: 2 });

    await update('zhangsan', { department: [3] });
    expect(await memberOf('zhangsan')).toMatchObject({ is_leader_in_dept: [0], main_department: 3 });
  });

  test('an attribute is replaced by name, and cleared by empty values', async () => {
    await update('lisi', { extattr: { attrs: [...text('工号', '1').attrs, ...web('页', 'https://a.example').attrs] } });
    await update('lisi', { extattr: web('', '') });

    expect(await memberOf('lisi')).toMatchObject({ extattr: text('工号', '1') });
  });

  test('a generated biz_mail changes once', async () => {
    expect((await update('lisi', { biz_mail: 'li.si@corp.test' })).errcode).toBe(0);
    expect((await update('lisi', { biz_mail: 'li.si@corp.test' })).errcode).toBe(0);
    expect((await update('lisi', { biz_mail: 'si.li@corp.test' })).errcode).toBe(60144);
  });

  test('a given biz_mail never changes, and the rest of the update is written all the same', async () => {
    await create({ biz_mail: 'new@corp.test' });

    expect((await update('newcomer', { name: '改名', biz_mail: 'newer@corp.test' })).errcode).toBe(60144);
    expect(await memberOf('newcomer')).toMatchObject({ name: '改名', biz_mail: 'new@corp.test' });
  });

  test.each([[{}], [[]]])('aliases are replaced whole, and cleared by %j', async (cleared) => {
    await update('lisi', { biz_mail_alias: { item: ['a1@corp.test', 'a2@corp.test'] } });
    await update('lisi', { biz_mail_alias: { item: ['a3@corp.test'] } });
    expect(await memberOf('lisi')).toMatchObject({ biz_mail_alias: ['a3@corp.test'] });

    await update('lisi', { biz_mail_alias: cleared });
    expect(await memberOf('lisi')).toMatchObject({ biz_mail_alias: [] });
  });
});

describe('removing', () => {
  test('a removed member appears only under history, and userid, mobile and email are free', async () => {
    expect(await remove('LiSi')).toMatchObject({ errcode: 0, errmsg: 'deleted' });

    const { members, history } = await state();
    expect(members.map(({ userid }) => userid)).not.toContain('lisi');
    expect(history).toEqual([expect.objectContaining({ userid: 'lisi', removedAt: expect.any(String) })]);
    const again = await create({ userid: 'lisi', mobile: '10000000003', email: 'lisi@wwsandbox.example' });
    expect(again.errcode).toBe(0);
  });

  test('a member may change after the leader has left', async () => {
    await remove('zhangsan');

    expect((await update('lisi', { position: '架构师' })).errcode).toBe(0);
  });

  test.each([
    [60111, 'an absent member', { userid: 'ghost' }],
    [40003, 'a malformed userid', { userid: 'a b' }],
    [41009, 'an empty userid', { userid: '' }],
    [41009, 'no userid', {}],
    [301005, 'the creator', { userid: 'founder' }],
  ])('delete answers %i to %s and removes nobody', async (errcode, _, query: Record<string, string>) => {
    const before = await state();

    expect((await get('/cgi-bin/user/delete', query, 'sandbox-contact')).errcode).toBe(errcode);
    expect(await state()).toEqual(before);
  });

  test.each<[errcode: number, what: string, body: object]>([
    [40031, 'one unknown id among known ones', { useridlist: ['lisi', 'ghost'] }],
    [40031, 'an id that is a number', { useridlist: [7] }],
    [40031, 'no list', {}],
    [40032, 'an empty list', { useridlist: [] }],
    [40032, '201 ids', { useridlist: many(201).map((n) => `member-${n}`) }],
    [301005, 'the creator among others', { useridlist: ['lisi', 'founder'] }],
    [40058, 'an unknown field', { useridlist: ['lisi'], force: true }],
  ])('batchdelete answers %i to %s and removes nobody', async (errcode, _, body) => {
    const before = await state();

    expect((await post('/cgi-bin/user/batchdelete', body)).errcode).toBe(errcode);
    expect(await state()).toEqual(before);
  });

  test('batchdelete removes up to 200 members', async () => {
    await reset(200);
    const useridlist = many(200).map((n) => `member-${String(n).padStart(5, '0')}`);

    expect(await post('/cgi-bin/user/batchdelete', { useridlist })).toMatchObject({ errcode: 0, errmsg: 'deleted' });
    expect((await state()).history).toHaveLength(200);
  });

  test('who is managed in the console only is deleted neither alone nor in a batch', async () => {
    await reset(0, { unmanaged: ['lisi'] });

    expect((await remove('lisi')).errcode).toBe(60275);
    expect((await post('/cgi-bin/user/batchdelete', { useridlist: ['wangwu', 'lisi'] })).errcode).toBe(60275);

    expect((await state()).history).toEqual([]);
  });

  test('a refused batchdelete deletes a part when it is told to', async () => {
    await reset(0, { partialBatches: true });

    expect((await post('/cgi-bin/user/batchdelete', { useridlist: ['LiSi', 'ghost', 'wangwu'] })).errcode).toBe(40031);

    expect((await state()).history.map(({ userid }) => userid)).toEqual(['lisi']);
  });

  test('ten thousand members are made, listed and deleted, and it does not take long', async () => {
    await reset(10_000);
    const userids = many(10_000).map((n) => `member-${String(n).padStart(5, '0')}`);

    for (let start = 0; start < userids.length; start += 200) {
      const useridlist = userids.slice(start, start + 200);
      expect((await post('/cgi-bin/user/batchdelete', { useridlist })).errcode).toBe(0);
      expect((await listId({ limit: 10_000 })).errcode).toBe(0);
    }

    expect((await state()).history).toHaveLength(10_000);
  });
});

describe('reading', () => {
  test('user/get ignores case and withholds what new apps do not receive', async () => {
    expect(await get('/cgi-bin/user/get', { userid: 'LISI' })).toEqual({
      errcode: 0,
      errmsg: 'ok',
      userid: 'lisi',
      name: '李四',
      alias: '',
      department: [2, 5],
      main_department: 2,
      order: [0, 0],
      is_leader_in_dept: [0, 0],
      direct_leader: ['zhangsan'],
      position: '',
      telephone: '',
      status: 1,
      extattr: { attrs: [] },
      external_position: '',
      external_profile: {},
    });
  });

  test('user/list gives the details and user/simplelist the names of the direct members', async () => {
    const { userlist } = await get('/cgi-bin/user/list', { department_id: '2' });

    expect(userlist).toEqual([
      expect.objectContaining({ userid: 'zhangsan', status: 1 }),
      expect.objectContaining({ userid: 'lisi', status: 1 }),
    ]);
    expect(await get('/cgi-bin/user/simplelist', { department_id: '2' })).toMatchObject({
      userlist: [
        { userid: 'zhangsan', name: '张三', department: [2] },
        { userid: 'lisi', name: '李四', department: [2, 5] },
      ],
    });
  });

  test('departments are listed with all below them', async () => {
    const ids = async (query: Record<string, string>) => {
      const { department_id } = await get('/cgi-bin/department/simplelist', query);
      return department_id;
    };

    expect(await ids({ id: '2' })).toEqual([
      { id: 2, parentid: 1, order: 2 },
      { id: 5, parentid: 2, order: 5 },
    ]);
    expect(await ids({})).toHaveLength(6);
  });

  test('department/list and department/get name the leaders', async () => {
    const engineering = {
      id: 2,
      name: '研发部',
      name_en: 'Engineering',
      department_leader: ['zhangsan'],
      parentid: 1,
      order: 2,
    };

    const { department } = await get('/cgi-bin/department/list', { id: '2' });

    expect(department).toEqual([engineering, expect.objectContaining({ id: 5, department_leader: [] })]);
    expect(await get('/cgi-bin/department/get', { id: '2' })).toMatchObject({ department: engineering });
  });

  test.each<[errcode: number, what: string, path: string, query: Record<string, string>]>([
    [40003, 'no userid', 'user/get', {}],
    [40003, 'a malformed userid', 'user/get', { userid: '-a' }],
    [60111, 'an absent userid', 'user/get', { userid: 'ghost' }],
    [40058, 'no department_id', 'user/list', {}],
    [40058, 'a department_id that is no number', 'user/simplelist', { department_id: 'two' }],
    [60003, 'an unknown department_id', 'user/simplelist', { department_id: '987' }],
    [40058, 'no id', 'department/get', {}],
    [60003, 'an unknown id', 'department/get', { id: '987' }],
    [60003, 'an unknown id', 'department/list', { id: '987' }],
    [60003, 'an unknown id', 'department/simplelist', { id: '987' }],
  ])('%i for %s in %s', async (errcode, _, path, query) => {
    expect((await get(`/cgi-bin/${path}`, query)).errcode).toBe(errcode);
  });

  test.each<[what: string, path: string, body: object]>([
    ['mobile', 'getuserid', { mobile: '10000000003' }],
    ['mobile with +86', 'getuserid', { mobile: '+86-10000000003' }],
    ['personal email', 'get_userid_by_email', { email: 'lisi@wwsandbox.example', email_type: 2 }],
    ['corporate mail', 'get_userid_by_email', { email: 'lisi@corp.wwsandbox.example', email_type: 1 }],
    ['corporate mail by default', 'get_userid_by_email', { email: 'lisi@corp.wwsandbox.example' }],
  ])('a member is found by %s', async (_, path, body) => {
    expect(await post(`/cgi-bin/user/${path}`, body)).toEqual({ errcode: 0, errmsg: 'ok', userid: 'lisi' });
  });

  test.each<[errcode: number, what: string, path: string, body: object]>([
    [46004, 'an unknown mobile', 'getuserid', { mobile: '13900009999' }],
    [60103, 'no mobile', 'getuserid', {}],
    [60103, 'a mobile of 4 bytes', 'getuserid', { mobile: '1234' }],
    [60103, 'a mobile of 33 bytes', 'getuserid', { mobile: '1'.repeat(33) }],
    [40058, 'an unknown field', 'getuserid', { mobile: '10000000003', email: 'a@b.test' }],
    [46004, 'a personal email taken for a corporate one', 'get_userid_by_email', { email: 'lisi@wwsandbox.example' }],
    [60105, 'no email', 'get_userid_by_email', {}],
    [40058, 'email_type 3', 'get_userid_by_email', { email: 'lisi@wwsandbox.example', email_type: 3 }],
  ])('a look-up answers %i to %s', async (errcode, _, path, body) => {
    expect((await post(`/cgi-bin/user/${path}`, body)).errcode).toBe(errcode);
  });
});

describe('user/list_id', () => {
  test('gives one row for each department of a member', async () => {
    const { dept_user, next_cursor } = await listId({});

    expect(dept_user).toHaveLength(9);
    expect(dept_user).toEqual(
      expect.arrayContaining([
        { userid: 'lisi', department: 2 },
        { userid: 'lisi', department: 5 },
      ]),
    );
    expect(next_cursor).toBeUndefined();
  });

  test('pages cover every row once and the last omits next_cursor', async () => {
    const rows: unknown[] = [];
    let answer = await listId({ limit: 4 });
    rows.push(answer.dept_user);
    while (answer.next_cursor) {
      answer = await listId({ limit: 4, cursor: answer.next_cursor });
      rows.push(answer.dept_user);
    }

    expect(rows.map((page) => (Array.isArray(page) ? page.length : 0))).toEqual([4, 4, 1]);
    expect(rows.flat()).toEqual((await listId({})).dept_user);
    expect(answer).not.toHaveProperty('next_cursor');
  });

  test.each<[errcode: number, what: string, body: object]>([
    [50100, 'a cursor it never gave', { cursor: 'made-up' }],
    [50100, 'a cursor that is a number', { cursor: 2 }],
    [40058, 'limit 0', { limit: 0 }],
    [40058, 'limit 10,001', { limit: 10_001 }],
    [40058, 'a limit that is a string', { limit: '2' }],
    [40058, 'an unknown field', { page: 1 }],
  ])('answers %i to %s', async (errcode, _, body) => {
    expect((await listId(body)).errcode).toBe(errcode);
  });
});

describe('limits', () => {
  const lists = '/cgi-bin/department/simplelist';

  test('10,000 calls of one API in a minute, then that API is blocked for a minute from the breach', async () => {
    travel(0);
    const query = { access_token: await tokenOf('sandbox-app') };
    callOften(9_999, lists, query);
    travel(30_000);

    expect((await send({ method: 'GET', path: lists, query })).body.errcode).toBe(0);
    expect((await send({ method: 'GET', path: lists, query })).body.errcode).toBe(45009);
    expect((await send({ method: 'GET', path: '/cgi-bin/department/list', query })).body.errcode).toBe(0);
    travel(59_999);
    expect((await send({ method: 'GET', path: lists, query })).body.errcode).toBe(45009);
    travel(1);
    expect((await send({ method: 'GET', path: lists, query })).body.errcode).toBe(0);
  });

  test('20,000 calls from one IP in a minute, whoever calls', async () => {
    travel(0);
    const query = { access_token: 'made-up' };
    callOften(20_000, lists, query);

    expect((await send({ method: 'GET', path: lists, query })).body.errcode).toBe(45009);
    travel(60_000);
    expect((await send({ method: 'GET', path: lists, query })).body.errcode).toBe(40014);
  });

  test('ten wrong secrets within an hour ban the IP from gettoken for an hour', async () => {
    travel(0);
    const token = await tokenOf('sandbox-contact');
    for (let i = 0; i < 10; i += 1) expect((await gettoken('wrong')).body.errcode).toBe(40001);

    expect((await gettoken('sandbox-contact')).body.errcode).toBe(45009);
    const working = await send({ method: 'GET', path: lists, query: { access_token: token } });
    expect(working.body.errcode).toBe(0);
    travel(hour - 1);
    expect((await gettoken('sandbox-contact')).body.errcode).toBe(45009);
    travel(1);
    expect((await gettoken('sandbox-contact')).body.errcode).toBe(0);
  });
});

describe('control', () => {
  test('the start state has a creator, a member not activated, leaders and 其他（待设置部门）', async () => {
    const { members, departments, history } = await state();

    expect(members.map(({ userid }) => userid)).toEqual(
      expect.arrayContaining(['founder', 'zhangsan', 'lisi', 'wangwu']),
    );
    expect(members.length).toBeGreaterThanOrEqual(8);
    expect(members.filter(({ creator }) => creator).map(({ userid }) => userid)).toEqual(['founder']);
    expect(members.filter(({ status }) => status === 4)).toHaveLength(1);
    expect(departments.map(({ id }) => id)).toEqual(expect.arrayContaining([1, 2, 3]));
    expect(departments.map(({ name }) => name)).toContain('其他（待设置部门）');
    expect(history).toEqual([]);
  });

  test('requests holds every call in order, without those to the control endpoints', async () => {
    await create();

    expect(await control('requests')).toEqual([
      expect.objectContaining({ method: 'GET', path: '/cgi-bin/gettoken' }),
      expect.objectContaining({ method: 'POST', path: '/cgi-bin/user/create', body: newcomer, at: expect.any(String) }),
    ]);
  });

  test('reset restores the members, adds generated ones, clears the ban and cursors and keeps tokens', async () => {
    const token = await tokenOf('sandbox-contact');
    const start = await state();
    const { next_cursor } = await listId({ limit: 1 });
    await create();
    await remove('lisi');
    for (let i = 0; i < 10; i += 1) await gettoken('wrong');

    await reset(3);

    const { members, history } = await state();
    expect(members.slice(0, start.members.length)).toEqual(start.members);
    expect(members.slice(start.members.length)).toEqual(
      ['member-00001', 'member-00002', 'member-00003'].map((userid) => expect.objectContaining({ userid, status: 1 })),
    );
    expect(new Set(members.map(({ mobile }) => mobile)).size).toBe(members.length);
    expect(history).toEqual([]);
    expect(await tokenOf('sandbox-contact')).toBe(token);
    expect((await listId({ cursor: next_cursor })).errcode).toBe(50100);
  });

  test('a generated member can be looked up, updated and deleted', async () => {
    await reset(1);
    const mobile = (await memberOf('member-00001'))?.mobile;

    expect(await post('/cgi-bin/user/getuserid', { mobile })).toMatchObject({ userid: 'member-00001' });
    expect((await update('member-00001', { enable: 0 })).errcode).toBe(0);
    expect((await remove('member-00001')).errcode).toBe(0);
  });

  test('errcode 0 is a lie that changes nothing', async () => {
    await fault('/cgi-bin/user/create', { errcode: 0 });

    expect(await create()).toEqual({ errcode: 0, errmsg: 'created' });
    expect(await memberOf('newcomer')).toBeUndefined();
  });

  test.each<[path: string, method: string, body: object]>([
    ['gettoken', 'GET', { errmsg: 'ok', access_token: expect.any(String), expires_in: 7200 }],
    ['user/update', 'POST', { errmsg: 'updated' }],
    ['user/delete', 'GET', { errmsg: 'deleted' }],
    ['user/batchdelete', 'POST', { errmsg: 'deleted' }],
    ['user/get', 'GET', { errmsg: 'ok', userid: 'ghost', status: 4, department: [1] }],
    ['user/simplelist', 'GET', { errmsg: 'ok', userlist: [] }],
    ['user/list', 'GET', { errmsg: 'ok', userlist: [] }],
    ['user/list_id', 'POST', { errmsg: 'ok', dept_user: [] }],
    ['user/getuserid', 'POST', { errmsg: 'ok', userid: 'nobody' }],
    ['user/get_userid_by_email', 'POST', { errmsg: 'ok', userid: 'nobody' }],
    ['department/simplelist', 'GET', { errmsg: 'ok', department_id: [] }],
    ['department/list', 'GET', { errmsg: 'ok', department: [] }],
    ['department/get', 'GET', { errmsg: 'ok', department: { id: 7 } }],
  ])('the lie of %s looks like its success', async (path, method, body) => {
    await fault(`/cgi-bin/${path}`, { errcode: 0 }, { method });

    const answer = await send({ method, path: `/cgi-bin/${path}`, query: { userid: 'ghost', id: '7' } });

    expect(answer.body).toMatchObject({ errcode: 0, ...body });
  });

  test('a fault with an errcode the simulator never gives is said in the same envelope', async () => {
    await fault('/cgi-bin/user/create', { errcode: 60011 });

    expect(await create()).toMatchObject({ errcode: 60011, errmsg: expect.stringContaining('help?e=60011') });
    expect(await memberOf('newcomer')).toBeUndefined();
  });

  test.each([
    ['before', undefined],
    ['after', expect.objectContaining({ userid: 'newcomer' })],
  ])('a connection dropped %s the change', async (drop, member) => {
    await fault('/cgi-bin/user/create', { drop });

    await expect(create()).rejects.toThrow('fetch failed');
    expect(await memberOf('newcomer')).toEqual(member);
    expect((await create()).errcode).toBe(member ? 60102 : 0);
  });
});
