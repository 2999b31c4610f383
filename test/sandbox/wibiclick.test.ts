import { readFileSync } from 'node:fs';
import { type RunningServer, startSimulator } from '../../sandbox/simulator.ts';
import { createWibiclickSimulator } from '../../sandbox/wibiclick.ts';

interface Call {
  method: string;
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: unknown;
}

interface Answer {
  status: number;
  contentType: string;
  headers?: Record<string, string>;
  body: unknown;
}

interface Vector {
  id: string;
  inputs?: { operation: string; userId?: unknown; websiteId?: unknown }[];
  exchanges: { request: Call; response: Answer }[];
}

interface State {
  users: { id: string; websites: number }[];
  websites: { id: string }[];
  links: { userId: string; websiteId: string }[];
  history: { userId: string; websiteId: string }[];
}

const key = { authorization: 'Bearer sandbox-wibi' };
const json = { 'content-type': 'application/json' };

let simulator: RunningServer;

beforeEach(async () => {
  simulator = await startSimulator(createWibiclickSimulator(), 0);
});

afterEach(() => simulator.close());

async function send({ method, path, query, headers, body }: Call): Promise<Answer> {
  const url = new URL(path, simulator.url);
  url.search = new URLSearchParams(query).toString();
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && json), ...key, ...headers },
    ...(sent !== undefined && { body: sent }),
  });
  const contentType = response.headers.get('content-type') ?? '';
  const text = await response.text();
  return { status: response.status, contentType, body: contentType === json['content-type'] ? JSON.parse(text) : text };
}

const get = (path: string, query: Record<string, string> = {}) => send({ method: 'GET', path, query });
const post = (path: string, body: unknown) => send({ method: 'POST', path, body });
const connect = (userId: unknown, websiteId: unknown) => post('/connect-user-to-website', { userId, websiteId });
const disconnect = (userId: unknown, websiteId: unknown) =>
  post('/disconnect-user-from-website', { userId, websiteId });
const websitesFor = (id: string, page = {}) => get('/get-websites-for-user', { id, ...page });
const state = async () => (await get('/_sandbox/state')).body as State;
const reset = (members?: number) => post('/_sandbox/reset', { members });
const fault = (path: string, then: object, times = 1) =>
  post('/_sandbox/faults', [{ method: path.startsWith('/get') ? 'GET' : 'POST', path, times, then }]);

const linksOf = async (user: string) =>
  (await state()).links.filter(({ userId }) => userId === user).map(({ websiteId }) => websiteId);

/** Gives the user exactly these websites, with the calls a client would make. Ids of an even number are JSON numbers. */
async function giveLinks(userId: string, wanted: string[]): Promise<void> {
  const typed = (id: string) => (Number(id) % 2 === 0 ? Number(id) : id);
  const current = await linksOf(userId);
  for (const id of current) if (!wanted.includes(id)) await disconnect(userId, typed(id));
  for (const id of wanted) if (!current.includes(id)) await connect(userId, typed(id));
}

