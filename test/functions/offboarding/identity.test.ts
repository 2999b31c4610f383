import { handler as updateUser } from '../../../functions/wecom/update-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings, type runs, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, inMs, onlyWecom, startAlias } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const by = consoles(offboarding);
logLines();

type Provider = 'wecom' | 'dingtalk' | 'wibiclick';
const providers: Provider[] = ['wecom', 'dingtalk', 'wibiclick'];

interface Change {
  provider: Provider;
  what: string;
  change(): Promise<unknown>;
  /** What the step says. */
  says: RegExp;
}

/** At any time, also before anything was taken away. */
const changes: Change[] = [
  { provider: 'wecom', what: 'a userid of somebody new', change: () => by.recreateMember('lisi'), says: /the status/ },
  { provider: 'wecom', what: 'a name', change: () => by.changeMember('lisi', { name: '李四四' }), says: /the name/ },
  {
    provider: 'wecom',
    what: 'departments',
    change: () => by.changeMember('lisi', { department: [2, 3] }),
    says: /the departments/,
  },
  {
    provider: 'dingtalk',
    what: 'a userid of somebody new',
    change: () => by.recreateUser('sunqi'),
    says: /the unionid/,
  },
  {
    provider: 'dingtalk',
    what: 'an administrator',
    change: () => by.showUser('sunqi', { admin: true }),
    says: /the admin/,
  },
  { provider: 'dingtalk', what: 'a boss', change: () => by.showUser('sunqi', { boss: true }), says: /the boss/ },
  { provider: 'wibiclick', what: 'another website', change: () => by.connect('101', '203'), says: /the websites/ },
];
const beforeDisabling: Change[] = [
  {
    provider: 'wecom',
    what: 'a member whom somebody else disabled',
    change: () => by.changeMember('lisi', { enable: 0 }),
    says: /the status \(2\)/,
  },
  {
    provider: 'wibiclick',
    what: 'one website less',
    change: () => by.disconnect('101', 202),
    says: /the websites/,
  },
];
const beforeRemoving: Change[] = [
  {
    provider: 'wecom',
    what: 'a member who was enabled again',
    change: () => by.changeMember('lisi', { enable: 1 }),
    says: /the status \(1\)/,
  },
  {
    provider: 'wibiclick',
    what: 'a website that was connected again',
    change: () => by.connect('101', '201'),
    says: /the websites/,
  },
];

/** What stands in the log of one provider only. */
const sentTo = async (provider: Provider): Promise<Json[]> => {
  const requests = await { wecom, dingtalk, wibiclick }[provider].requests();
  return (await by.sent()).filter((write) => requests.some((request) => same(request, write)));
};
const same = (one: Json, other: Json): boolean => JSON.stringify(one) === JSON.stringify(other);

test.each([...changes, ...beforeDisabling])('is checked before disabling: $what in $provider', async (row) => {
  const id = await offboarding.start({ ...everywhere, effectiveAt: inMs(3_600_000) });
  await row.change();
  lambda.advance(3_660_000);
  await lambda.settled();

  const run = await offboarding.get(id);
  expect(stepOf(run, row.provider, 'disable')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(row.says),
  });
  expect(await sentTo(row.provider)).toEqual([]);
  for (const other of providers.filter((provider) => provider !== row.provider)) {
    expect(stepOf(run, other, 'disable').status).toBe('succeeded');
  }

  const ended = await offboarding.toEnd(id);
  expect(ended.status).toBe('needs_attention');
  expect(stepOf(ended, row.provider, 'remove').status).toBe('pending');
  expect(await sentTo(row.provider)).toEqual([]);
  for (const other of providers.filter((provider) => provider !== row.provider)) {
    expect(stepOf(ended, other, 'verify').status).toBe('succeeded');
  }
});

test.each([...changes, ...beforeRemoving])('is checked again before removing: $what in $provider', async (row) => {
  const id = await offboarding.start({ ...everywhere, graceDays: 1 });
  const before = await sentTo(row.provider);
  expect(before.length).toBeGreaterThan(0);
  await row.change();

  const run = await offboarding.toEnd(id);

  expect(run.status).toBe('needs_attention');
  expect(stepOf(run, row.provider, 'remove')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(row.says),
  });
  expect(await sentTo(row.provider)).toEqual(before);
  for (const other of providers.filter((provider) => provider !== row.provider)) {
    expect(stepOf(run, other, 'verify').status).toBe('succeeded');
  }
});

