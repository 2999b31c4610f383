import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings, stepOf } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import {
  consoles,
  everywhere,
  halt,
  inMs,
  now,
  onlyWecom,
  onlyWibiclick,
  putItem,
  storedItems,
  storedRun,
} from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const by = consoles(offboarding);
logLines();

const denied = { errcode: 60011 };

async function cancelled(id: string): Promise<Json> {
  const answer = await offboarding.cancel(id);
  expect(answer.status).toBe(202);
  return offboarding.toEnd(id);
}

const asBefore = async () => {
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 1 });
  expect(await by.userOf('sunqi')).toMatchObject({ disabled: false });
  expect((await by.websitesOf('101')).toSorted()).toEqual(['201', '202']);
};

test.each([
  ['planned', {}],
  ['held', { approval: 'four-eyes' }],
])('a run that is %s ends at once, keeps nothing of the request, and is never applied', async (status, settings) => {
  offboarding.settings(settings);
  const { body: planned } = await offboarding.plan(everywhere);
  expect(planned.status).toBe(status);

  expect(await offboarding.cancel(planned.id)).toMatchObject({ status: 202, body: { status: 'cancelled' } });

  expect((await storedRun(planned.id)).request).toBeUndefined();
  const late = await offboarding.apply(planned.id, planned.digest);
  expect(late).toMatchObject({ status: 409, body: { code: 'conflict', runStatus: 'cancelled' } });
  expect(await by.sent()).toEqual([]);
});

test('a run that waits for its time ends, and nothing was ever sent', async () => {
  const id = await offboarding.start({ ...everywhere, effectiveAt: inMs(dayMs) });

  const run = await cancelled(id);

  expect(run.status).toBe('cancelled');
  expect(run.plan.steps.filter(({ action }: Json) => action === 'restore')).toEqual([]);
  expect(stepOf(run, 'wecom', 'disable')).toMatchObject({ status: 'skipped', reason: 'the run was cancelled' });
  lambda.advance(2 * dayMs);
  await lambda.settled();
  expect(await by.sent()).toEqual([]);
});

test('a run that is still disabling gives back what it had taken, and takes nothing more', async () => {
  await wecom.faults({ path: '/cgi-bin/user/update', times: 1_000, then: { status: 503 } });
  const id = await offboarding.start(everywhere);
  expect((await offboarding.get(id)).status).toBe('disabling');

  const run = await cancelled(id);

  expect(run.status).toBe('cancelled');
  expect(stepOf(run, 'wecom', 'disable').status).toBe('skipped');
  expect(stepOf(run, 'wecom', 'restore')).toMatchObject({ status: 'skipped' });
  await asBefore();
});

test('in the grace everything is given back, and what cannot be proved is named', async () => {
  const id = await offboarding.start(everywhere);
  expect((await offboarding.get(id)).status).toBe('grace');

  const run = await cancelled(id);

  expect(run.status).toBe('cancelled');
  expect(stepOf(run, 'wecom', 'restore')).toMatchObject({
    status: 'succeeded',
    result: { outcome: 'enabled', verified: true },
  });
  expect(stepOf(run, 'dingtalk', 'restore')).toMatchObject({
    status: 'succeeded',
    result: { outcome: 'enabled', verified: 'unverified', reason: expect.any(String) },
  });
  expect(stepOf(run, 'wibiclick', 'restore')).toMatchObject({
    status: 'succeeded',
    reason: expect.stringContaining('role'),
    result: { role: 'unverified', websites: { 201: 'connected', 202: 'connected' } },
  });
  for (const provider of ['wecom', 'dingtalk', 'wibiclick']) {
    expect(stepOf(run, provider, 'remove')).toMatchObject({ status: 'skipped', reason: 'the run was cancelled' });
  }
  await asBefore();
  expect((await storedRun(id)).request).toBeUndefined();

  const { length } = await by.sent();
  lambda.advance(60 * dayMs);
  await lambda.settled();
  expect(await by.sent()).toHaveLength(length);
});

test('only the websites that this run disconnected are connected again', async () => {
  const id = await offboarding.start({ accounts: { wibiclick: { userId: '101', websites: ['202'] } } });
  await by.disconnect('101', '201');

  await cancelled(id);

  expect(await by.websitesOf('101')).toEqual(['202']);
});

