import { type RunningServer, startSimulator } from '../../sandbox/simulator.ts';
import { createWecomSimulator } from '../../sandbox/wecom.ts';
import type { Json } from '../support/invoke.ts';
import vectors from '../vectors/wecom.json' with { type: 'json' };

interface Answer {
  errcode: number;
  [field: string]: unknown;
}

interface State {
  customers: { external_userid: string; userid: string; from?: string; transfer?: { status: number } }[];
  groups: { chat_id: string; owner: string; status: number }[];
}

const contact = '/cgi-bin/externalcontact';
const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 0, 5, 1);
const seconds = (ms: number) => Math.floor(ms / 1000);

let now: number;
let simulator: RunningServer;

beforeEach(async () => {
  now = start;
  simulator = await startSimulator(createWecomSimulator({ now: () => now }));
});
afterEach(() => simulator.close());

async function send(method: string, path: string, query: Record<string, string> = {}, body?: unknown): Promise<Json> {
  const url = new URL(path, simulator.url);
  url.search = String(new URLSearchParams(query));
  const response = await fetch(url, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  return response.json();
}

async function call(method: string, path: string, query: object, body?: unknown, secret = 'customer'): Promise<Answer> {
  const corp = { corpid: 'wwsandbox', corpsecret: `sandbox-${secret}` };
  const { access_token } = await send('GET', '/cgi-bin/gettoken', corp);
  return send(method, path, { ...query, access_token }, body);
}

const state = (): Promise<State> => send('GET', '/_sandbox/state');
const reset = (options: object) => send('POST', '/_sandbox/reset', {}, options);
const post = (path: string, body: unknown) => call('POST', `${contact}/${path}`, {}, body);
const leave = (userid: string) => call('GET', '/cgi-bin/user/delete', { userid }, undefined, 'contact');
const update = (userid: string, changes: object) =>
  call('POST', '/cgi-bin/user/update', {}, { userid, ...changes }, 'contact');

const pair = { handover_userid: 'lisi', takeover_userid: 'wangwu' };
const transfer = (external_userid: string[], changes: object = {}) =>
  post('resigned/transfer_customer', { ...pair, ...changes, external_userid });
const results = (changes: object = {}) => post('resigned/transfer_result', { ...pair, ...changes });
const transferGroups = (chat_id_list: string[], new_owner = 'wangwu') =>
  post('groupchat/transfer', { chat_id_list, new_owner });
const listGroups = (body: object = {}) => post('groupchat/list', { limit: 1000, ...body });
const groupsOf = (userid: string, body: object = {}) =>
  listGroups({ owner_filter: { userid_list: [userid] }, ...body });
const customersOf = (userid: string) => call('GET', `${contact}/list`, { userid });
const many = (count: number, form: string) => Array.from({ length: count }, (_, index) => `${form}_${index + 1}`);

const customer = async (id: string) => (await state()).customers.find(({ external_userid }) => external_userid === id);
const group = async (id: string) => (await state()).groups.find(({ chat_id }) => chat_id === id);

describe('who may call and what', () => {
  const endpoints = [
    ['GET', 'list'],
    ['POST', 'get_unassigned_list'],
    ['POST', 'resigned/transfer_customer'],
    ['POST', 'resigned/transfer_result'],
    ['POST', 'groupchat/list'],
    ['POST', 'groupchat/transfer'],
  ] as const;

  test.each(endpoints)('%s %s is open to the app for customer contact only', async (method, path) => {
    const errcodeWith = async (secret: string) =>
      (await call(method, `${contact}/${path}`, {}, undefined, secret)).errcode;

    expect(await errcodeWith('contact')).toBe(48002);
    expect(await errcodeWith('app')).toBe(48002);
    expect(await errcodeWith('customer')).not.toBe(48002);
  });

  test.each(endpoints)('%s %s refuses the other method', async (method, path) => {
    const other = method === 'GET' ? 'POST' : 'GET';

    expect((await call(other, `${contact}/${path}`, {})).errcode).toBe(40058);
  });

  test.each<[errcode: number, what: string, path: string, body: object]>([
    [40058, 'no ids', 'resigned/transfer_customer', { ...pair }],
    [40058, 'an empty list', 'resigned/transfer_customer', { ...pair, external_userid: [] }],
    [40058, '101 customers', 'resigned/transfer_customer', { ...pair, external_userid: many(101, 'wm') }],
    [40058, 'an id that is a number', 'resigned/transfer_customer', { ...pair, external_userid: [7] }],
    [40058, 'no taker', 'resigned/transfer_customer', { handover_userid: 'lisi', external_userid: ['wm_1'] }],
    [
      40058,
      'a message',
      'resigned/transfer_customer',
      { ...pair, external_userid: ['wm_1'], transfer_success_msg: '' },
    ],
    [
      40130,
      'the source as taker',
      'resigned/transfer_customer',
      { ...pair, takeover_userid: 'LiSi', external_userid: ['w'] },
    ],
    [
      60111,
      'an unknown taker',
      'resigned/transfer_customer',
      { ...pair, takeover_userid: 'ghost', external_userid: ['w'] },
    ],
    [
      60111,
      'an unknown source',
      'resigned/transfer_customer',
      { ...pair, handover_userid: 'ghost', external_userid: ['w'] },
    ],
    [40058, 'no source', 'resigned/transfer_result', { takeover_userid: 'wangwu' }],
    [50100, 'a cursor it never gave', 'resigned/transfer_result', { ...pair, cursor: 'made-up' }],
    [60111, 'an unknown source', 'resigned/transfer_result', { ...pair, handover_userid: 'ghost' }],
    [40058, 'no limit', 'groupchat/list', {}],
    [40058, 'limit 0', 'groupchat/list', { limit: 0 }],
    [40058, 'limit 1001', 'groupchat/list', { limit: 1001 }],
    [40058, 'status_filter 4', 'groupchat/list', { limit: 1, status_filter: 4 }],
    [40058, 'a filter without ids', 'groupchat/list', { limit: 1, owner_filter: {} }],
    [40058, 'a filter of 101 owners', 'groupchat/list', { limit: 1, owner_filter: { userid_list: many(101, 'm') } }],
    [
      40058,
      'a filter by department',
      'groupchat/list',
      { limit: 1, owner_filter: { userid_list: ['lisi'], partyid_list: [2] } },
    ],
    [50100, 'a cursor it never gave', 'groupchat/list', { limit: 1, cursor: 'made-up' }],
    [40058, 'no groups', 'groupchat/transfer', { chat_id_list: [], new_owner: 'wangwu' }],
    [40058, '101 groups', 'groupchat/transfer', { chat_id_list: many(101, 'wr'), new_owner: 'wangwu' }],
    [40058, 'no owner', 'groupchat/transfer', { chat_id_list: ['wr_lisi_1'] }],
    [60111, 'an unknown owner', 'groupchat/transfer', { chat_id_list: ['wr_lisi_1'], new_owner: 'ghost' }],
    [40058, 'page_size 1001', 'get_unassigned_list', { page_size: 1001 }],
    [50100, 'a cursor it never gave', 'get_unassigned_list', { cursor: 'made-up' }],
    [40058, 'an unknown field', 'get_unassigned_list', { userid: 'lisi' }],
  ])('%i for %s in %s', async (errcode, _, path, body) => {
    expect((await post(path, body)).errcode).toBe(errcode);
  });
});

describe('customers', () => {
  test('the start state', async () => {
    expect((await customersOf('zhangsan')).external_userid).toHaveLength(3);
    expect((await customersOf('LISI')).external_userid).toEqual(['wm_lisi_1', 'wm_lisi_2']);
    expect((await customersOf('wangwu')).external_userid).toEqual([]);
    expect((await post('get_unassigned_list', {})).info).toEqual([]);
  });

  test('of somebody who has left are unassigned, in pages', async () => {
    await leave('lisi');
    const row = { handover_userid: 'lisi', dimission_time: seconds(start) };

    const first = await post('get_unassigned_list', { page_size: 1 });
    const second = await post('get_unassigned_list', { page_size: 1, cursor: first.next_cursor });

    expect(first).toMatchObject({ info: [{ ...row, external_userid: 'wm_lisi_1' }], is_last: false });
    expect(second).toMatchObject({ info: [{ ...row, external_userid: 'wm_lisi_2' }], is_last: true, next_cursor: '' });
    expect((await customersOf('lisi')).errcode).toBe(60111);
  });

  test('a transfer is done after 24 hours, not before', async () => {
    await leave('lisi');
    const takeover_time = seconds(start + day);

    expect((await transfer(['wm_lisi_1'])).customer).toEqual([{ external_userid: 'wm_lisi_1', errcode: 0 }]);
    now = start + day - 1000;
    expect((await results()).customer).toEqual([{ external_userid: 'wm_lisi_1', status: 2, takeover_time }]);
    expect(await customer('wm_lisi_1')).toMatchObject({ userid: 'lisi', transfer: { status: 2 } });
    expect((await post('get_unassigned_list', {})).info).toHaveLength(1);

    now = start + day;
    expect((await results()).customer).toEqual([{ external_userid: 'wm_lisi_1', status: 1, takeover_time }]);
    expect(await customer('wm_lisi_1')).toMatchObject({ userid: 'wangwu', from: 'lisi', transfer: { status: 1 } });
    expect((await customersOf('wangwu')).external_userid).toEqual(['wm_lisi_1']);
  });

  test('each has a code of its own', async () => {
    await leave('lisi');
    await transfer(['wm_lisi_1']);

    const { errcode, customer } = await transfer([
      'wm_lisi_1',
      'wm_lisi_2',
      'wm_lisi_2',
      'wm_zhangsan_1',
      'wm_ghost_1',
    ]);

    expect(errcode).toBe(0);
    expect(customer).toEqual([
      { external_userid: 'wm_lisi_1', errcode: 40100 },
      { external_userid: 'wm_lisi_2', errcode: 0 },
      { external_userid: 'wm_lisi_2', errcode: 40100 },
      { external_userid: 'wm_zhangsan_1', errcode: 40096 },
      { external_userid: 'wm_ghost_1', errcode: 40096 },
    ]);
  });

  test.each<[errcode: number, what: string, changes: object, prepare: () => Promise<unknown>]>([
    [40097, 'a source who serves', {}, async () => {}],
    [41054, 'a taker who has not activated', { takeover_userid: 'wujiu' }, () => leave('lisi')],
    [40098, 'a disabled taker', {}, () => leave('lisi').then(() => update('wangwu', { enable: 0 }))],
  ])('%i for %s, and nothing is scheduled', async (errcode, _, changes, prepare) => {
    await prepare();

    expect((await transfer(['wm_lisi_1'], changes)).customer).toEqual([{ external_userid: 'wm_lisi_1', errcode }]);
    expect(await customer('wm_lisi_1')).not.toHaveProperty('transfer');
  });

  test('who refuses a taker, or finds the taker at the cap, can go to another one', async () => {
    await reset({ customers: { lisi: 3 }, refusing: { wangwu: 1 }, customerCap: { wangwu: 1 } });
    await leave('lisi');
    await transfer(many(3, 'wm_lisi'));
    now += day;

    expect((await results()).customer).toEqual([
      { external_userid: 'wm_lisi_1', status: 3 },
      { external_userid: 'wm_lisi_2', status: 1, takeover_time: seconds(now) },
      { external_userid: 'wm_lisi_3', status: 4 },
    ]);
    await transfer(['wm_lisi_1', 'wm_lisi_3'], { takeover_userid: 'sunqi' });
    now += day;
    expect((await customersOf('sunqi')).external_userid).toEqual(['wm_lisi_1', 'wm_lisi_3']);
    expect((await results()).customer).toHaveLength(3);
  });

  test('results come in pages of 1000', async () => {
    await reset({ customers: { lisi: 1001 } });
    await leave('lisi');
    const ids = many(1001, 'wm_lisi');
    for (let sent = 0; sent < ids.length; sent += 100) await transfer(ids.slice(sent, sent + 100));

    const first = await results();
    const second = await results({ cursor: first.next_cursor });

    expect(first.customer).toHaveLength(1000);
    expect(second).toMatchObject({ customer: [{ external_userid: 'wm_lisi_1001' }], next_cursor: '' });
  });

  test('a year after somebody left nothing can be taken over', async () => {
    await leave('lisi');
    now = start + 365 * day;
    expect((await transfer(['wm_lisi_1'])).customer).toEqual([{ external_userid: 'wm_lisi_1', errcode: 0 }]);
    now += 1000;

    expect((await transfer(['wm_lisi_2'])).customer).toEqual([{ external_userid: 'wm_lisi_2', errcode: 40096 }]);
    expect((await post('get_unassigned_list', {})).info).toEqual([]);
    expect((await transferGroups(['wr_lisi_1'])).failed_chat_list).toMatchObject([{ errcode: 90502 }]);
    expect((await groupsOf('lisi')).group_chat_list).toEqual([]);
  });

  test('a new member with the userid of one who left has none of the customers', async () => {
    await leave('lisi');
    await call('POST', '/cgi-bin/user/create', {}, { userid: 'lisi', name: '李四', mobile: '13900001111' }, 'contact');

    expect((await customersOf('lisi')).external_userid).toEqual([]);
    expect((await transfer(['wm_lisi_1'])).customer).toEqual([{ external_userid: 'wm_lisi_1', errcode: 40097 }]);
  });

  test('of a taker who left before the 24 hours were over are unassigned again', async () => {
    await leave('lisi');
    await transfer(['wm_lisi_1']);
    await leave('wangwu');
    now += day;

    expect((await post('get_unassigned_list', {})).info).toEqual(
      expect.arrayContaining([expect.objectContaining({ handover_userid: 'wangwu', external_userid: 'wm_lisi_1' })]),
    );
  });

  test('batchdelete leaves customers behind too', async () => {
    await call('POST', '/cgi-bin/user/batchdelete', {}, { useridlist: ['lisi', 'zhangsan'] }, 'contact');

    expect((await post('get_unassigned_list', {})).info).toHaveLength(5);
  });
});

describe('groups', () => {
  test('of those who serve are listed without a filter, of one who left only by the owner', async () => {
    expect((await listGroups()).group_chat_list).toHaveLength(3);
    await leave('lisi');

    expect((await listGroups()).group_chat_list).toEqual([
      { chat_id: 'wr_zhangsan_1', status: 0 },
      { chat_id: 'wr_zhangsan_2', status: 0 },
    ]);
    expect((await groupsOf('lisi')).group_chat_list).toEqual([{ chat_id: 'wr_lisi_1', status: 1 }]);
    expect((await groupsOf('lisi', { status_filter: 3 })).group_chat_list).toEqual([]);
  });

  test('are listed in pages', async () => {
    const first = await listGroups({ limit: 2 });
    const second = await listGroups({ limit: 2, cursor: first.next_cursor });

    expect([first.group_chat_list, second.group_chat_list].flat()).toHaveLength(3);
    expect(second.next_cursor).toBe('');
  });

  test('move at once, and those that do not are named with a code', async () => {
    await leave('lisi');
    const sent = ['wr_lisi_1', 'wr_zhangsan_1', 'wr_ghost_1'];

    expect((await transferGroups(sent)).failed_chat_list).toEqual([
      { chat_id: 'wr_zhangsan_1', errcode: 90500, errmsg: 'owner not resigned' },
      { chat_id: 'wr_ghost_1', errcode: 90501, errmsg: 'not a customer group' },
    ]);
    expect(await group('wr_lisi_1')).toEqual({ chat_id: 'wr_lisi_1', owner: 'wangwu', status: 3 });
    expect((await groupsOf('lisi')).group_chat_list).toEqual([]);
    expect((await groupsOf('wangwu', { status_filter: 3 })).group_chat_list).toHaveLength(1);
  });

  test.each([
    [90504, 'the same owner again', 'wangwu'],
    [90508, 'another owner', 'sunqi'],
  ])('%i for %s once it has moved', async (errcode, _, new_owner) => {
    await leave('lisi');
    await transferGroups(['wr_lisi_1']);

    expect((await transferGroups(['wr_lisi_1'], new_owner)).failed_chat_list).toMatchObject([{ errcode }]);
    expect(await group('wr_lisi_1')).toMatchObject({ owner: 'wangwu' });
  });

  test.each([
    [41054, 'has not activated', 'wujiu'],
    [40098, 'is disabled', 'zhouba'],
  ])('%i when the new owner %s', async (errcode, _, new_owner) => {
    await leave('lisi');
    await update('zhouba', { enable: 0 });

    expect((await transferGroups(['wr_lisi_1'], new_owner)).failed_chat_list).toMatchObject([{ errcode }]);
    expect(await group('wr_lisi_1')).toMatchObject({ owner: 'lisi', status: 1 });
  });

  test('of one owner 300 can move within 24 hours', async () => {
    await reset({ groups: { lisi: 302 } });
    await leave('lisi');
    const ids = many(302, 'wr_lisi');
    for (const from of [0, 100]) await transferGroups(ids.slice(from, from + 100));
    now += hour;
    await transferGroups(ids.slice(200, 299));

    expect((await transferGroups(ids.slice(299, 301))).errcode).toBe(45009);
    expect(await group('wr_lisi_300')).toMatchObject({ owner: 'lisi', status: 1 });
    expect((await transferGroups(ids.slice(299, 300))).errcode).toBe(0);
    now += day - hour;
    expect(await transferGroups(ids.slice(300))).toMatchObject({ errcode: 0, failed_chat_list: [] });
    expect(await group('wr_lisi_302')).toMatchObject({ owner: 'wangwu' });
  });
});

describe('control', () => {
  test('a reset brings the start state back, but for what it says', async () => {
    await leave('lisi');
    await transfer(['wm_lisi_1']);

    await reset({ customers: { lisi: 4 }, groups: { wangwu: 1 } });

    const { customers, groups } = await state();
    const of = (userid: string) => customers.filter((row) => row.userid === userid).length;
    expect([of('zhangsan'), of('lisi')]).toEqual([3, 4]);
    expect(customers.filter(({ transfer }) => transfer)).toEqual([]);
    expect(groups.map(({ owner }) => owner)).toEqual(['zhangsan', 'zhangsan', 'lisi', 'wangwu']);
  });

  test.each<[path: string, method: string, sent: object | undefined, lie: object]>([
    ['list', 'GET', undefined, { external_userid: [] }],
    ['get_unassigned_list', 'POST', {}, { info: [], is_last: true, next_cursor: '' }],
    [
      'resigned/transfer_customer',
      'POST',
      { external_userid: ['wm_1'] },
      { customer: [{ external_userid: 'wm_1', errcode: 0 }] },
    ],
    ['resigned/transfer_result', 'POST', {}, { customer: [], next_cursor: '' }],
    ['groupchat/list', 'POST', {}, { group_chat_list: [], next_cursor: '' }],
    ['groupchat/transfer', 'POST', {}, { failed_chat_list: [] }],
  ])('the lie of %s looks like its success', async (path, method, sent, lie) => {
    await send('POST', '/_sandbox/faults', {}, [
      { method, path: `${contact}/${path}`, times: 1, then: { errcode: 0 } },
    ]);

    expect(await call(method, `${contact}/${path}`, {}, sent)).toEqual({ errcode: 0, errmsg: 'ok', ...lie });
  });
});

describe('conformance vectors', () => {
  /** The sandbox's own members, customers and groups for those of the page. */
  const inSandbox: Record<string, string> = {
    lihua: 'lisi',
    wangfang: 'wangwu',
    wmEXAMPLE0001: 'wm_lisi_1',
    wmEXAMPLE0002: 'wm_ghost_2',
    wrEXAMPLE01: 'wr_lisi_1',
    wrEXAMPLE02: 'wr_zhangsan_1',
  };
  const translate = (value: object): object =>
    JSON.parse(JSON.stringify(value), (_, held) => (typeof held === 'string' ? (inSandbox[held] ?? held) : held));

  test.each([vectors.H01, vectors.H04])('$id: $class', async ({ request, response }) => {
    await leave('lisi');

    expect(await call(request.method, request.path, {}, translate(request.body))).toEqual(translate(response.body));
  });
});