describe('conformance vectors', () => {
  const file = new URL('../vectors/wibiclick.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];
  const vector = (id: string) => vectors.find((entry) => entry.id === id);

  /** A vector's part in the sandbox's ids. Names and message texts are the provider's own business, ids are not. */
  function translate<T>(part: T, ids: Record<string, string | number>): T {
    const wording = ['label', 'url', 'name', 'message', 'error'];
    return JSON.parse(JSON.stringify(part), (name, value) => {
      if (wording.includes(name)) return expect.any(String);
      return ids[String(value)] ?? value;
    });
  }

  const wordless = (body: unknown) => (typeof body === 'string' ? expect.any(String) : body);

  const disconnectPath = '/disconnect-user-from-website';

  // `links` is what the translated user starts with; `before` prepares one exchange, by its index.
  const cases: {
    id: string;
    ids?: Record<string, string | number>;
    links?: [userId: string, websiteIds: string[]];
    headers?: Record<string, string>;
    before?: Record<number, () => Promise<unknown>>;
  }[] = [
    { id: 'WC-01', ids: { 'u-4410': '101', 'w-alder': '201', 'w-birch': '203' }, links: ['101', ['201', '203']] },
    { id: 'WC-02', ids: { 73: 101, 12: 202 }, links: ['101', ['202']] },
    { id: 'WC-03', ids: { 'u-5120': '102', 'w-dogwood': '203' }, links: ['102', ['203']] },
    {
      id: 'WC-04', // another caller takes the link away between the read and the POST
      ids: { 'u-6001': '101', 'w-elm': '201' },
      links: ['101', ['201']],
      before: { 1: () => disconnect('101', '201') },
    },
    { id: 'WC-05' },
    {
      id: 'WC-06',
      ids: { 'u-4410': '101', 'w-ghost': '201' },
      links: ['101', ['201']],
      before: { 1: () => fault(disconnectPath, { errcode: 'Website not found' }) },
    },
    { id: 'WC-07', ids: { 'u-4410': '101' }, headers: { authorization: 'Bearer test-key-not-real' } },
    {
      id: 'WC-08',
      ids: { 'u-4410': '101', 'w-alder': '201' },
      links: ['101', ['201']],
      before: { 1: () => fault(disconnectPath, { status: 404 }) },
    },
    {
      id: 'WC-09',
      ids: { 'u-7007': '103', 'w-fir': '203' },
      links: ['103', ['203']],
      before: { 1: () => fault(disconnectPath, { errcode: 0 }, 2) },
    },
    {
      id: 'WC-11',
      ids: { 'u-8123': '101', 'w-fir': '201', 'w-gum': 202, 'w-hazel': '203' },
      links: ['101', ['201', '202', '203']],
    },
    { id: 'WC-12', ids: { 'u-9200': '105', 'w-iris': '201' }, links: ['105', []] },
    {
      id: 'WC-13',
      ids: { 'u-4410': '101' },
      before: { 0: () => fault('/get-websites-for-user', { body: '{"data":[]}' }) },
    },
    {
      id: 'WC-14',
      ids: { 'u-3003': '101', 'w-juniper': '201', 'w-kapok': '203' },
      links: ['101', ['201', '203']],
      before: { 1: () => fault(disconnectPath, { status: 429, body: '{"message":"slow down"}' }) },
    },
  ];

  test.each(cases)('$id is answered as the page says', async ({ id, ids = {}, links, headers = {}, before = {} }) => {
    if (links) await giveLinks(...links);

    const { exchanges = [] } = vector(id) ?? {};
    expect(exchanges).not.toHaveLength(0);
    for (const [index, { request, response }] of translate(exchanges, ids).entries()) {
      await before[index]?.();
      const answer = await send({ ...request, headers });
      const { headers: _faultsHaveNone, ...shown } = response;
      expect(answer).toMatchObject({ ...shown, body: wordless(response.body) });
    }
  });

  test('every vector of the page but reassigning, which has no published call, is played', () => {
    expect(vectors.map(({ id }) => id).filter((id) => id !== 'WC-10')).toEqual(cases.map(({ id }) => id));
  });

  test('WC-10: none of its bodies is accepted', async () => {
    const { inputs = [] } = vector('WC-10') ?? {};
    const before = await state();

    expect(inputs).toHaveLength(5);
    for (const { operation: _, ...body } of translate(inputs, { 'u-4410': '101', 'w-alder': '201', 12: 202 })) {
      expect([400, 404]).toContain((await post(disconnectPath, body)).status);
    }
    expect(await state()).toEqual(before);
  });
});

describe('refusals', () => {
  const text = (status: number, body: string) => ({ status, contentType: 'text/plain', body });
  const say = (status: number, message: string) => ({ status, contentType: 'application/json', body: { message } });
  const invalid = (field: string) => say(400, `${field} is missing or invalid`);
  const unauthorized = text(401, 'Unauthorized');
  const noUser = say(404, 'User not found');
  const noWebsite = say(404, 'Website not found');
  const noObject = say(400, 'Body must be an object');

  const list = (query = {}) => ({ method: 'GET', path: '/get-websites-for-user', query });
  const all = (query = {}) => ({ method: 'GET', path: '/get-websites', query });
  const users = (query = {}) => ({ method: 'GET', path: '/users', query });
  const pair = { userId: '101', websiteId: '201' };
  const join = (change = {}) => ({ method: 'POST', path: '/connect-user-to-website', body: { ...pair, ...change } });
  const leave = (change = {}) => ({
    method: 'POST',
    path: '/disconnect-user-from-website',
    body: { ...pair, ...change },
  });
  const withKey = (authorization: string, apiKey?: string) => ({
    ...all(),
    headers: { authorization, ...(apiKey && { 'x-api-key': apiKey }) },
  });

  const rows: [fact: string, call: Call, answer: Answer][] = [
    ['an unknown path', { method: 'GET', path: '/websites' }, text(404, 'Not Found')],
    ['an unknown path before a bad key', { ...withKey(''), path: '/websites' }, text(404, 'Not Found')],
    ['a POST to a list', { method: 'POST', path: '/get-websites', body: {} }, text(405, 'Method Not Allowed')],
    ['a DELETE of a link', { ...leave(), method: 'DELETE' }, text(405, 'Method Not Allowed')],

    ['no key', withKey(''), unauthorized],
    ['an unknown key', withKey('Bearer other'), unauthorized],
    ['the key under another scheme', withKey('Basic sandbox-wibi'), unauthorized],
    ['the bare key in Authorization', withKey('sandbox-wibi'), unauthorized],
    ['an unknown x-api-key', withKey('', 'other'), unauthorized],
    ['a scheme in x-api-key', withKey('', 'Bearer sandbox-wibi'), unauthorized],
    ['a write without a key', { ...leave(), headers: { authorization: '' } }, unauthorized],

    ['a list for nobody', list(), invalid('id')],
    ['a list for a blank id', list({ id: ' ' }), invalid('id')],
    ['a list for an unknown user', list({ id: '999' }), noUser],
    ['a website id where the user id belongs', list({ id: '201' }), noUser],
    ['a limit of zero', all({ limit: '0' }), invalid('limit')],
    ['a limit that is no number', all({ limit: 'ten' }), invalid('limit')],
    ['a negative offset', all({ offset: '-1' }), invalid('offset')],
    ['an unknown query name', all({ page: '2' }), say(400, 'page is not allowed')],
    ['users of no website', users(), invalid('id')],
    ['users of an unknown website', users({ id: '999' }), noWebsite],

    [
      'a body of another type',
      { ...leave(), headers: { 'content-type': 'text/plain' } },
      say(400, 'Content-Type must be JSON'),
    ],
    ['a body that is not JSON', { ...leave(), body: 'userId=101' }, noObject],
    ['a body that is an array', { ...leave(), body: [pair] }, noObject],
    ['a body that is null', { ...leave(), body: 'null' }, noObject],
    ['no body', { ...leave(), headers: json, body: undefined }, noObject],
    ['ids in the query of a write', { ...leave(), query: pair }, say(400, 'userId is not allowed')],

    ['a disconnect of nobody', leave({ userId: undefined }), invalid('userId')],
    ['a disconnect from nothing', leave({ websiteId: undefined }), invalid('websiteId')],
    ['an unknown field', leave({ role: 'admin' }), say(400, 'role is not allowed')],
    ['an empty id', leave({ userId: '' }), invalid('userId')],
    ['an id of zero', leave({ userId: 0 }), invalid('userId')],
    ['a fraction as an id', leave({ websiteId: 202.5 }), invalid('websiteId')],
    ['an id that is null', leave({ websiteId: null }), invalid('websiteId')],
    ['a disconnect of an unknown user', leave({ userId: '999' }), noUser],
    ['a disconnect from an unknown website', leave({ websiteId: '999' }), noWebsite],
    ['a number for a string website id', leave({ websiteId: 201 }), noWebsite],
    ['a string for a number website id', leave({ websiteId: '202' }), noWebsite],
    ['a disconnect of the unconnected', leave({ websiteId: '203' }), text(500, 'Internal Server Error')],

    ['a connect of nobody', join({ userId: undefined }), invalid('userId')],
    ['a connect to nothing', join({ websiteId: undefined }), invalid('websiteId')],
    ['a role on connect', join({ role: 'admin' }), say(400, 'role is not allowed')],
    ['a connect of an unknown user', join({ userId: '999' }), noUser],
    ['a connect to a website id of the wrong type', join({ websiteId: '204' }), noWebsite],
    ['a second connect', join(), text(500, 'Internal Server Error')],
  ];

  test.each(rows)('refuses %s, and changes nothing', async (_fact, call, answer) => {
    const before = await state();

    expect(await send(call)).toEqual(answer);
    expect(await state()).toEqual(before);
  });
});

describe('calls', () => {
  test.each([
    { header: 'authorization', headers: { authorization: 'Bearer sandbox-wibi' } },
    { header: 'x-api-key', headers: { authorization: '', 'x-api-key': 'sandbox-wibi' } },
  ])('takes the key in $header', async ({ headers }) => {
    expect(await send({ method: 'GET', path: '/get-websites', headers })).toMatchObject({ status: 200 });
  });

  test('takes JSON with a charset', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const body = { userId: '105', websiteId: '201' };

    expect(await send({ method: 'POST', path: '/connect-user-to-website', headers, body })).toMatchObject({
      status: 200,
    });
  });

  test('lists all websites as a bare array, each id in its own JSON type', async () => {
    const { body } = await get('/get-websites');

    expect(body).toEqual(['201', 202, '203', 204].map((value) => ({ label: expect.any(String), value })));
    expect((await get('/get-websites', { limit: '2', offset: '1' })).body).toMatchObject([
      { value: 202 },
      { value: '203' },
    ]);
  });

  test('lists the websites of a user with an even id as an object with the paging it used', async () => {
    const row = (id: string | number) => ({ id, url: expect.stringMatching(/^https:/), name: expect.any(String) });

    expect((await websitesFor('104')).body).toEqual({ websites: [row(202), row(204)], total: 2, limit: 50, offset: 0 });
    expect((await websitesFor('104', { limit: '1', offset: '1' })).body).toEqual({
      websites: [row(204)],
      total: 2,
      limit: 1,
      offset: 1,
    });
  });

  test('answers an empty list for a user without websites', async () => {
    expect(await websitesFor('105')).toEqual({ status: 200, contentType: 'application/json', body: [] });
  });

  test('lists the users of one website, whatever the JSON type of its id', async () => {
    const users = async (id: string) => (await get('/users', { id })).body;

    expect(await users('202')).toMatchObject({
      users: [
        { id: '101', websites: 2 },
        { id: '104', websites: 2 },
      ],
    });
    expect(await users('203')).toMatchObject({ users: [{ id: '102' }, { id: '103', websites: 1 }] });
  });

  test('lists 50 users when no limit is sent, and the rest by offset', async () => {
    await reset(60);
    const page = async (query = {}) => ((await get('/users', { id: '201', ...query })).body as State).users;

    expect(await page()).toHaveLength(50);
    expect(await page({ offset: '50' })).toHaveLength(12);
    expect(await page({ limit: '100' })).toHaveLength(62);
  });

  test.each([
    { kind: 'string', websiteId: '201', status: 200, body: { success: true, message: expect.any(String) } },
    { kind: 'number', websiteId: 202, status: 201, body: 'done' },
  ])('confirms a disconnect from a website with a $kind id in its own way', async ({ websiteId, status, body }) => {
    expect(await disconnect('101', websiteId)).toMatchObject({ status, body });
    expect(await linksOf('101')).not.toContain(String(websiteId));
  });

  test('takes a user id as a number', async () => {
    expect(await connect(105, 204)).toEqual({ status: 200, contentType: 'application/json', body: { message: 'ok' } });
    expect(await linksOf('105')).toEqual(['204']);
  });
});

