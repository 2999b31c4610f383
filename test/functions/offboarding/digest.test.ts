import type { Json, TestAnswer } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings } from '../../support/runs.ts';
import {
  changeRequest,
  changeStored,
  consoles,
  everywhere,
  fence,
  inMs,
  onlyDingtalk,
  onlyWecom,
  onlyWibiclick,
  putItem,
  secretCacheMs,
  startAlias,
  storedRun,
} from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const by = consoles(offboarding);
logLines();

const customerContact = { customerContactSecret: 'sandbox-customer' };
const applied = { status: 202 };

interface Drift {
  what: string;
  body?: object;
  /** Before the plan. */
  given?: () => Promise<unknown>;
  /** Between the plan and its apply. */
  change(id: string): unknown;
  /** How the fresh plan's own digest is answered. */
  then?: object;
}

async function secretOf(provider: { secret(changes: object): Promise<unknown> }, changes: object): Promise<void> {
  await provider.secret(changes);
  lambda.advance(secretCacheMs);
}

/** Two tenants behind one address, so that nothing else changes. */
async function twoTenants(provider: { url: string; secret(changes: object): Promise<unknown> }, ids: [string, string]) {
  const alias = await startAlias(provider.url, [ids]);
  baseUrls = { baseUrl: alias.url, ...(provider === dingtalk && { apiBaseUrl: alias.url }) };
  await provider.secret(baseUrls);
}
let baseUrls: object = {};