describe('with the contact secret alone', () => {
  beforeEach(() => wecom.secret({ appSecret: undefined }));

  test.each([
    ['disabling', { effectiveAt: true }, 'disable', 0],
    ['removing', { graceDays: 1 }, 'remove', 1],
  ])('the departments are compared before %s', async (_, { effectiveAt, ...given }: Json, action, writes) => {
    const { body: planned } = await offboarding.plan({
      ...onlyWecom,
      ...given,
      ...(effectiveAt && { effectiveAt: inMs(3_600_000) }),
    });
    expect(planned.plan.warnings).toContainEqual(expect.stringMatching(/^weak_identity_check/));
    await offboarding.apply(planned.id, planned.digest);
    await lambda.settled();
    await by.changeMember('lisi', { department: [3] });

    const run = await offboarding.toEnd(planned.id);

    expect(stepOf(run, 'wecom', action)).toMatchObject({
      status: 'needs_attention',
      reason: expect.stringMatching(/the departments/),
    });
    expect(await by.sent()).toHaveLength(writes);
  });

  test('a member in the same departments is disabled and removed', async () => {
    const run = await offboarding.toEnd(await offboarding.start({ ...onlyWecom, graceDays: 1 }));

    expect(run.status).toBe('completed');
    expect(await by.memberOf('lisi')).toBeUndefined();
  });

  test('a secret that was weakened after the plan reads too little to go on', async () => {
    await wecom.secret({});
    lambda.advance(6 * 60_000);
    const id = await offboarding.start({ ...onlyWecom, graceDays: 1 });
    await wecom.secret({ appSecret: undefined });

    const run = await offboarding.toEnd(id);

    expect(stepOf(run, 'wecom', 'remove').status).toBe('needs_attention');
    expect(await by.memberOf('lisi')).toMatchObject({ enable: 0 });
  });
});

const unreadable: { provider: Provider; fault: Parameters<ReturnType<typeof runs>['wecom']['faults']>[0] }[] = [
  { provider: 'wecom', fault: { method: 'GET', path: '/cgi-bin/user/get', then: { errcode: 48002 } } },
  { provider: 'wecom', fault: { method: 'GET', path: '/cgi-bin/user/get', then: { body: '{"errcode":0}' } } },
  { provider: 'dingtalk', fault: { path: '/topapi/v2/user/get', then: { errcode: 60011 } } },
  { provider: 'dingtalk', fault: { path: '/topapi/v2/user/get', then: { body: '{"errcode":0,"errmsg":"ok"}' } } },
  { provider: 'wibiclick', fault: { method: 'GET', path: '/get-websites-for-user', then: { status: 403 } } },
  { provider: 'wibiclick', fault: { method: 'GET', path: '/get-websites-for-user', then: { status: 404 } } },
];

test.each(unreadable)(
  'an account of $provider that cannot be read is left alone: $fault',
  async ({ provider, fault }) => {
    const id = await offboarding.start({ ...everywhere, effectiveAt: inMs(3_600_000), graceDays: 1 });
    await { wecom, dingtalk, wibiclick }[provider].faults({ ...fault, times: 1_000 });

    const run = await offboarding.toEnd(id);

    expect(run.status).toBe('needs_attention');
    expect(stepOf(run, provider, 'disable')).toMatchObject({ status: 'needs_attention', reason: expect.any(String) });
    expect(await sentTo(provider)).toEqual([]);
    for (const other of providers.filter((name) => name !== provider)) {
      expect(stepOf(run, other, 'verify').status).toBe('succeeded');
    }
  },
);

test('an account that cannot be read for a day before its removal needs attention', async () => {
  const id = await offboarding.start({ ...onlyWecom, graceDays: 1 });
  await wecom.faults({ method: 'GET', path: '/cgi-bin/user/get', times: 1_000, then: { status: 502 } });

  const run = await offboarding.toEnd(id);

  expect(stepOf(run, 'wecom', 'remove').status).toBe('needs_attention');
  expect(Date.parse(stepOf(run, 'wecom', 'remove').endedAt)).toBeGreaterThan(Date.parse(run.startedAt) + 2 * dayMs);
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 0 });
});

const gone = { status: 404, body: '{"message":"User not found"}' };
const deletions: { provider: Provider; remove(): Promise<unknown> }[] = [
  { provider: 'wecom', remove: () => by.deleteMember('lisi') },
  { provider: 'dingtalk', remove: () => by.deleteUser('sunqi') },
  {
    provider: 'wibiclick',
    remove: () => wibiclick.faults({ method: 'GET', path: '/get-websites-for-user', times: 1_000, then: gone }),
  },
];