describe('control endpoints', () => {
  const disconnectPath = '/disconnect-user-from-website';

  test('shows the start state, all ids as strings', async () => {
    const { users, websites, links, history } = await state();

    expect(users.map(({ id }) => id)).toEqual(['101', '102', '103', '104', '105']);
    expect(websites.map(({ id }) => id)).toEqual(['201', '202', '203', '204']);
    expect(links).toEqual(
      expect.arrayContaining([
        { userId: '101', websiteId: '201' },
        { userId: '101', websiteId: '202' },
      ]),
    );
    expect(history).toEqual([]);
  });

  test('shows an ended link under history only', async () => {
    await disconnect(101, 202);

    const { links, history } = await state();
    expect(links).not.toContainEqual({ userId: '101', websiteId: '202' });
    expect(history).toEqual([{ userId: '101', websiteId: '202' }]);
  });

  test('logs every call with its parsed body, and no control call', async () => {
    await disconnect('101', '201');
    await websitesFor('101');

    const { body: log } = await get('/_sandbox/requests');
    expect(log).toEqual([
      {
        at: expect.any(String),
        method: 'POST',
        path: disconnectPath,
        query: {},
        headers: expect.objectContaining(key),
        body: { userId: '101', websiteId: '201' },
      },
      {
        at: expect.any(String),
        method: 'GET',
        path: '/get-websites-for-user',
        query: { id: '101' },
        headers: expect.objectContaining(key),
      },
    ]);
  });

  test('reset brings back the start state, the log and the faults cleared', async () => {
    const start = await state();
    await disconnect('101', '201');
    await fault(disconnectPath, { status: 429 });
    await reset();

    expect(await state()).toEqual(start);
    expect((await get('/_sandbox/requests')).body).toEqual([]);
    expect(await disconnect('101', '201')).toMatchObject({ status: 200 });
  });

  test('reset generates distinct users, each connected to website 201 and able to leave it', async () => {
    await reset(3);

    const { users, links } = await state();
    expect(new Set(users.map(({ id }) => id)).size).toBe(8);
    const generated = users.slice(5).map(({ id }) => id);
    expect(generated).toEqual(['member-00001', 'member-00002', 'member-00003']);
    expect(links).toEqual(expect.arrayContaining(generated.map((userId) => ({ userId, websiteId: '201' }))));
    expect(await disconnect('member-00002', '201')).toMatchObject({ status: 200 });
  });

  test('keeps the state of one simulator from another', async () => {
    const other = await startSimulator(createWibiclickSimulator(), 0);
    try {
      await disconnect('101', '201');
      const theirs = (await (await fetch(`${other.url}/_sandbox/state`)).json()) as State;
      expect(theirs.links).toContainEqual({ userId: '101', websiteId: '201' });
    } finally {
      await other.close();
    }
  });

  test.each([
    { fact: 'status', effect: { status: 429 }, answer: { status: 429 } },
    { fact: 'errcode', effect: { errcode: 7 }, answer: { status: 200, body: { success: false, error: 'fault 7' } } },
    { fact: 'errcode 0, a lie', effect: { errcode: 0 }, answer: { status: 200, body: { success: true } } },
    { fact: 'body', effect: { body: '<html>' }, answer: { status: 200, contentType: 'text/html', body: '<html>' } },
  ])('a fault by $fact changes nothing, and only as often as asked', async ({ effect, answer }) => {
    await fault(disconnectPath, effect);

    expect(await disconnect('101', '201')).toMatchObject(answer);
    expect(await linksOf('101')).toContain('201');
    await disconnect('101', '201');
    expect(await linksOf('101')).not.toContain('201');
  });

  test('a connection cut before the change leaves the link, one cut after it does not', async () => {
    await fault(disconnectPath, { drop: 'before' });
    await expect(disconnect('101', '201')).rejects.toThrow('fetch failed');
    expect(await linksOf('101')).toContain('201');

    await fault(disconnectPath, { drop: 'after' });
    await expect(disconnect('101', '201')).rejects.toThrow('fetch failed');
    expect(await linksOf('101')).not.toContain('201');
  });
});
