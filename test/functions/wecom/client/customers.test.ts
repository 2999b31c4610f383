import { Deadline } from '../../../../functions/shared/clock.ts';
import { OperationError } from '../../../../functions/shared/errors.ts';
import { wecomCustomers } from '../../../../functions/wecom/client/customers.ts';
import { wecom as connect } from '../../../../functions/wecom/client/index.ts';
import { type Fate, fateOf, transferFates } from '../../../../functions/wecom/client/transfer-codes.ts';
import type { Json } from '../../../support/invoke.ts';
import { simulated } from '../../../support/providers.ts';
import { time } from '../../../support/time.ts';

const wecom = simulated('wecom');
const day = 86_400_000;
const contact = '/cgi-bin/externalcontact';
const customersPath = `${contact}/resigned/transfer_customer`;
const resultsPath = `${contact}/resigned/transfer_result`;
const groupsPath = `${contact}/groupchat/transfer`;
const groupListPath = `${contact}/groupchat/list`;

const client = () => wecomCustomers(new Deadline(25_000));
const leave = (userid: string) => connect(new Deadline(25_000)).deleteUser(userid);
const toWangwu = { handover_userid: 'lisi', takeover_userid: 'wangwu' };
const groupsToWangwu = { handover_userid: 'lisi', new_owner: 'wangwu' };
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const customersOfLisi = (count: number) => upTo(count).map((n) => `wm_lisi_${n}`);
const groupsOfLisi = (count: number) => upTo(count).map((n) => `wr_lisi_${n}`);

const failure = async (promise: Promise<unknown>): Promise<OperationError> => {
  const error = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof OperationError)) throw new Error('it did not fail as expected');
  return error;
};
const customer = async (id: string): Promise<Json> =>
  (await wecom.state()).customers.find(({ external_userid }: Json) => external_userid === id);
const group = async (id: string): Promise<Json> =>
  (await wecom.state()).groups.find(({ chat_id }: Json) => chat_id === id);

beforeEach(() => wecom.secret({ customerContactSecret: 'sandbox-customer' }));

describe('what a member has', () => {
  test('customers of a serving member', async () => {
    expect(await client().customersOf('lisi')).toEqual(['wm_lisi_1', 'wm_lisi_2']);
    expect(await client().customersOf('wangwu')).toEqual([]);
  });

  test('that there is no relation to a customer means none', async () => {
    await wecom.faults({ method: 'GET', path: `${contact}/list`, then: { errcode: 84061 } });

    expect(await client().customersOf('lisi')).toEqual([]);
  });

  test('customers of somebody who has left are not listed', async () => {
    await leave('lisi');

    expect((await failure(client().customersOf('lisi'))).code).toBe('not_found');
  });

  test('groups of all pages, before and after the owner has left', async () => {
    await wecom.reset({ groups: { lisi: 1001 } });

    expect(await client().groupsOf('lisi')).toEqual(groupsOfLisi(1001).map((chat_id) => ({ chat_id, status: 0 })));
    await leave('lisi');
    expect(await client().groupsOf('lisi')).toEqual(groupsOfLisi(1001).map((chat_id) => ({ chat_id, status: 1 })));

    const asked = await wecom.requests(groupListPath);
    expect(asked).toHaveLength(4);
    for (const { body } of asked) expect(body).toMatchObject({ limit: 1000, owner_filter: { userid_list: ['lisi'] } });
  });
});