test('a halt does not keep accounts disabled', async () => {
  const id = await offboarding.start(everywhere);
  await halt();

  expect((await cancelled(id)).status).toBe('cancelled');
  await asBefore();
});

test('nor does one that began while what gives an account back was on its way', async () => {
  const id = await offboarding.start(everywhere);
  const before = await wecom.requests('/cgi-bin/user/get');
  await wecom.hold('/cgi-bin/user/get', { method: 'GET' });
  await offboarding.cancel(id);
  await wecom.came('/cgi-bin/user/get', before.length + 1);
  await halt();
  time.advance(6_000);
  await wecom.release();

  expect((await offboarding.toEnd(id)).status).toBe('cancelled');
  await asBefore();
});

test('a member who was disabled before the plan stays disabled', async () => {
  await by.changeMember('lisi', { enable: 0 });
  const id = await offboarding.start(everywhere);
  expect(stepOf(await offboarding.get(id), 'wecom', 'disable').status).toBe('skipped');

  const run = await cancelled(id);

  expect(run.status).toBe('cancelled');
  expect(stepOf(run, 'wecom', 'restore')).toBeUndefined();
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 0 });
  expect(await by.websitesOf('101')).toEqual(['201', '202']);
});

test.each([
  {
    what: 'who was deleted meanwhile',
    change: () => by.deleteMember('lisi'),
    says: /deleted by somebody else/,
  },
  { what: 'who is somebody else now', change: () => by.changeMember('lisi', { name: '李四四' }), says: /the name/ },
])('a member $what is named and not enabled; the others get theirs back', async ({ change, says }) => {
  const id = await offboarding.start(everywhere);
  await change();

  const run = await cancelled(id);

  expect(run.status).toBe('needs_attention');
  expect(stepOf(run, 'wecom', 'restore')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(says),
  });
  expect(await by.userOf('sunqi')).toMatchObject({ disabled: false });
  expect(await by.websitesOf('101')).toEqual(['201', '202']);
});

test.each([
  {
    provider: 'wecom',
    fail: () => wecom.faults({ path: '/cgi-bin/user/update', times: 1, then: denied }),
  },
  {
    provider: 'dingtalk',
    fail: () => dingtalk.faults({ path: '/v1.0/contact/orgAccounts/enable', times: 1, then: denied }),
  },
  {
    provider: 'wibiclick',
    fail: () => wibiclick.faults({ path: '/connect-user-to-website', times: 1, then: { status: 403 } }),
  },
])('what could not be given back in $provider needs attention, and a retry finishes it', async ({ provider, fail }) => {
  const id = await offboarding.start(everywhere);
  await fail();

  const run = await cancelled(id);
  expect(run.status).toBe('needs_attention');
  expect(stepOf(run, provider, 'restore')).toMatchObject({ status: 'needs_attention', reason: expect.any(String) });
  const restored = run.plan.steps.filter(({ action, status }: Json) => action === 'restore' && status === 'succeeded');
  expect(restored).toHaveLength(2);
  const before = await by.sent();

  expect(await offboarding.retry(id)).toMatchObject({ status: 202, body: { status: 'cancelling' } });
  expect((await offboarding.toEnd(id)).status).toBe('cancelled');
  await asBefore();
  expect((await by.sent()).length - before.length).toBe(1);
});

test.each([
  { status: 'handing_over', body: { ...everywhere, graceDays: 0 }, given: async () => {} },
  { status: 'completed', body: { ...onlyWecom, graceDays: 0 }, given: async () => {} },
  {
    status: 'removing',
    body: { ...onlyWecom, graceDays: 0 },
    given: () => wecom.faults({ method: 'GET', path: '/cgi-bin/user/delete', times: 1_000, then: { errcode: -1 } }),
  },
  {
    status: 'needs_attention',
    body: { ...onlyWecom, graceDays: 0 },
    given: () => wecom.faults({ method: 'GET', path: '/cgi-bin/user/delete', times: 1_000, then: denied }),
  },
])('once removing has begun a run cannot be cancelled: $status', async ({ status, body, given }) => {
  await given();
  const id = await offboarding.start(body);
  const { length } = await by.sent();

  const answer = await offboarding.cancel(id);

  expect(answer).toMatchObject({ status: 409, body: { code: 'conflict', runStatus: status } });
  expect((await offboarding.get(id)).status).toBe(status);
  expect(await by.sent()).toHaveLength(length);
});

