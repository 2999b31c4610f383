import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { Died, type HttpEvent, isChange, mortal, throughTrouble } from '../../support/mortal.ts';
import { minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { everywhere, storedItems } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const functions = mortal();
const log = logLines();

beforeEach(() =>
  lambda.invokeBy(
    functions.invoking(async () => (await import('../../../functions/offboarding/run-offboarding.ts')).handler),
  ),
);

test('one life makes hundreds of requests', async () => {
  const id = await offboarding.start({ ...everywhere, graceDays: 1 });
  const { events } = functions;
  await expectEachEffectOnce(await throughTrouble(offboarding, id));

  // Each request has two events: it is sent, it is answered.
  expect(functions.events).toBeGreaterThan(events);
  expect(functions.events).toBeGreaterThan(500);
});

/** Between two changes of the outside one moment is as good as another to die, so each change is one. */
const stride = 30;
/** USHER_DEATHS=all tries them all, which takes minutes. */
const firsts = Array.from({ length: stride }, (_, first) => first).filter(
  (first) => process.env.USHER_DEATHS === 'all' || first % 10 === 0,
);

test.each(firsts)(
  'dies before change %i and every 30th after it, and completes with each effect once',
  async (first) => {
    functions.dieAt(changesWhere((change) => change % stride === first));

    const id = await offboarding.start({ ...everywhere, graceDays: 1 });
    const run = await throughTrouble(offboarding, id);

    expect(functions.deaths).toBeGreaterThan(5);
    await expectEachEffectOnce(run);
  },
);

test.each([0, 5, 10, 15, 20])(
  'dies before change %i and every 25th after it once cancelled, and gives everything back',
  async (first) => {
    const id = await offboarding.start({ ...everywhere, graceDays: 30 });
    functions.dieAt(changesWhere((change) => change % 25 === first));

    expect((await offboarding.cancel(id)).status).toBe(202);
    const run = await throughTrouble(offboarding, id);

    expect(functions.deaths).toBeGreaterThan(1);
    expect({ status: run.status, reasons: reasonsOf(run) }).toEqual({ status: 'cancelled', reasons: [] });
    expect(await outsideOf()).toEqual({
      members: [expect.objectContaining({ enable: 1 })],
      users: [expect.objectContaining({ disabled: false })],
      websites: [expect.objectContaining({ websiteId: '201' }), expect.objectContaining({ websiteId: '202' })],
    });
    const items = await storedItems();
    expect(items.filter(({ sk }) => sk === 'open')).toEqual([]);
  },
);

/** The changes that a call makes, and one more, which is never reached. */
const momentsOf = (changes: number): { fatal: number; dies: boolean }[] =>
  Array.from({ length: changes + 1 }, (_, index) => ({ fatal: index + 1, dies: index < changes }));

test.each(momentsOf(5))(
  'apply dies before its change $fatal, and the plan is applied all the same or can be',
  async (moment) => {
    const { body: plan } = await offboarding.plan({ ...everywhere, graceDays: 1 });

    await dieAt(moment, () => offboarding.apply(plan.id, plan.digest));
    await halfAnHour();
    const { status } = await offboarding.get(plan.id);
    if (status === 'planned') expect((await offboarding.apply(plan.id, plan.digest)).status).toBe(202);
    await expectEachEffectOnce(await throughTrouble(offboarding, plan.id));
  },
);

test.each(momentsOf(6))(
  'cancel dies before its change $fatal, and the run is as it was or is cancelled soon',
  async (moment) => {
    const id = await offboarding.start({ ...everywhere, graceDays: 30 });

    await dieAt(moment, () => offboarding.cancel(id));
    await halfAnHour();
    const { status } = await offboarding.get(id);
    expect(['grace', 'cancelled']).toContain(status);
  },
);

test.each(momentsOf(5))(
  'retry dies before its change $fatal, and the step is tried again or can be',
  async (moment) => {
    await wecom.faults({ path: '/cgi-bin/user/update', then: { errcode: 60011 } });
    const id = await offboarding.start({ ...everywhere, graceDays: 0 });
    expect((await offboarding.toEnd(id)).status).toBe('needs_attention');

    await dieAt(moment, () => offboarding.retry(id));
    await halfAnHour();
    if ((await offboarding.get(id)).status === 'needs_attention')
      expect((await offboarding.retry(id)).status).toBe(202);
    expect((await throughTrouble(offboarding, id)).status).toBe('completed');
  },
);

async function halfAnHour(): Promise<void> {
  for (let minutes = 0; minutes < 30; minutes += 3) {
    await lambda.settled();
    await offboarding.settleIntents();
    await offboarding.watchRuns();
    await lambda.settled();
    lambda.advance(3 * minuteMs);
  }
}

/** What is called dies before its n-th change. */
async function dieAt({ fatal, dies }: { fatal: number; dies: boolean }, call: () => Promise<unknown>): Promise<void> {
  const died = functions.live(call, { diesAt: changesWhere((change) => change === fatal) });
  if (dies) await expect(died).rejects.toThrow(Died);
  else await died;
}

/** Changes are counted from 1. */
function changesWhere(holds: (change: number) => boolean): (event: HttpEvent) => boolean {
  let changes = 0;
  return (event) => {
    if (!isChange(event)) return false;
    changes += 1;
    return holds(changes);
  };
}

async function expectEachEffectOnce(run: Json): Promise<void> {
  const { 'POST /v1.0/contact/orgAccounts/disable': disabled, ...others } = await sentWrites();
  expect({ status: run.status, reasons: reasonsOf(run), others }).toEqual({
    status: 'completed',
    reasons: [],
    others: {
      'POST /cgi-bin/user/update': 1,
      'GET /cgi-bin/user/delete': 1,
      'POST /cgi-bin/externalcontact/resigned/transfer_customer': 1,
      'POST /cgi-bin/externalcontact/groupchat/transfer': 1,
      'POST /topapi/v2/user/delete': 1,
      'POST /disconnect-user-from-website': 2,
    },
  });
  // DingTalk shows nobody whether an account is disabled, so what became of it stays unknown, and it is sent again.
  expect(disabled).toBeLessThanOrEqual(2);
  expect(await outsideOf()).toEqual({ members: [], users: [], websites: [] });
  expect(run.handover).toEqual({
    moved: { customers: ['wm_lisi_1', 'wm_lisi_2'], groups: ['wr_lisi_1'] },
    pending: { customers: [], groups: [] },
    leftOver: [],
  });
  expect(['wecom', 'dingtalk', 'wibiclick'].map((name) => stepOf(run, name, 'remove').result.outcome)).toEqual([
    'deleted',
    'deleted',
    'nothing_more_to_remove',
  ]);
  await halfAnHour();
  const items = await storedItems();
  expect(items.filter(({ sk }) => sk === 'open' || sk === 'watch')).toEqual([]);
  const done = items.filter(({ sk, state }) => sk.startsWith('entry#') && state === 'succeeded');
  expect(done.map(({ operation, subject }) => `${operation} ${subject}`).sort()).toEqual([
    'offboarding dingtalk.disable dingtalk:sunqi',
    'offboarding dingtalk.remove dingtalk:sunqi',
    'offboarding wecom.disable wecom:lisi',
    'offboarding wecom.handover wecom:lisi',
    'offboarding wecom.handover wecom:lisi',
    'offboarding wecom.remove wecom:lisi',
    'offboarding wibiclick.disable wibiclick:101',
    'offboarding wibiclick.disable wibiclick:101',
  ]);
}

const reasonsOf = (run: Json): string[] =>
  run.plan.steps.flatMap(({ status, reason }: Json) => (status === 'needs_attention' ? [reason] : []));

async function sentWrites(): Promise<Record<string, number>> {
  const all = await offboarding.writes();
  const groups = Map.groupBy(all, ({ method, path }: Json) => `${method} ${path}`);
  return Object.fromEntries([...groups].map(([name, { length }]) => [name, length]));
}

/** What the leaver still has. */
async function outsideOf() {
  const [inWecom, inDingtalk, inWibiclick] = await Promise.all(
    [wecom, dingtalk, wibiclick].map((provider) => provider.state()),
  );
  return {
    members: inWecom.members.filter(({ userid }: Json) => userid === 'lisi'),
    users: inDingtalk.members.filter(({ userid }: Json) => userid === 'sunqi'),
    websites: inWibiclick.links.filter(({ userId }: Json) => userId === '101'),
  };
}

test('an alarm is counted for a step that needs a person, also when it dies of recording that', async () => {
  await wecom.faults({ path: '/cgi-bin/user/update', then: { errcode: 60011 } });
  let isOver = false;
  functions.dieAt(({ what, target, body }) => {
    if (isOver || what !== 'answered' || target !== 'UpdateItem' || !body.includes('provider_permission')) return false;
    isOver = true;
    return true;
  });

  const id = await offboarding.start({ accounts: { wecom: { userid: 'lisi' } } });
  const run = await throughTrouble(offboarding, id);

  expect(isOver).toBe(true);
  expect(stepOf(run, 'wecom', 'disable').status).toBe('needs_attention');
  expect(log.parsed()).toContainEqual(expect.objectContaining({ run_needs_attention: 1 }));
});
