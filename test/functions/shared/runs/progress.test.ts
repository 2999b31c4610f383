import type { OffboardingRun } from '../../../../functions/offboarding/accounts/account.ts';
import { offboardingProgress } from '../../../../functions/offboarding/progress/progress.ts';
import type { Step, Steps } from '../../../../functions/shared/runs/run.ts';

const dayMs = 86_400_000;
const start = 1_000_000_000_000;
const at = (days: number): number => start + days * dayMs;

type Action = 'snapshot' | 'disable' | 'remove' | 'handover' | 'verify' | 'restore';
type States = Partial<Record<Action, Partial<Step>>>;

const after: Record<Action, Action[]> = {
  snapshot: [],
  disable: [],
  remove: ['disable'],
  handover: ['remove'],
  verify: ['remove'],
  restore: [],
};

/** The steps of one account, pending unless given otherwise. Only what is named is there, beside the usual three. */
function account(provider: string, states: States = {}): Steps {
  const order: Action[] = ['snapshot', 'disable', 'remove', 'handover', 'verify', 'restore'];
  const usual = ['disable', 'remove', 'verify'];
  const present = order.filter((action) => usual.includes(action) || states[action]);
  return Object.fromEntries(
    present.map((action) => [
      `${provider}.${action}`,
      {
        provider,
        action,
        what: action,
        undo: '',
        status: 'pending',
        after: [...after[action], ...(action === 'remove' && states.snapshot ? (['snapshot'] as const) : [])].map(
          (before) => `${provider}.${before}`,
        ),
        ...(action === 'disable' && states.snapshot && { waitsFor: [`${provider}.snapshot`] }),
        ...(action === 'verify' && states.handover && { waitsFor: [`${provider}.handover`] }),
        delays: 0,
        ...states[action],
      } satisfies Step,
    ]),
  );
}

interface Changes extends Partial<Pick<OffboardingRun, 'status' | 'effectiveAt' | 'cancelledAt' | 'removingAt'>> {
  facts?: Partial<OffboardingRun['facts']>;
}

function runOf(steps: Steps, changes: Changes = {}): OffboardingRun {
  const { facts, ...others } = changes;
  return {
    pk: '',
    sk: '',
    id: 'r1',
    kind: 'offboarding',
    status: 'disabling',
    requester: 'a caller',
    createdAt: start,
    plannedAt: start,
    expiresAt: at(1),
    digest: 'd1',
    warnings: [],
    steps,
    stepOrder: Object.keys(steps),
    removals: {},
    signal: 0,
    generation: 1,
    news: [],
    told: { count: 0 },
    startedAt: start,
    ...others,
    facts: {
      tenants: {},
      takers: {},
      graceDays: { wecom: 30, dingtalk: 30, wibiclick: 30 },
      accounts: {
        wecom: { userid: 'w', departments: [] },
        dingtalk: { userid: 'd', unionid: 'u', admin: false, boss: false, enterprise: true, leads: [] },
        wibiclick: { userId: 'b', websites: [], chosen: [] },
      },
      ...facts,
    },
  };
}

const done = (days: number): Partial<Step> => ({ status: 'succeeded', startedAt: at(days), endedAt: at(days) });
const failed: Partial<Step> = { status: 'needs_attention', startedAt: at(0), endedAt: at(0) };
const both = (wecom: States = {}, dingtalk: States = {}): Steps => ({
  ...account('wecom', wecom),
  ...account('dingtalk', dingtalk),
});

interface Row {
  fact: string;
  run: OffboardingRun;
  /** In days since the start. */
  now: number;
  status: string;
  due: string[];
  wakeAt?: number;
}