describe('customers', () => {
  test('each gets its own fate, in the order in which they were sent', async () => {
    await leave('lisi');
    await client().transferCustomers(toWangwu, ['wm_lisi_2']);

    const answer = await client().transferCustomers(toWangwu, ['wm_zhangsan_1', 'wm_lisi_2', 'wm_lisi_1']);

    expect(answer).toEqual({
      response: expect.objectContaining({ errcode: 0, customer: expect.any(Array) }),
      warnings: [],
      items: [
        { id: 'wm_zhangsan_1', fate: 'left_over', code: '40096' },
        { id: 'wm_lisi_2', fate: 'scheduled', code: '40100' },
        { id: 'wm_lisi_1', fate: 'scheduled' },
      ],
    });
  });

  test('wait for 24 hours and are done then', async () => {
    await leave('lisi');
    await client().transferCustomers(toWangwu, ['wm_lisi_1']);

    const [waiting] = await client().transferResults(toWangwu);
    time.advance(day);

    expect(waiting).toEqual({ external_userid: 'wm_lisi_1', status: 2, takeover_time: expect.any(Number) });
    expect(await client().transferResults(toWangwu)).toEqual([{ ...waiting, status: 1 }]);
    expect(await client().customersOf('wangwu')).toEqual(['wm_lisi_1']);
  });

  test('who refuses, or would pass the cap of the taker, goes to another one', async () => {
    await wecom.reset({ customers: { lisi: 3 }, refusing: { wangwu: 1 }, customerCap: { wangwu: 1 } });
    await leave('lisi');
    await client().transferCustomers(toWangwu, customersOfLisi(3));
    time.advance(day);

    const results = await client().transferResults(toWangwu);
    const toSunqi = { ...toWangwu, takeover_userid: 'sunqi' };
    await client().transferCustomers(toSunqi, ['wm_lisi_1', 'wm_lisi_3']);
    time.advance(day);

    expect(results.map(({ status }) => status)).toEqual([3, 1, 4]);
    expect((await client().transferResults(toSunqi)).map(({ status }) => status)).toEqual([1, 1]);
    expect(await client().customersOf('sunqi')).toEqual(['wm_lisi_1', 'wm_lisi_3']);
  });

  test('are looked up in all pages', async () => {
    await wecom.reset({ customers: { lisi: 1001 } });
    await leave('lisi');
    const ids = customersOfLisi(1001);
    for (let sent = 0; sent < ids.length; sent += 100) {
      await client().transferCustomers(toWangwu, ids.slice(sent, sent + 100));
    }

    const results = await client().transferResults(toWangwu);

    expect(results.map(({ external_userid }) => external_userid)).toEqual(ids);
    expect(await wecom.requests(resultsPath)).toHaveLength(2);
  });

  test.each<[fate: Fate, code: string, pair: object, prepare: () => Promise<unknown>]>([
    ['later', '40097', {}, async () => {}],
    ['other_taker', '41054', { takeover_userid: 'wujiu' }, () => leave('lisi')],
  ])('%s for %s', async (fate, code, pair, prepare) => {
    await prepare();

    const { items } = await client().transferCustomers({ ...toWangwu, ...pair }, ['wm_lisi_1']);

    expect(items).toEqual([{ id: 'wm_lisi_1', fate, code }]);
  });

  test('one that the answer does not mention is not guessed', async () => {
    await leave('lisi');
    const customers = [{ external_userid: 'wm_lisi_1', errcode: 0 }];
    await wecom.faults({ path: customersPath, then: { body: JSON.stringify({ errcode: 0, customer: customers }) } });

    const { code, outcome } = await failure(client().transferCustomers(toWangwu, customersOfLisi(2)));

    expect({ code, outcome }).toEqual({ code: 'provider_unexpected', outcome: 'unknown' });
    expect(await wecom.requests(customersPath)).toHaveLength(1);
  });

  test('more than 100 are refused as a whole', async () => {
    await wecom.reset({ customers: { lisi: 101 } });
    await leave('lisi');

    expect((await failure(client().transferCustomers(toWangwu, customersOfLisi(101)))).code).toBe('provider_rejected');
    expect(await client().transferResults(toWangwu)).toEqual([]);
  });
});

describe('groups', () => {
  test('move at once, and each that does not has its own fate', async () => {
    await leave('lisi');

    const answer = await client().transferGroups(groupsToWangwu, ['wr_zhangsan_1', 'wr_lisi_1', 'wr_ghost_1']);

    expect(answer).toEqual({
      response: expect.objectContaining({ errcode: 0, failed_chat_list: expect.any(Array) }),
      warnings: [],
      items: [
        { id: 'wr_zhangsan_1', fate: 'later', code: '90500' },
        { id: 'wr_lisi_1', fate: 'moved' },
        { id: 'wr_ghost_1', fate: 'left_over', code: '90501' },
      ],
    });
    expect(await group('wr_lisi_1')).toMatchObject({ owner: 'wangwu' });
  });

  test('that have moved before count as moved', async () => {
    await leave('lisi');
    await client().transferGroups(groupsToWangwu, ['wr_lisi_1']);

    const { items } = await client().transferGroups(groupsToWangwu, ['wr_lisi_1']);

    expect(items).toEqual([{ id: 'wr_lisi_1', fate: 'moved', code: '90504' }]);
  });

  test('an answer without a list of failures is a success', async () => {
    await leave('lisi');
    await wecom.faults({ path: groupsPath, then: { body: '{"errcode":0,"errmsg":"ok"}' } });

    const { items } = await client().transferGroups(groupsToWangwu, ['wr_lisi_1']);

    expect(items).toEqual([{ id: 'wr_lisi_1', fate: 'moved' }]);
  });

  test('over 300 of one owner in a day are limited, and nothing of that call moves', async () => {
    await wecom.reset({ groups: { lisi: 301 } });
    await leave('lisi');
    const ids = groupsOfLisi(301);
    for (const sent of [0, 100, 200]) await client().transferGroups(groupsToWangwu, ids.slice(sent, sent + 100));

    const { code, outcome } = await failure(client().transferGroups(groupsToWangwu, ids.slice(300)));
    time.advance(day);
    const { items } = await client().transferGroups(groupsToWangwu, ids.slice(300));

    expect({ code, outcome }).toEqual({ code: 'provider_rate_limited', outcome: 'not_applied' });
    expect(items).toEqual([{ id: 'wr_lisi_301', fate: 'moved' }]);
  });
});

