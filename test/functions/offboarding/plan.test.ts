import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, inMs, now, onlyDingtalk, onlyWecom, onlyWibiclick, storedItems } from './support.ts';

const offboarding = offboardings();
const { wecom, lambda } = offboarding;
const by = consoles(offboarding);
logLines();

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const documents = { dingtalk: { dingDoc: { action: 'handover', handoverUserId: 'wangwu' } } };
const termination = {
  via: 'terminate',
  optUserId: 'founder',
  lastWorkDate: 1_800_000_000_000,
  dismissionMemo: 'left',
  terminationReasonVoluntary: ['1'],
  aflowHandOverUserId: 'wangwu',
};

test('says of each step what is done, where, and how it can be undone, and writes nothing', async () => {
  const caller = 'arn:aws:iam::000000000000:user/alice';
  const { status, body: run } = await offboarding.plan(everywhere, caller);

  expect(status).toBe(201);
  expect(run).toMatchObject({ kind: 'offboarding', status: 'planned', requester: caller });
  expect(run.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(Math.abs(Date.parse(run.createdAt) + dayMs - Date.parse(run.expiresAt))).toBeLessThan(10_000);
  expect(run.plan.steps.map(({ provider, action, status }: Json) => [provider, action, status])).toEqual([
    ['wecom', 'snapshot', 'pending'],
    ['wecom', 'disable', 'pending'],
    ['wecom', 'remove', 'pending'],
    ['wecom', 'handover', 'pending'],
    ['wecom', 'verify', 'pending'],
    ['dingtalk', 'disable', 'pending'],
    ['dingtalk', 'remove', 'pending'],
    ['dingtalk', 'verify', 'pending'],
    ['wibiclick', 'disable', 'pending'],
    ['wibiclick', 'remove', 'pending'],
    ['wibiclick', 'handover', 'unsupported'],
    ['wibiclick', 'verify', 'pending'],
  ]);
  for (const { what, undo } of run.plan.steps) expect([what, undo]).toEqual([expect.any(String), expect.any(String)]);
  expect(stepOf(run, 'wecom', 'disable').undo).toContain('Cancel');
  expect(stepOf(run, 'wecom', 'remove')).toMatchObject({
    what: expect.stringContaining('30 days'),
    undo: 'Cannot be undone.',
  });
  expect(stepOf(run, 'wecom', 'handover').what).toContain('wangwu');
  expect(stepOf(run, 'wibiclick', 'disable').what).toContain('201, 202');
  expect(await by.sent()).toEqual([]);
  expect(await offboarding.get(run.id)).toEqual(run);
  expect(lambda.executions()).toEqual([]);
});

interface Warned {
  what: string;
  body: object;
  given?: () => unknown;
  warning: RegExp;
}

test.each<Warned>([
  { what: 'that the mailbox goes too', body: onlyWecom, warning: /^mailbox_deleted: .*mailbox/ },
  {
    what: 'the limits of a handover',
    body: everywhere,
    warning: /^handover_limited: .*one year .*second credential, customerContactSecret/,
  },
  {
    what: 'that a handover is not possible without the second credential',
    body: everywhere,
    given: () => wecom.secret({}),
    warning: /^handover_unsupported: .*customerContactSecret/,
  },
  {
    what: 'how much there is to hand over',
    body: everywhere,
    warning: /^customers: .* 2 customers .* 1 customer group/,
  },
  {
    what: 'that the contact secret alone checks less',
    body: onlyWecom,
    given: () => wecom.secret({ appSecret: undefined }),
    warning: /^weak_identity_check: .*departments/,
  },
  {
    what: 'that nobody can tell whom the member leads without the app secret',
    body: onlyWecom,
    given: () => wecom.secret({ appSecret: undefined }),
    warning: /^leadership_unknown: /,
  },
  {
    what: 'whose direct_leader the member is',
    body: { accounts: { wecom: { userid: 'zhangsan' } } },
    warning: /^direct_leader: zhangsan .* lisi/,
  },
  {
    what: 'which departments the member leads in WeCom',
    body: { accounts: { wecom: { userid: 'zhangsan' } } },
    warning: /^department_head: zhangsan .* 2\b/,
  },
  {
    what: 'which departments the user leads in DingTalk',
    body: onlyDingtalk,
    given: () => by.showUser('sunqi', { leader_in_dept: [{ dept_id: 2, leader: true }] }),
    warning: /^department_head: sunqi .* 2\b/,
  },
  { what: 'that approvals stay', body: { ...onlyDingtalk, handover: documents }, warning: /^approvals_not_moved: / },
  { what: 'that nobody takes over', body: onlyDingtalk, warning: /^no_handover: / },
  {
    what: 'that DingTalk confirms no handover',
    body: { ...onlyDingtalk, handover: documents },
    warning: /^handover_unverified: /,
  },
  { what: 'that a WibiClick account stays', body: onlyWibiclick, warning: /^account_stays: / },
  {
    what: 'a WibiClick user who is connected to nothing',
    body: { accounts: { wibiclick: { userId: '105' } } },
    warning: /^no_websites: /,
  },
  {
    what: 'websites that are not connected',
    body: { accounts: { wibiclick: { userId: '101', websites: ['201', '204'] } } },
    warning: /^not_connected: .* 204/,
  },
  {
    what: "that DingTalk's founder is protected",
    body: { accounts: { dingtalk: { userid: 'founder' } } },
    warning: /^protected: founder .*administrator/,
  },
])('warns: $what', async ({ body, given, warning }) => {
  await given?.();

  const { status, body: run } = await offboarding.plan(body);

  expect(status).toBe(201);
  expect(run.plan.warnings).toContainEqual(expect.stringMatching(warning));
});

test('warns of nothing that does not concern the request', async () => {
  const { body: run } = await offboarding.plan({ accounts: { wecom: { userid: 'wujiu' } } });

  expect(run.plan.warnings.map((warning: string) => warning.split(':')[0])).toEqual(['mailbox_deleted']);
});

test('a termination moves approvals, so nothing is said of them', async () => {
  const { body: run } = await offboarding.plan({ ...onlyDingtalk, handover: { dingtalk: termination } });

  expect(stepOf(run, 'dingtalk', 'remove').what).toMatch(/^Terminate .* wangwu/);
  expect(run.plan.warnings.join()).not.toContain('approvals_not_moved');
});

test.each([
  { when: 'at once', given: () => ({}), days: 30 },
  { when: 'after its own grace', given: () => ({ graceDays: { dingtalk: 7 } }), days: 7 },
  { when: 'after its beginning', given: () => ({ graceDays: 7, effectiveAt: inMs(20 * dayMs) }), days: 27 },
])('an account that cannot be disabled keeps access, and the plan says until when: $when', async ({ given, days }) => {
  const from = day(now() + days * dayMs);
  const { body: run } = await offboarding.plan({ accounts: { dingtalk: { userid: 'lisi' } }, ...given() });
  const to = day(now() + days * dayMs);

  const until = expect.stringMatching(`keeps access until (${from}|${to}) if this is applied now`);
  expect(stepOf(run, 'dingtalk', 'disable')).toMatchObject({ status: 'unsupported', reason: until });
  expect(run.plan.warnings).toContainEqual(until);
});

test('an account that keeps no access is not said to', async () => {
  const { body: run } = await offboarding.plan({ accounts: { dingtalk: { userid: 'lisi' } }, urgent: true });

  expect(run.plan.warnings.join()).not.toContain('access_kept');
  expect(stepOf(run, 'dingtalk', 'remove').what).toContain('at once');
});

test('a handover that cannot be done is planned as unsupported', async () => {
  await wecom.secret({});

  const { body: run } = await offboarding.plan(everywhere);

  expect(stepOf(run, 'wecom', 'handover')).toMatchObject({
    status: 'unsupported',
    reason: expect.stringContaining('customerContactSecret'),
  });
  expect(stepOf(run, 'wecom', 'snapshot')).toBeUndefined();
});

test.each([
  { path: 'accounts.wecom.userid', body: { accounts: { wecom: { userid: 'nobody' } } } },
  { path: 'accounts.dingtalk.userid', body: { accounts: { dingtalk: { userid: 'nobody' } } } },
  { path: 'accounts.wibiclick.userId', body: { accounts: { wibiclick: { userId: '999' } } } },
  {
    path: 'accounts.dingtalk.userid',
    body: { accounts: { ...everywhere.accounts, dingtalk: { userid: 'nobody' } } },
  },
])('an account that does not exist is not planned: $path', async ({ path, body }) => {
  const answer = await offboarding.plan(body);

  expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(answer.body.errors).toEqual([{ path, message: expect.any(String) }]);
  expect(await by.sent()).toEqual([]);
  expect((await storedItems()).filter(({ sk }) => sk === 'run')).toEqual([]);
});

test.each([
  {
    paths: ['handover.wecom.takeoverUserid'],
    body: { ...onlyWecom, handover: { wecom: { takeoverUserid: 'nobody' } } },
  },
  {
    paths: ['handover.wecom.fallbackUserid'],
    body: { ...onlyWecom, handover: { wecom: { takeoverUserid: 'wangwu', fallbackUserid: 'nobody' } } },
  },
  {
    paths: ['handover.dingtalk.subordinate.handoverUserId', 'handover.dingtalk.dingPan.handoverUserId'],
    body: {
      ...onlyDingtalk,
      handover: {
        dingtalk: {
          subordinate: { action: 'handover', handoverUserId: 'nobody' },
          dingDoc: { action: 'handover', handoverUserId: 'wangwu' },
          dingPan: { action: 'handover', handoverUserId: 'neither' },
        },
      },
    },
  },
  {
    paths: ['handover.dingtalk.aflowHandOverUserId'],
    body: { ...onlyDingtalk, handover: { dingtalk: { ...termination, aflowHandOverUserId: 'nobody' } } },
  },
])('a taker who does not exist is not planned: $paths', async ({ paths, body }) => {
  const answer = await offboarding.plan(body);

  expect(answer.status).toBe(422);
  expect(answer.body.errors.map(({ path }: Json) => path)).toEqual(paths);
  expect((await storedItems()).filter(({ sk }) => sk === 'run')).toEqual([]);
});

test('names every account that does not exist', async () => {
  const accounts = { wecom: { userid: 'nobody' }, dingtalk: { userid: 'noone' } };
  const { status, body } = await offboarding.plan({ accounts });
  expect(status).toBe(404);
  expect(body.errors.map(({ path }: Json) => path)).toEqual(['accounts.wecom.userid', 'accounts.dingtalk.userid']);
});

test('says who applied it and who cancelled it, and the ledger names them', async () => {
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => `arn:aws:iam::000000000000:user/${name}`);
  const { body: planned } = await offboarding.plan(onlyWecom, alice);
  await offboarding.apply(planned.id, planned.digest, bob);
  await offboarding.lambda.settled();
  await offboarding.cancel(planned.id, carol);
  const run = await offboarding.toEnd(planned.id);

  expect(run).toMatchObject({ requester: alice, appliedBy: bob, cancelledBy: carol });
  const entries = (await storedItems()).filter(({ pk, sk }) => pk === 'member#wecom:lisi' && sk.startsWith('entry#'));
  expect(entries.map(({ caller }) => caller).sort()).toEqual([bob, carol]);
});