const rows: Row[] = [
  {
    fact: 'waits for its time, and does nothing before',
    run: runOf(both(), { effectiveAt: at(2) }),
    now: 1.99,
    status: 'scheduled',
    due: [],
    wakeAt: 2,
  },
  {
    fact: 'begins at its time',
    run: runOf(both(), { effectiveAt: at(2) }),
    now: 2,
    status: 'disabling',
    due: ['wecom.disable', 'dingtalk.disable'],
  },
  {
    fact: 'disables everywhere side by side',
    run: runOf(both()),
    now: 0,
    status: 'disabling',
    due: ['wecom.disable', 'dingtalk.disable'],
  },
  {
    fact: 'notes what there is to hand over before it disables',
    run: runOf(account('wecom', { snapshot: {} })),
    now: 0,
    status: 'disabling',
    due: ['wecom.snapshot'],
  },
  {
    fact: 'disables all the same when that note fails',
    run: runOf(account('wecom', { snapshot: failed })),
    now: 0,
    status: 'disabling',
    due: ['wecom.disable'],
  },
  {
    fact: 'removes nothing without that note',
    run: runOf(account('wecom', { snapshot: failed, disable: done(0) })),
    now: 99,
    status: 'needs_attention',
    due: [],
  },
  {
    fact: 'performs a step again whose function died on the way',
    run: runOf(account('wecom', { disable: { status: 'running', startedAt: at(0) } })),
    now: 0.5,
    status: 'disabling',
    due: ['wecom.disable'],
  },
  {
    fact: 'puts a step off without keeping the others',
    run: runOf(both({ disable: { dueAt: at(1), delays: 1 } })),
    now: 0,
    status: 'disabling',
    due: ['dingtalk.disable'],
    wakeAt: 1,
  },
  {
    fact: 'waits out the grace from the moment of disabling',
    run: runOf(both({ disable: done(1) }, { disable: done(2) })),
    now: 3,
    status: 'grace',
    due: [],
    wakeAt: 31,
  },
  {
    fact: 'removes at the end of the grace, to the millisecond',
    run: runOf(account('wecom', { disable: done(1) })),
    now: 31,
    status: 'removing',
    due: ['wecom.remove'],
  },
  {
    fact: 'has a grace for each provider',
    run: runOf(both({ disable: done(0) }, { disable: done(0) }), { facts: { graceDays: { wecom: 0, dingtalk: 7 } } }),
    now: 0,
    status: 'removing',
    due: ['wecom.remove'],
    wakeAt: 7,
  },
  {
    fact: 'counts the grace of an account that cannot be disabled from the beginning',
    run: runOf(account('dingtalk', { disable: { status: 'unsupported' } }), { effectiveAt: at(5) }),
    now: 6,
    status: 'grace',
    due: [],
    wakeAt: 35,
  },
  {
    fact: 'keeps to a time of removal that was set before',
    run: runOf(account('wecom', { disable: done(1), remove: { dueAt: at(3) } })),
    now: 3,
    status: 'removing',
    due: ['wecom.remove'],
  },
  {
    fact: 'removes nothing that was not disabled as planned, and goes on with the others',
    run: runOf(both({ disable: failed }, { disable: done(0) })),
    now: 30,
    status: 'removing',
    due: ['dingtalk.remove'],
  },
  {
    fact: 'is at its end for a person when nothing can go on',
    run: runOf(both({ disable: failed }, { disable: failed })),
    now: 99,
    status: 'needs_attention',
    due: [],
  },
  {
    fact: 'hands over when the account is gone, and verifies after that',
    run: runOf(account('wecom', { disable: done(0), remove: done(30), handover: {} })),
    now: 30,
    status: 'handing_over',
    due: ['wecom.handover'],
  },
  {
    fact: 'rests while a handover is on its way',
    run: runOf(account('wecom', { disable: done(0), remove: done(30), handover: { dueAt: at(31) } })),
    now: 30.5,
    status: 'handing_over',
    due: [],
    wakeAt: 31,
  },
  {
    fact: 'verifies all the same when the handover needs a person',
    run: runOf(account('wecom', { disable: done(0), remove: done(30), handover: failed })),
    now: 31,
    status: 'verifying',
    due: ['wecom.verify'],
  },
  {
    fact: 'neither hands over nor verifies what could not be removed',
    run: runOf(account('wecom', { disable: done(0), remove: failed, handover: {} })),
    now: 31,
    status: 'needs_attention',
    due: [],
  },
  {
    fact: 'stays removing, once it has begun, when another account is disabled again',
    run: runOf(both({ disable: done(0), remove: done(30), verify: done(30) }, { disable: { dueAt: at(31) } }), {
      removingAt: at(30),
    }),
    now: 31,
    status: 'removing',
    due: ['dingtalk.disable'],
  },
  {
    fact: 'stays removing while a removal is put off',
    run: runOf(account('wecom', { disable: done(0), remove: { dueAt: at(31) } }), { removingAt: at(30) }),
    now: 30.5,
    status: 'removing',
    due: [],
    wakeAt: 31,
  },
  {
    fact: 'is completed when everything has ended well',
    run: runOf(
      both(
        { disable: done(0), remove: done(30), verify: done(30) },
        { disable: { status: 'unsupported' }, remove: done(30), verify: { status: 'skipped' } },
      ),
    ),
    now: 31,
    status: 'completed',
    due: [],
  },
];