test.each([0, 1, 2, 3, 4])('of a cancel and a removal at the same moment one wins (%i)', async (head) => {
  const id = await offboarding.start({ ...onlyWecom, graceDays: 1 });
  lambda.advance(dayMs + 1_000);
  for (let waited = 0; waited < head; waited++) await offboarding.get(id);

  const answer = await offboarding.cancel(id);
  const run = await offboarding.toEnd(id);

  const member = await by.memberOf('lisi');
  expect({ answer: answer.status, run: run.status, member: member?.enable }).toEqual(
    answer.status === 202
      ? { answer: 202, run: 'cancelled', member: 1 }
      : { answer: 409, run: 'completed', member: undefined },
  );
});

test('a run is cancelled once', async () => {
  const id = await offboarding.start(onlyWecom);
  await cancelled(id);

  expect(await offboarding.cancel(id)).toMatchObject({
    status: 409,
    body: { code: 'conflict', runStatus: 'cancelled' },
  });
});

test('a run that needs attention before anything was removed can be cancelled too', async () => {
  await wibiclick.faults({ path: '/disconnect-user-from-website', times: 1, then: { status: 403 } });
  const id = await offboarding.start(onlyWibiclick);
  expect((await offboarding.get(id)).status).toBe('needs_attention');
  expect(await by.websitesOf('101')).toHaveLength(1);

  const run = await cancelled(id);

  expect(run.status).toBe('cancelled');
  expect((await by.websitesOf('101')).sort()).toEqual(['201', '202']);
});

test('what was written to the account since does not hide what this run took', async () => {
  const id = await offboarding.start(onlyWecom);
  const earlier = Array.from({ length: 1_200 }, (_, number) =>
    putItem({
      pk: 'member#wecom:lisi',
      sk: `entry#${String(now() + number).padStart(15, '0')}#${number}`,
      id: String(number),
      at: now() + number,
      caller: 'somebody',
      subject: 'wecom:lisi',
      operation: 'PATCH /wecom/users/{userid}',
      requestId: 'r',
      state: 'succeeded',
    }),
  );
  await Promise.all(earlier);

  expect(stepOf(await cancelled(id), 'wecom', 'restore')).toMatchObject({ status: 'succeeded' });
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 1 });
});

test('a WibiClick removal, which only reads, leaves the others their way back', async () => {
  const id = await offboarding.start({
    accounts: { ...onlyWecom.accounts, ...onlyWibiclick.accounts },
    graceDays: { wecom: 30, wibiclick: 0 },
  });
  const resting = await offboarding.get(id);
  expect(resting.status).toBe('grace');
  expect(stepOf(resting, 'wibiclick', 'verify').status).toBe('succeeded');

  expect((await cancelled(id)).status).toBe('cancelled');
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 1 });
  expect(await by.websitesOf('101')).toEqual(['201', '202']);
});

test('what may have been taken before a refusal is given back', async () => {
  await wecom.faults({ path: '/cgi-bin/user/update', then: denied });
  const id = await offboarding.start(onlyWecom);
  const stored = await storedItems();
  const refused = stored.find(({ pk, state }) => pk === 'member#wecom:lisi' && state === 'failed');
  await putItem({ ...refused, sk: `entry#${'0'.repeat(15)}#earlier`, id: 'earlier', state: 'unknown' });
  await by.changeMember('lisi', { enable: 0 });

  expect(stepOf(await cancelled(id), 'wecom', 'restore').status).toBe('succeeded');
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 1 });
});

test.each([
  {
    what: 'is no more',
    given: () =>
      wibiclick.faults({
        method: 'GET',
        path: '/get-websites',
        times: 1_000,
        then: { body: JSON.stringify([202, 203, 204].map((value) => ({ value, label: `site ${value}` }))) },
      }),
  },
  { what: 'is refused', given: () => wibiclick.faults({ path: '/connect-user-to-website', then: { status: 403 } }) },
])('one website that $what keeps none of the others away', async ({ given }) => {
  const id = await offboarding.start(onlyWibiclick);
  expect(await by.websitesOf('101')).toEqual([]);
  await given();

  const run = await cancelled(id);

  expect(stepOf(run, 'wibiclick', 'restore').status).toBe('needs_attention');
  expect(await by.websitesOf('101')).toEqual(['202']);
});