const drifts: Drift[] = [
  {
    what: 'the corpId, where nothing else tells the corps apart',
    body: onlyWecom,
    given: async () => {
      await twoTenants(wecom, ['wwother', 'wwsandbox']);
      await secretOf(wecom, { ...baseUrls, appSecret: undefined });
    },
    change: () => secretOf(wecom, { ...baseUrls, appSecret: undefined, corpId: 'wwother' }),
  },
  {
    what: 'the base URL of WeCom',
    change: () => secretOf(wecom, { ...customerContact, baseUrl: `${wecom.url}/` }),
  },
  {
    what: 'the appKey',
    given: () => twoTenants(dingtalk, ['dingother', 'dingsandbox']),
    change: () => secretOf(dingtalk, { ...baseUrls, appKey: 'dingother' }),
  },
  { what: 'the base URL of DingTalk', change: () => secretOf(dingtalk, { baseUrl: `${dingtalk.url}/` }) },
  {
    what: 'the base URL of the new API of DingTalk',
    change: () => secretOf(dingtalk, { apiBaseUrl: `${dingtalk.url}/` }),
  },
  { what: 'the base URL of WibiClick', change: () => secretOf(wibiclick, { baseUrl: `${wibiclick.url}/` }) },
  { what: 'the requester', change: (id) => changeStored(id, { requester: 'arn:aws:iam::1:user/other' }) },

  { what: 'the name in WeCom', change: () => by.changeMember('lisi', { name: '李四四' }) },
  { what: 'the departments in WeCom', change: () => by.changeMember('lisi', { department: [2] }) },
  { what: 'the status in WeCom', change: () => by.changeMember('lisi', { enable: 0 }) },
  { what: 'whom the member leads in WeCom', change: () => by.changeMember('lisi', { is_leader_in_dept: [1, 0] }) },
  {
    what: 'the departments in WeCom, with the contact secret alone',
    body: onlyWecom,
    given: () => wecom.secret({ appSecret: undefined }),
    change: () => by.changeMember('lisi', { department: [2] }),
  },
  {
    what: 'the WeCom member, who is gone',
    change: () => by.deleteMember('lisi'),
    then: { status: 404, body: { errors: [{ path: 'accounts.wecom.userid', message: expect.any(String) }] } },
  },
  {
    what: 'the unionid in DingTalk',
    body: { accounts: { dingtalk: { userid: 'lisi' } } },
    change: () => by.recreateUser('lisi'),
  },
  {
    what: 'the enterprise flag in DingTalk',
    body: onlyDingtalk,
    change: () => by.showUser('sunqi', { exclusive_account: false }),
  },
  {
    what: 'who is an administrator of DingTalk',
    body: onlyDingtalk,
    change: () => by.showUser('sunqi', { admin: true }),
    then: { status: 409, body: { code: 'protected' } },
  },
  {
    what: 'who is a boss in DingTalk',
    body: onlyDingtalk,
    change: () => by.showUser('sunqi', { boss: true }),
    then: { status: 409, body: { code: 'protected' } },
  },
  {
    what: 'whom the user leads in DingTalk',
    body: onlyDingtalk,
    change: () => by.showUser('sunqi', { leader_in_dept: [{ dept_id: 2, leader: true }] }),
  },
  {
    what: 'the DingTalk user, who is gone',
    body: onlyDingtalk,
    change: () => by.deleteUser('sunqi'),
    then: { status: 404, body: { errors: [{ path: 'accounts.dingtalk.userid', message: expect.any(String) }] } },
  },
  { what: 'another website', body: onlyWibiclick, change: () => by.connect('101', '203') },
  { what: 'one website less', body: onlyWibiclick, change: () => by.disconnect('101', '201') },
  {
    what: 'another website, which is not to be disconnected',
    body: { accounts: { wibiclick: { userId: '101', websites: ['201'] } } },
    change: () => by.connect('101', '203'),
  },

  {
    what: 'the taker in WeCom, who is gone',
    change: () => by.deleteMember('wangwu'),
    then: { status: 422, body: { errors: [{ path: 'handover.wecom.takeoverUserid', message: expect.any(String) }] } },
  },
  {
    what: 'the second taker in WeCom, who is gone',
    body: { ...onlyWecom, handover: { wecom: { takeoverUserid: 'wangwu', fallbackUserid: 'sunqi' } } },
    change: () => by.deleteMember('sunqi'),
    then: { status: 422, body: { errors: [{ path: 'handover.wecom.fallbackUserid', message: expect.any(String) }] } },
  },
  {
    what: 'the taker in DingTalk, who is gone',
    body: { ...onlyDingtalk, handover: { dingtalk: { dingDoc: { action: 'handover', handoverUserId: 'wangwu' } } } },
    change: () => by.deleteUser('wangwu'),
    then: {
      status: 422,
      body: { errors: [{ path: 'handover.dingtalk.dingDoc.handoverUserId', message: expect.any(String) }] },
    },
  },
  { what: 'the steps: no handover without its secret', change: () => secretOf(wecom, {}) },

  { what: 'effectiveAt', change: (id) => changeRequest(id, { effectiveAt: inMs(dayMs) }) },
  { what: 'graceDays', change: (id) => changeRequest(id, { graceDays: 3 }) },
  { what: 'graceDays of one provider', change: (id) => changeRequest(id, { graceDays: { wecom: 30, wibiclick: 29 } }) },
  { what: 'urgent', change: (id) => changeRequest(id, { urgent: true }) },
  {
    what: 'how DingTalk hands over',
    body: { ...onlyDingtalk, handover: { dingtalk: { subordinate: { action: 'remove' } } } },
    change: (id) => changeRequest(id, { handover: { dingtalk: { subordinate: { action: 'skip' } } } }),
  },

  { what: 'the setting graceDays', change: () => offboarding.settings({ graceDays: 7 }) },
  { what: 'the setting planHours', change: () => offboarding.settings({ planHours: 48 }) },
  {
    what: 'the setting approval',
    change: () => offboarding.settings({ approval: 'four-eyes' }),
    then: { status: 409, body: { code: 'conflict', runStatus: 'held' } },
  },
  { what: 'the setting fence', change: () => fence(49) },
  {
    what: 'when it was planned',
    change: async (id) => changeStored(id, { plannedAt: (await storedRun(id)).plannedAt - 1 }),
  },
  { what: 'the time: it expired', change: () => lambda.advance(dayMs + 3_600_000) },
];