const shown = ({ status, due, wakeAt }: ReturnType<typeof offboardingProgress>) => ({
  status,
  due,
  ...(wakeAt !== undefined && { wakeAt }),
});

test.each(rows)('$fact', ({ run, now, status, due, wakeAt }) => {
  const progress = offboardingProgress(run, at(now));

  expect(shown(progress)).toEqual({ status, due, ...(wakeAt !== undefined && { wakeAt: at(wakeAt) }) });
});

test.each(rows)('says the same again once its changes are in the run: $fact', ({ run, now }) => {
  const first = offboardingProgress(run, at(now));
  const changed = { ...run, status: first.status, steps: { ...run.steps, ...first.steps } };

  expect(shown(offboardingProgress(changed, at(now)))).toEqual(shown(first));
});

describe('when it is cancelled', () => {
  const cancelled = (steps: Steps) => runOf(steps, { status: 'cancelling', cancelledAt: at(1) });
  const stepsAfter = (run: OffboardingRun, days: number) => ({
    ...run.steps,
    ...offboardingProgress(run, at(days)).steps,
  });
  const statuses = (steps: Steps) => Object.fromEntries(Object.entries(steps).map(([id, { status }]) => [id, status]));

  test('nothing is given back that was never begun, and nothing new begins', () => {
    const run = cancelled(both());

    expect(shown(offboardingProgress(run, at(1)))).toEqual({ status: 'cancelled', due: [] });
    expect(new Set(Object.values(statuses(stepsAfter(run, 1))))).toEqual(new Set(['skipped']));
  });

  test.each<[string, Partial<Step>]>([
    ['was disabled', done(0)],
    ['may have been disabled', { status: 'running', startedAt: at(0) }],
    ['failed', failed],
    ['was put off', { dueAt: at(9), delays: 1, startedAt: at(0) }],
    ['was to be tried again', { dueAt: at(9), retriedAt: at(8), startedAt: at(0) }],
  ])('an account that %s is given back', (_, disable) => {
    const run = cancelled(both({ disable }));

    expect(shown(offboardingProgress(run, at(1)))).toEqual({ status: 'cancelling', due: ['wecom.restore'] });
    expect(statuses(stepsAfter(run, 1))).toMatchObject({
      'wecom.remove': 'skipped',
      'dingtalk.disable': 'skipped',
      'dingtalk.remove': 'skipped',
    });
  });

  test.each<Partial<Step>>([{ status: 'unsupported' }, { status: 'skipped' }])(
    'an account whose disabling was %j has nothing to be given back',
    (disable) => {
      expect(shown(offboardingProgress(cancelled(account('dingtalk', { disable })), at(1)))).toEqual({
        status: 'cancelled',
        due: [],
      });
    },
  );

  test.each<[string, Partial<Step>, object]>([
    ['is under way', { status: 'running' }, { status: 'cancelling', due: ['wecom.restore'] }],
    ['is put off', { dueAt: at(2) }, { status: 'cancelling', due: [], wakeAt: at(2) }],
    ['has ended', done(1), { status: 'cancelled', due: [] }],
    ['had nothing to do', { status: 'skipped' }, { status: 'cancelled', due: [] }],
    ['needs a person', failed, { status: 'needs_attention', due: [] }],
  ])('a giving back that %s', (_, restore, expected) => {
    const run = cancelled(account('wecom', { disable: done(0), remove: { status: 'skipped' }, restore }));

    expect(shown(offboardingProgress(run, at(1)))).toEqual(expected);
  });
});
