import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { mortal, throughTrouble } from '../../support/mortal.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles } from './support.ts';

const offboarding = offboardings();
const { wecom, lambda } = offboarding;
const functions = mortal();
logLines();

beforeEach(() =>
  lambda.invokeBy(
    functions.invoking(async () => (await import('../../../functions/offboarding/run-offboarding.ts')).handler),
  ),
);

const hourMs = 60 * minuteMs;
const transferCustomer = '/cgi-bin/externalcontact/resigned/transfer_customer';
const transferGroup = '/cgi-bin/externalcontact/groupchat/transfer';
const toWangwu = { takeoverUserid: 'wangwu' };
const orZhaoliu = { ...toWangwu, fallbackUserid: 'zhaoliu' };

const leaving = (wecomHandover: object) => ({
  accounts: { wecom: { userid: 'lisi' } },
  handover: { wecom: wecomHandover },
  graceDays: 0,
});
const numbered = (form: string, ...places: number[]) => places.map((place) => `${form}_lisi_${place}`);
const nothing = { customers: [], groups: [] };

/** Who has what of the leaver. */
async function owners(): Promise<Record<string, string>> {
  const { customers, groups } = await wecom.state();
  const all = [
    ...customers.map(({ external_userid, userid }: Json) => [external_userid, userid]),
    ...groups.map(({ chat_id, owner }: Json) => [chat_id, owner]),
  ];
  return Object.fromEntries(all.filter(([id]) => id.includes('_lisi_')));
}

const sentTo = async (path: string): Promise<Json[]> => (await wecom.requests(path)).map(({ body }) => body);

/** WeCom answers so once, and moves nothing. */
const answersOnce = (path: string, body: object) =>
  wecom.faults({ path, then: { body: JSON.stringify({ errcode: 0, errmsg: 'ok', ...body }) } });

test('tells what has moved and what is on its way, and after a day what nobody could take', async () => {
  await wecom.reset({ customers: { lisi: 3 }, groups: { lisi: 2 }, refusing: { wangwu: 1 } });

  const id = await offboarding.start(leaving(toWangwu));
  expect((await offboarding.get(id)).handover).toEqual({
    moved: { customers: [], groups: numbered('wr', 1, 2) },
    pending: { customers: numbered('wm', 1, 2, 3), groups: [] },
    leftOver: [],
  });

  lambda.advance(23 * hourMs);
  await lambda.settled();
  expect((await offboarding.get(id)).handover.pending.customers).toEqual(numbered('wm', 1, 2, 3));

  const run = await throughTrouble(offboarding, id);
  expect(run).toMatchObject({
    status: 'needs_attention',
    handover: {
      moved: { customers: numbered('wm', 2, 3), groups: numbered('wr', 1, 2) },
      pending: nothing,
      leftOver: [{ kind: 'customers', id: 'wm_lisi_1', code: 'customer_refused' }],
    },
  });
  expect(stepOf(run, 'wecom', 'handover')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringContaining('not everything found a new owner'),
    result: { moved: { customers: 2, groups: 2 }, pending: { customers: 0, groups: 0 }, leftOver: 1 },
  });
  expect(stepOf(run, 'wecom', 'verify').status).toBe('succeeded');
  expect(await owners()).toEqual({
    wm_lisi_1: 'lisi',
    wm_lisi_2: 'wangwu',
    wm_lisi_3: 'wangwu',
    wr_lisi_1: 'wangwu',
    wr_lisi_2: 'wangwu',
  });
});

test('gives to the fallback whoever refuses the taker, and for whom the taker has no room', async () => {
  await wecom.reset({ customers: { lisi: 4 }, groups: {}, refusing: { wangwu: 1 }, customerCap: { wangwu: 2 } });

  const id = await offboarding.start(leaving(orZhaoliu));
  const run = await throughTrouble(offboarding, id);

  expect(run.status).toBe('completed');
  expect(run.handover).toEqual({
    moved: { customers: numbered('wm', 1, 2, 3, 4), groups: numbered('wr', 1) },
    pending: nothing,
    leftOver: [],
  });
  expect(await owners()).toEqual({
    wm_lisi_1: 'zhaoliu',
    wm_lisi_2: 'wangwu',
    wm_lisi_3: 'wangwu',
    wm_lisi_4: 'zhaoliu',
    wr_lisi_1: 'wangwu',
  });
});