const drifted = (answer: TestAnswer, than: Json) => {
  expect(answer).toMatchObject({ status: 409, body: { code: 'plan_drifted', outcome: 'not_applied' } });
  const { digest, expiresAt, plan } = answer.body;
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(digest).not.toBe(than.digest);
  expect(Date.parse(expiresAt)).toBeGreaterThanOrEqual(Date.parse(than.expiresAt) - 1);
  expect(plan.steps.length).toBeGreaterThan(0);
  return answer.body;
};

test.each(drifts)('a plan drifts with $what', async ({ body = everywhere, given, change, then = applied }) => {
  await given?.();
  const { body: planned } = await offboarding.plan(body);
  await change(planned.id);

  const fresh = drifted(await offboarding.apply(planned.id, planned.digest), planned);
  expect(await by.sent()).toEqual([]);
  const shown = await offboarding.get(planned.id);
  expect(shown).toMatchObject({ digest: fresh.digest, expiresAt: fresh.expiresAt, plan: fresh.plan });
  expect(shown.startedAt).toBeUndefined();

  expect(await offboarding.apply(planned.id, fresh.digest)).toMatchObject(then);
  await lambda.settled();
});

test('a plan that nothing changed does not drift, as late as its last second', async () => {
  const { body: planned } = await offboarding.plan(everywhere);
  lambda.advance(dayMs - 30_000);

  expect((await offboarding.apply(planned.id, planned.digest)).status).toBe(202);
  await lambda.settled();
});

test('the same request twice makes two plans, and neither digest stands for the other', async () => {
  const [{ body: one }, { body: other }] = [await offboarding.plan(everywhere), await offboarding.plan(everywhere)];

  const answer = await offboarding.apply(one.id, other.digest);

  expect(answer).toMatchObject({ status: 409, body: { code: 'plan_drifted', digest: one.digest, plan: one.plan } });
  expect(one.digest).not.toBe(other.digest);
  expect(await by.sent()).toEqual([]);
});

test('a plan drifts under the id of another run', async () => {
  const { body: planned } = await offboarding.plan(onlyWecom);
  const other = '0b8e7c52-6a0f-4c55-9c0b-0a3f7c1f2b1d';
  await putItem({ ...(await storedRun(planned.id)), pk: `run#${other}`, id: other });

  drifted(await offboarding.apply(other, planned.digest), planned);
  expect(await by.sent()).toEqual([]);
});

test('a wrong digest leaves the plan and its approval as they are', async () => {
  const { body: planned } = await offboarding.plan(everywhere);
  await offboarding.approve(planned.id, planned.digest, 'arn:aws:iam::1:user/other');
  const before = await storedRun(planned.id);

  expect((await offboarding.apply(planned.id, '0'.repeat(64))).body.digest).toBe(planned.digest);
  expect((await offboarding.approve(planned.id, '0'.repeat(64))).body.code).toBe('plan_drifted');

  expect(await storedRun(planned.id)).toEqual(before);
  expect(await by.sent()).toEqual([]);
});

test('the digest that drifted stands for nothing any more, even when everything is as it was', async () => {
  const { body: planned } = await offboarding.plan(onlyWecom);
  await by.changeMember('lisi', { department: [2] });
  await offboarding.apply(planned.id, planned.digest);
  await by.changeMember('lisi', { department: [2, 5] });

  expect((await offboarding.apply(planned.id, planned.digest)).body.code).toBe('plan_drifted');
  expect(await by.sent()).toEqual([]);
});

test('an expired plan is shown as expired, and nobody can approve it', async () => {
  const { body: planned } = await offboarding.plan(everywhere);
  lambda.advance(dayMs + 1_000);

  expect((await offboarding.get(planned.id)).status).toBe('expired');
  expect((await offboarding.approve(planned.id, planned.digest)).body.code).toBe('plan_drifted');
});