test.each(deletions)('an account of $provider that somebody else deleted before is already absent', async (row) => {
  const { accounts } = everywhere;
  const id = await offboarding.start({ accounts, effectiveAt: inMs(3_600_000), graceDays: 1 });
  await row.remove();

  const run = await offboarding.toEnd(id);

  expect(run.status).toBe('completed');
  for (const action of ['disable', 'remove']) {
    const already = { status: 'succeeded', result: { outcome: 'already_absent' } };
    expect(stepOf(run, row.provider, action)).toMatchObject(already);
  }
  expect(await sentTo(row.provider)).toEqual([]);
});

test('what a member leaves whom somebody else deleted before is handed over all the same', async () => {
  const id = await offboarding.start({ ...everywhere, effectiveAt: inMs(3_600_000), graceDays: 1 });
  await by.deleteMember('lisi');

  const run = await offboarding.toEnd(id);

  expect(stepOf(run, 'wecom', 'snapshot').result).toEqual({ customers: 2, groups: 1 });
  expect(stepOf(run, 'wecom', 'disable').result).toEqual({ outcome: 'already_absent', verified: true });
  expect(stepOf(run, 'wecom', 'remove').result).toMatchObject({ outcome: 'already_absent' });
  expect(run.handover.moved).toEqual({ customers: ['wm_lisi_1', 'wm_lisi_2'], groups: ['wr_lisi_1'] });
  expect(stepOf(run, 'dingtalk', 'verify').status).toBe('succeeded');
});

test.each(deletions)(
  'an account of $provider that somebody else deleted in the grace is already absent',
  async (row) => {
    const id = await offboarding.start({ ...everywhere, graceDays: 1 });
    const before = await sentTo(row.provider);
    await row.remove();

    const run = await offboarding.toEnd(id);

    expect(run.status).toBe('completed');
    expect(stepOf(run, row.provider, 'remove').result).toMatchObject({ outcome: 'already_absent' });
    const removals = (await sentTo(row.provider)).slice(before.length).filter(({ path }) => !path.includes('transfer'));
    expect(removals).toEqual([]);
  },
);

test.each([
  ['disabling', { effectiveAt: true }, 'disable', 0],
  ['removing', { graceDays: 1 }, 'remove', 1],
])(
  'before %s: the secret of another corp, that has the same member',
  async (_, { effectiveAt, ...given }: Json, action, writes) => {
    const { url: baseUrl } = await startAlias(wecom.url, [['wwother', 'wwsandbox']]);
    await wecom.secret({ baseUrl });
    const id = await offboarding.start({
      ...onlyWecom,
      ...given,
      ...(effectiveAt && { effectiveAt: inMs(3_600_000) }),
    });
    await wecom.secret({ baseUrl, corpId: 'wwother' });

    const run = await offboarding.toEnd(id);

    expect(stepOf(run, 'wecom', action)).toMatchObject({
      status: 'needs_attention',
      reason: expect.stringMatching(/the tenant/),
    });
    expect(await by.sent()).toHaveLength(writes);
  },
);

test('one address for both APIs of DingTalk, which is all that the secret of a region may name, is the same tenant', async () => {
  await dingtalk.secret({ apiBaseUrl: undefined });
  const id = await offboarding.start({ accounts: { dingtalk: { userid: 'lisi' } }, graceDays: 1 });

  expect((await offboarding.toEnd(id)).status).toBe('completed');
});

test('nothing else that Usher writes comes between the check and the deletion', async () => {
  const id = await offboarding.start({ ...onlyWecom, graceDays: 1 });
  const before = await wecom.requests('/cgi-bin/user/get');
  await wecom.hold('/cgi-bin/user/get', { method: 'GET' });
  lambda.advance(dayMs);
  await wecom.came('/cgi-bin/user/get', before.length + 1);

  const enabled = await invoke(updateUser, { path: { userid: 'lisi' }, body: { enable: 1 } });

  expect(enabled).toMatchObject({ status: 409, body: { code: 'locked', outcome: 'not_applied' } });
  await wecom.release();
  expect((await offboarding.toEnd(id)).status).toBe('completed');
});

test('a member whom WeCom does not let us disable is not taken for one who is gone', async () => {
  await wecom.faults({ path: '/cgi-bin/user/update', times: 10, then: { errcode: 60111 } });

  const run = await offboarding.toEnd(await offboarding.start(onlyWecom));

  expect(stepOf(run, 'wecom', 'disable')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(/^not_found/),
  });
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 1 });
});