/** What both kinds of transfer have in common when the answer does not come. */
const kinds = [
  {
    kind: 'customers',
    path: customersPath,
    readPath: resultsPath,
    ids: customersOfLisi(3),
    sentIn: (body: Json): string[] => body.external_userid,
    send: (ids: string[]) => client().transferCustomers(toWangwu, ids),
    hasMoved: async (id: string) => (await customer(id)).transfer !== undefined,
    fate: 'scheduled' as const,
  },
  {
    kind: 'groups',
    path: groupsPath,
    readPath: groupListPath,
    ids: groupsOfLisi(3),
    sentIn: (body: Json): string[] => body.chat_id_list,
    send: (ids: string[]) => client().transferGroups(groupsToWangwu, ids),
    hasMoved: async (id: string) => (await group(id)).owner === 'wangwu',
    fate: 'moved' as const,
  },
];

describe.each(kinds)('a lost answer about $kind', ({ path, readPath, ids, sentIn, send, hasMoved, fate }) => {
  beforeEach(async () => {
    await wecom.reset({ customers: { lisi: 3 }, groups: { lisi: 3 } });
    await leave('lisi');
  });

  const sent = async (): Promise<string[][]> => (await wecom.requests(path)).map(({ body }: Json) => sentIn(body));
  const movedOf = async (): Promise<string[]> => {
    const moved = await Promise.all(ids.map(async (id) => ((await hasMoved(id)) ? [id] : [])));
    return moved.flat();
  };

  test.each<[what: string, then: Record<string, unknown>, times: number]>([
    ['dropped before the effect', { drop: 'before' }, 2],
    ['dropped after the effect', { drop: 'after' }, 1],
    ['500 before the effect', { status: 500 }, 2],
  ])('%s: every id takes effect once', async (_, then, times) => {
    await wecom.faults({ path, then });

    const { warnings, items } = await send(ids);

    expect(items).toEqual(ids.map((id) => ({ id, fate })));
    expect(warnings).toEqual(times === 1 ? ['upstream_error_but_verified'] : []);
    expect(await sent()).toEqual(Array(times).fill(ids));
    expect(await movedOf()).toEqual(ids);
  });

  test('busy is a refusal, so the same is sent again', async () => {
    await wecom.faults({ path, then: { errcode: -1 } });

    const { warnings, items } = await send(ids);

    expect(items).toEqual(ids.map((id) => ({ id, fate })));
    expect(warnings).toEqual([]);
    expect(await sent()).toEqual([ids, ids]);
    expect(await wecom.requests(readPath)).toEqual([]);
  });

  test('only what nothing has reached is sent again', async () => {
    const [first = '', ...others] = ids;
    await send([first]);
    await wecom.faults({ path, then: { drop: 'before' } });

    const { warnings, items } = await send(ids);

    expect(items).toEqual(ids.map((id) => ({ id, fate })));
    expect(warnings).toEqual(['upstream_error_but_verified']);
    expect(await sent()).toEqual([[first], ids, others]);
    expect(await movedOf()).toEqual(ids);
  });

  test('lost twice, with a part in effect: the outcome is unknown', async () => {
    const [first = ''] = ids;
    await send([first]);
    await wecom.faults({ path, times: 2, then: { drop: 'before' } });

    expect((await failure(send(ids))).outcome).toBe('unknown');
    expect(await movedOf()).toEqual([first]);
  });

  test('lost twice without effect', async () => {
    await wecom.faults({ path, times: 2, then: { drop: 'before' } });

    expect((await failure(send(ids))).outcome).toBe('not_applied');
    expect(await sent()).toEqual([ids, ids]);
    expect(await movedOf()).toEqual([]);
  });

  test('garbage is not sent again, since nobody knows what it meant', async () => {
    await wecom.faults({ path, then: { body: '<html>' } });

    const { code, outcome } = await failure(send(ids));

    expect({ code, outcome }).toEqual({ code: 'provider_unexpected', outcome: 'not_applied' });
    expect(await sent()).toEqual([ids]);
    expect(await movedOf()).toEqual([]);
  });

  test.each(['after', 'before'])('dropped %s the effect, and reading back fails too', async (drop) => {
    await wecom.faults({ path, then: { drop } }, { path: readPath, times: 3, then: { status: 500 } });

    const { code, outcome } = await failure(send(ids));

    expect({ code, outcome }).toEqual({ code: 'provider_timeout', outcome: 'unknown' });
    expect(await sent()).toEqual([ids]);
  });
});