test.each([
  [{ wecom: 30, dingtalk: 0 }, true],
  [{ wecom: 30, dingtalk: 30, wibiclick: 0 }, false],
])('warns when one deletion ends the way back of another account: %j', async (graceDays, warned) => {
  const { body } = await offboarding.plan({ ...everywhere, graceDays });
  const codes = body.plan.warnings.map((warning: string) => warning.split(':')[0]);
  expect(codes.includes('cancel_ends_early')).toBe(warned);
});

const terminate = {
  via: 'terminate',
  lastWorkDate: Date.now(),
  dismissionMemo: 'leaves',
  terminationReasonVoluntary: ['1'],
};

test.each<[string, object, string]>([
  ['a termination without receivers', { ...terminate, optUserId: 'founder' }, 'documents and drive files'],
  ['a deletion with nothing', {}, 'documents and drive files'],
  ['a deletion with approvals skipped', { oaApproval: { action: 'skip' } }, 'documents and drive files'],
  ['documents only', { dingDoc: { action: 'handover', handoverUserId: 'lisi' } }, 'drive files'],
])('the plan tells what nobody takes over in DingTalk: %s', async (_, dingtalk, what) => {
  const { body } = await offboarding.plan({ accounts: { dingtalk: { userid: 'sunqi' } }, handover: { dingtalk } });

  expect(body.plan.warnings).toContainEqual(expect.stringContaining(`no_handover: Nobody takes over the ${what} of`));
});

test('a termination that names no operator is refused before it begins, and not after the grace', async () => {
  const accounts = { dingtalk: { userid: 'sunqi' } };

  expect(await offboarding.plan({ accounts, handover: { dingtalk: terminate } })).toMatchObject({
    status: 400,
    body: { code: 'invalid_input', errors: [{ path: 'handover.dingtalk.optUserId' }] },
  });
});
