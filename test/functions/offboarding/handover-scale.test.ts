import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { type HttpEvent, isChange, mortal, throughTrouble } from '../../support/mortal.ts';
import { dayMs, offboardings } from '../../support/runs.ts';

const offboarding = offboardings();
const { wecom, lambda } = offboarding;
const functions = mortal();
logLines();

const leaver = 'lisi';
const isTransfer = ({ path }: Pick<HttpEvent, 'path'>): boolean => /transfer(_customer)?$/.test(path);
const idsIn = ({ body }: Pick<HttpEvent, 'body'>): string[] => {
  const { external_userid, chat_id_list } = JSON.parse(body);
  return external_userid ?? chat_id_list;
};

/** Ids that a call was about to send although they had been sent before to the same taker, or were not the leaver's. */
let needless: string[] = [];

async function inspect(event: Pick<HttpEvent, 'body'>): Promise<void> {
  const { takeover_userid, new_owner } = JSON.parse(event.body);
  const { customers, groups } = await wecom.state();
  const untouched = new Set([
    ...customers
      .filter(({ userid, transfer }: Json) => userid === leaver && transfer?.takeover_userid !== takeover_userid)
      .map(({ external_userid }: Json) => external_userid),
    ...groups.filter(({ owner }: Json) => owner === leaver && new_owner).map(({ chat_id }: Json) => chat_id),
  ]);
  needless.push(...idsIn(event).filter((id) => !untouched.has(id)));
}

beforeEach(async () => {
  needless = [];
  lambda.invokeBy(
    functions.invoking(async () => (await import('../../../functions/offboarding/run-offboarding.ts')).handler, {
      gate: (call) => (isTransfer(call) ? inspect(call) : undefined),
    }),
  );
});

/**
 * Each call that hands over dies twice, before it is sent and once it is answered; and so, once, does each kind of write
 * that comes before or after it.
 */
function everyStep(): (event: HttpEvent) => boolean {
  const died = new Set<string>();
  const once = (name: string): boolean => !died.has(name) && died.add(name).size > 0;
  let call = '';
  return (event) => {
    if (isTransfer(event)) {
      call = idsIn(event).join();
      return once(`${event.what} ${call}`);
    }
    return call !== '' && isChange(event) && once(`${event.target || 'checkpoint'} ${kindOf(event.body)} ${call}`);
  };
}

const kindOf = (body: string): string => /assets#|"open"|entry#|"run"|"watch"/.exec(body)?.[0] ?? '';

/** The most that 24 hours saw. */
const mostInOneDay = (sent: { at: number; count: number }[]): number =>
  Math.max(
    ...sent.map(({ at }) =>
      sent.filter((other) => other.at > at - dayMs && other.at <= at).reduce((sum, { count }) => sum + count, 0),
    ),
  );

const numbers = (form: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${form}_${leaver}_${from + index}`);

test('hands 950 customers and 700 groups over within days, though it dies at every step', async () => {
  await wecom.reset({
    customers: { [leaver]: 950 },
    groups: { [leaver]: 700 },
    refusing: { wangwu: 13, zhaoliu: 5 },
    customerCap: { wangwu: 900 },
  });
  const calls: { at: number; isGroups: boolean; count: number }[] = [];
  functions.watch((event, isFatal) => {
    if (!isTransfer(event) || event.what !== 'sent' || isFatal) return;
    calls.push({ at: event.at, isGroups: event.path.includes('group'), count: idsIn(event).length });
  });
  functions.dieAt(everyStep());

  const id = await offboarding.start({
    accounts: { wecom: { userid: leaver } },
    handover: { wecom: { takeoverUserid: 'wangwu', fallbackUserid: 'zhaoliu' } },
    graceDays: 0,
  });
  const run = await throughTrouble(offboarding, id, { most: 2_000 });

  expect(functions.deaths).toBeGreaterThan(100);
  expect(needless).toEqual([]);
  expect(Math.max(...calls.map(({ count }) => count))).toBe(100);
  expect(mostInOneDay(calls.filter(({ isGroups }) => isGroups))).toBe(300);

  // 13 refuse the first taker, who has room for 900 of the others; 5 refuse the fallback too.
  const { moved, pending, leftOver } = run.handover;
  expect(leftOver).toEqual(numbers('wm', 1, 5).map((id) => ({ kind: 'customers', id, code: 'customer_refused' })));
  expect(new Set(moved.customers)).toEqual(new Set(numbers('wm', 6, 950)));
  expect(new Set(moved.groups)).toEqual(new Set(numbers('wr', 1, 700)));
  expect([moved.customers.length, moved.groups.length]).toEqual([945, 700]);
  expect(pending).toEqual({ customers: [], groups: [] });
  expect(run.status).toBe('needs_attention');

  const { customers, groups } = await wecom.state();
  const followed = (userid: string) => customers.filter((customer: Json) => customer.userid === userid).length;
  expect([followed('wangwu'), followed('zhaoliu'), followed(leaver)]).toEqual([900, 45, 5]);
  const kept = customers.filter(({ userid }: Json) => userid === leaver).map((each: Json) => each.external_userid);
  expect(kept).toEqual(leftOver.map(({ id }: Json) => id));
  expect(groups.filter(({ owner }: Json) => owner === 'wangwu')).toHaveLength(700);
});