describe('whole calls that are refused', () => {
  test('the one who left cannot be the taker', async () => {
    await leave('lisi');

    const { code, options } = await failure(
      client().transferCustomers({ ...toWangwu, takeover_userid: 'LISI' }, ['wm_lisi_1']),
    );

    expect({ code, refusal: options.provider?.code }).toEqual({ code: 'provider_rejected', refusal: '40130' });
  });

  test('an app without customer contact', async () => {
    await wecom.secret({ customerContactSecret: 'sandbox-app' });

    expect((await failure(client().transferGroups(groupsToWangwu, ['wr_lisi_1']))).code).toBe('provider_permission');
  });

  test('no secret for customer contact', async () => {
    await wecom.secret({});

    const { code, options } = await failure(client().customersOf('zhangsan'));

    expect(code).toBe('provider_credentials');
    expect(options.fix).toContain('customerContactSecret');
  });
});

describe('what a crash left behind', () => {
  const customers = { userid: 'lisi', taker: 'wangwu', customers: customersOfLisi(2) };
  const groups = { userid: 'lisi', taker: 'wangwu', groups: groupsOfLisi(1) };
  beforeEach(() => leave('lisi'));

  test('nothing was sent', async () => {
    expect(await client().holds(customers)).toBe(false);
    expect(await client().holds(groups)).toBe(false);
  });

  test('some of it was sent', async () => {
    await client().transferCustomers(toWangwu, ['wm_lisi_2']);
    await client().transferGroups(groupsToWangwu, ['wr_lisi_1']);

    expect(await client().holds(customers)).toBe(true);
    expect(await client().holds(groups)).toBe(true);
    expect(await client().holds({ ...customers, taker: 'sunqi' })).toBe(false);
  });
});

/** Each code of page section 8 that one customer or group can have, and those of section 3.3. */
const fates: [code: number, fate: Fate][] = [
  [40100, 'scheduled'],
  [40129, 'scheduled'],
  [90504, 'moved'],
  [90507, 'moved'],
  [90508, 'moved'],
  [40097, 'later'],
  [90500, 'later'],
  [45035, 'later'],
  [-1, 'later'],
  [6000, 'later'],
  [45009, 'later'],
  [45033, 'later'],
  [45036, 'later'],
  [40098, 'other_taker'],
  [40099, 'other_taker'],
  [40130, 'other_taker'],
  [40132, 'other_taker'],
  [40143, 'other_taker'],
  [40205, 'other_taker'],
  [41054, 'other_taker'],
  [84074, 'other_taker'],
  [610023, 'other_taker'],
  [610024, 'other_taker'],
  [40096, 'left_over'],
  [40128, 'left_over'],
  [40131, 'left_over'],
  [84061, 'left_over'],
  [90501, 'left_over'],
  [90502, 'left_over'],
  [90503, 'left_over'],
  [90509, 'left_over'],
  [90510, 'left_over'],
];

describe('codes of single customers and groups', () => {
  test('the table and these tests hold the same codes', () => {
    expect(fates.map(([code]) => code).toSorted()).toEqual([...transferFates.keys()].toSorted());
  });

  test.each([...fates, [99_999, 'left_over']])('%i: %s', (code, fate) => {
    expect(fateOf(Number(code))).toBe(fate);
  });
});