test.each([
  ['refuse them both', { refusing: { wangwu: 1, zhaoliu: 1 } }, 'customer_refused'],
  ['find no room with either', { customerCap: { wangwu: 1, zhaoliu: 0 } }, 'customer_limit_exceed'],
])('leaves over the customers who %s, with the reason', async (_, options, code) => {
  await wecom.reset({ customers: { lisi: 2 }, ...options });

  const id = await offboarding.start(leaving(orZhaoliu));
  const { status, handover } = await throughTrouble(offboarding, id);

  expect(status).toBe('needs_attention');
  expect(handover.leftOver).toEqual([{ kind: 'customers', id: expect.stringMatching(/^wm_lisi_[12]$/), code }]);
  expect(handover.moved.customers).toHaveLength(1);
  expect((await owners())[handover.leftOver[0].id]).toBe('lisi');
});

test('tries again what WeCom does not give away yet, right after the deletion', async () => {
  await answersOnce(transferCustomer, {
    customer: [
      { external_userid: 'wm_lisi_1', errcode: 40097 },
      { external_userid: 'wm_lisi_2', errcode: 40097 },
    ],
  });
  await answersOnce(transferGroup, { failed_chat_list: [{ chat_id: 'wr_lisi_1', errcode: 90500, errmsg: 'serving' }] });

  const id = await offboarding.start(leaving(toWangwu));
  const soon = await offboarding.get(id);
  expect(soon.handover.pending).toEqual({ customers: numbered('wm', 1, 2), groups: numbered('wr', 1) });
  expect(soon.status).toBe('handing_over');

  const run = await throughTrouble(offboarding, id);
  expect(run.status).toBe('completed');
  expect(await sentTo(transferCustomer)).toHaveLength(2);
  expect(await sentTo(transferGroup)).toHaveLength(2);
  expect(new Set(Object.values(await owners()))).toEqual(new Set(['wangwu']));
});

describe.each([
  ['before', 2],
  ['after', 1],
] as const)('an answer that is lost, the connection cut %s the change', (drop, sent) => {
  test.each([
    [transferCustomer, 'customers'],
    [transferGroup, 'groups'],
  ])('moves by %s each once', async (path) => {
    await wecom.faults({ path, then: { drop } });

    const id = await offboarding.start(leaving(toWangwu));
    const run = await throughTrouble(offboarding, id);

    expect(run.status).toBe('completed');
    expect(await sentTo(path)).toHaveLength(sent);
    expect(new Set(Object.values(await owners()))).toEqual(new Set(['wangwu']));
    expect(run.handover.moved).toEqual({ customers: numbered('wm', 1, 2), groups: numbered('wr', 1) });
  });
});

const gone = { failed_chat_list: [{ chat_id: 'wr_lisi_1', errcode: 90501, errmsg: 'unknown group' }] };
const strange = {
  customer: [
    { external_userid: 'wm_lisi_1', errcode: 0 },
    { external_userid: 'wm_lisi_2', errcode: 999_999 },
  ],
};

test('lists what WeCom refuses by its code, one that is new to us too, and a retry sends just these again', async () => {
  await wecom.reset();
  await answersOnce(transferGroup, gone);
  await answersOnce(transferCustomer, strange);

  const id = await offboarding.start(leaving(toWangwu));
  lambda.advance(2 * hourMs);
  await lambda.settled();
  const { leftOver } = (await offboarding.get(id)).handover;
  expect(leftOver).toEqual([
    { kind: 'customers', id: 'wm_lisi_2', code: '999999' },
    { kind: 'groups', id: 'wr_lisi_1', code: '90501' },
  ]);
  // The first customer is on the way as far as WeCom says; that was a lie, and it stays pending.
  const stopped = await throughTrouble(offboarding, id);
  expect(stopped.status).toBe('needs_attention');
  expect(stopped.handover).toEqual({ moved: nothing, pending: { customers: ['wm_lisi_1'], groups: [] }, leftOver });

  expect((await offboarding.retry(id)).status).toBe(202);
  const run = await throughTrouble(offboarding, id);

  expect((await sentTo(transferCustomer)).map(({ external_userid }) => external_userid)).toEqual([
    numbered('wm', 1, 2),
    ['wm_lisi_2'],
  ]);
  expect(run.handover.moved).toEqual({ customers: ['wm_lisi_2'], groups: ['wr_lisi_1'] });
});

