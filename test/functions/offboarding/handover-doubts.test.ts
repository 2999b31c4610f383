import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { events } from '../../support/events.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { throughTrouble } from '../../support/mortal.ts';
import { dayMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles, halt, inMs, onlyWecom, removeItem } from './support.ts';

const offboarding = offboardings();
const { wecom, lambda } = offboarding;
const by = consoles(offboarding);
const { told } = events();
logLines();

const hourMs = 3_600_000;
const transferCustomer = '/cgi-bin/externalcontact/resigned/transfer_customer';
const leaving = (takeoverUserid = 'wangwu') => ({
  ...onlyWecom,
  handover: { wecom: { takeoverUserid } },
  graceDays: 0,
});
const customerOf = async (id: string): Promise<Json> =>
  (await wecom.state()).customers.find(({ external_userid }: Json) => external_userid === id);
const ledgerOfLisi = async (): Promise<Json[]> =>
  (await invoke(readLedger, { query: 'subject=wecom:lisi' })).body.items;

test('what came to the leaver after the snapshot is handed over too', async () => {
  await wecom.reset({ customers: { lisi: 2 }, groups: { lisi: 1 } });
  const id = await offboarding.start({ ...leaving(), effectiveAt: inMs(hourMs) });
  await halt();
  // So far she has one customer only, and no group.
  const only = { errcode: 0, errmsg: 'ok', external_userid: ['wm_lisi_1'] };
  await wecom.faults(
    { method: 'GET', path: '/cgi-bin/externalcontact/list', then: { body: JSON.stringify(only) } },
    { path: '/cgi-bin/externalcontact/groupchat/list', then: { body: '{"errcode":0,"group_chat_list":[]}' } },
  );
  lambda.advance(hourMs + 60_000);
  await lambda.settled();
  expect(stepOf(await offboarding.get(id), 'wecom', 'snapshot')).toMatchObject({
    result: { customers: 1, groups: 0 },
  });
  lambda.advance(dayMs);
  await removeItem({ pk: 'halt', sk: 'halt' });

  const run = await throughTrouble(offboarding, id);

  expect(run.status).toBe('completed');
  expect(run.handover.moved).toEqual({ customers: ['wm_lisi_1', 'wm_lisi_2'], groups: ['wr_lisi_1'] });
  expect(await customerOf('wm_lisi_2')).toMatchObject({ userid: 'wangwu' });
});

test('a group that is no longer the leaver’s is not taken from its owner', async () => {
  await wecom.reset({ customers: {}, groups: { lisi: 0, zhangsan: 1 } });
  // At the time of the snapshot it was lisi's. In the grace it was given to zhangsan, who then left too.
  const group_chat_list = [{ chat_id: 'wr_zhangsan_1', status: 0 }];
  await wecom.faults({
    path: '/cgi-bin/externalcontact/groupchat/list',
    times: 2,
    then: { body: JSON.stringify({ errcode: 0, errmsg: 'ok', group_chat_list }) },
  });
  const id = await offboarding.start({ ...leaving(), graceDays: 30 });
  await by.deleteMember('zhangsan');

  const run = await throughTrouble(offboarding, id);

  expect(run.handover.leftOver).toEqual([{ kind: 'groups', id: 'wr_zhangsan_1', code: 'other_owner' }]);
  const { groups } = await wecom.state();
  expect(groups.find(({ chat_id }: Json) => chat_id === 'wr_zhangsan_1').owner).toBe('zhangsan');
});

test('a retry whose call never reached WeCom is made again', async () => {
  await wecom.reset({ customers: { lisi: 1 }, groups: {}, refusing: { wangwu: 1 } });
  const id = await offboarding.start(leaving());
  const stopped = await throughTrouble(offboarding, id);
  expect(stopped.handover.leftOver).toHaveLength(1);
  const before = await customerOf('wm_lisi_1');
  await wecom.faults({ path: transferCustomer, then: { drop: 'before' } });

  await offboarding.retry(id);
  await lambda.settled();

  expect((await ledgerOfLisi())[0]).toMatchObject({ state: 'succeeded' });
  const after = await customerOf('wm_lisi_1');
  expect(after.transfer.takeover_time).toBeGreaterThan(before.transfer.takeover_time);
});

test('a retry waits out a "later" as the first attempt does', async () => {
  await wecom.reset({ customers: { lisi: 1 }, groups: {} });
  const answer = (errcode: number) =>
    wecom.faults({
      path: transferCustomer,
      then: {
        body: JSON.stringify({ errcode: 0, errmsg: 'ok', customer: [{ external_userid: 'wm_lisi_1', errcode }] }),
      },
    });
  await answer(41054);
  const id = await offboarding.start(leaving());
  const stopped = await throughTrouble(offboarding, id);
  expect(stopped.handover.leftOver).toMatchObject([{ code: '41054' }]);
  lambda.advance(3 * dayMs);
  await answer(45035);

  await offboarding.retry(id);
  const run = await throughTrouble(offboarding, id);

  expect(run.handover).toMatchObject({ leftOver: [], moved: { customers: ['wm_lisi_1'] } });
});

test('a handover of which nothing moved is told as no success', async () => {
  const id = await offboarding.start(leaving('wujiu')); // who has never activated WeCom

  const run = await throughTrouble(offboarding, id);

  expect(run.handover).toMatchObject({ moved: { customers: [], groups: [] }, pending: { customers: [], groups: [] } });
  const states = (await ledgerOfLisi()).flatMap(({ operation, state }) =>
    operation === 'offboarding wecom.handover' ? [state] : [],
  );
  expect(new Set(states)).toEqual(new Set(['failed']));
  expect(JSON.stringify(await told())).not.toContain('Member.handed_over');
});