test('a retry whose first attempt dies sends what was left over all the same', async () => {
  await answersOnce(transferGroup, gone);
  const id = await offboarding.start(leaving(toWangwu));
  expect((await throughTrouble(offboarding, id)).handover.leftOver).toHaveLength(1);
  // Once the attempt was noted, and before anything was done.
  functions.dieAt(
    ({ what, target, body }) =>
      functions.deaths === 0 && what === 'answered' && target === 'UpdateItem' && body.includes('"S":"running"'),
  );

  await offboarding.retry(id);
  const run = await throughTrouble(offboarding, id);

  expect(functions.deaths).toBe(1);
  expect(run.status).toBe('completed');
  expect(run.handover.leftOver).toEqual([]);
});

test('waits out an outage of WeCom after days of handing over', async () => {
  await wecom.reset({ groups: { lisi: 400 } });
  const id = await offboarding.start(leaving(toWangwu));
  expect((await offboarding.get(id)).handover.moved.groups).toHaveLength(300);
  lambda.advance(dayMs - 10 * minuteMs);
  await lambda.settled();
  await wecom.faults({ path: transferGroup, times: 12, then: { status: 503 } });

  const run = await throughTrouble(offboarding, id);

  expect(run.status).toBe('completed');
  expect(run.handover.moved.groups).toHaveLength(400);
});

test('without the secret for customers the handover is unsupported, and says where to do it', async () => {
  await wecom.secret({});

  const id = await offboarding.start(leaving(toWangwu));
  const run = await throughTrouble(offboarding, id);

  expect(run.status).toBe('completed');
  expect(run.handover).toBeUndefined();
  expect(stepOf(run, 'wecom', 'handover')).toMatchObject({
    status: 'unsupported',
    reason: expect.stringContaining('customerContactSecret'),
  });
});

describe('when the taker has left too', () => {
  const leavingLater = (wecomHandover: object) => ({ ...leaving(wecomHandover), graceDays: 1 });

  test('nobody is deleted if nobody is left to take over', async () => {
    const id = await offboarding.start(leavingLater(toWangwu));
    await consoles(offboarding).deleteMember('wangwu');

    const run = await offboarding.toEnd(id);

    expect(stepOf(run, 'wecom', 'remove')).toMatchObject({
      status: 'needs_attention',
      reason: expect.stringMatching(/^provider_rejected: wangwu cannot take over any more/),
    });
    expect(await consoles(offboarding).memberOf('lisi')).toMatchObject({ enable: 0 });
  });

  test('everything goes to the fallback', async () => {
    await wecom.reset({ customers: { lisi: 2 }, groups: { lisi: 1 } });
    const id = await offboarding.start(leavingLater(orZhaoliu));
    await consoles(offboarding).deleteMember('wangwu');

    expect((await throughTrouble(offboarding, id)).status).toBe('completed');
    expect(await owners()).toEqual({ wm_lisi_1: 'zhaoliu', wm_lisi_2: 'zhaoliu', wr_lisi_1: 'zhaoliu' });
  });

  test('between the deletion and the handover: what it leaves over is listed', async () => {
    await wecom.reset({ customers: { lisi: 1 }, groups: { lisi: 1 } });
    await wecom.faults({ path: transferCustomer, then: { errcode: 45009 } });
    const id = await offboarding.start(leaving(toWangwu));
    await consoles(offboarding).deleteMember('wangwu');

    const { status, handover } = await throughTrouble(offboarding, id);

    expect(status).toBe('needs_attention');
    expect(handover.leftOver.map(({ code }: Json) => code)).toEqual(['taker_not_found', 'taker_not_found']);
  });
});
