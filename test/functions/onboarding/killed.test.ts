import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { type HttpEvent, isChange, mortal } from '../../support/mortal.ts';
import { newTable } from '../../support/providers.ts';
import { dayMs, minuteMs, onboardings, stepOf } from '../../support/runs.ts';
import { time } from '../../support/time.ts';

const { jest } = import.meta;

/** The function of the workflow dies on the way, as by SIGKILL; and so does that of the request. */

const onboarding = onboardings();
const { wecom, dingtalk, wibiclick, lambda } = onboarding;
const life = mortal();
logLines();

const paths = {
  wecom: { create: '/cgi-bin/user/create', undo: '/cgi-bin/user/delete' },
  dingtalk: { create: '/topapi/v2/user/create', undo: '/topapi/v2/user/delete' },
  wibiclick: { create: '/connect-user-to-website', undo: '/disconnect-user-from-website' },
};
type Provider = keyof typeof paths;
const providers: Provider[] = ['wecom', 'dingtalk', 'wibiclick'];
const simulators = { wecom, dingtalk, wibiclick };
const accounts = {
  wecom: { userid: 'qianyi', name: '钱一', mobile: '13900001111', department: [2] },
  dingtalk: { userid: 'qianyi', name: '钱一', mobile: '13900001111', dept_id_list: [2] },
  wibiclick: { userId: '105', websites: ['201'] },
};
const subjects = { wecom: 'wecom:qianyi', dingtalk: 'dingtalk:qianyi', wibiclick: 'wibiclick:105' };

beforeEach(() =>
  lambda.invokeBy(
    life.invoking(async () => (await import('../../../functions/onboarding/run-onboarding.ts')).handler as never),
  ),
);

/** The invocation dies once, at the first event for which this holds. */
function dieOnceAt(which: (event: HttpEvent) => boolean): void {
  let isOver = false;
  life.dieAt((event) => {
    if (isOver || !which(event)) return false;
    isOver = true;
    return true;
  });
}

function passRealTime(ms: number): void {
  const now = Date.now;
  jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
}

/** Lets time pass, with the schedules at work, until the run has ended. */
async function toEnd(id: string): Promise<Json> {
  for (let minutes = 0; minutes < 300; minutes++) {
    await lambda.settled();
    const run = await onboarding.get(id);
    if (['completed', 'needs_attention', 'cancelled'].includes(run.status)) return run;
    await onboarding.settleIntents();
    await onboarding.watchRuns();
    await lambda.settled();
    lambda.advance(minuteMs);
  }
  throw new Error(`the run did not end: ${JSON.stringify(await onboarding.get(id))}`);
}

const start = async (given: object, onFailure = 'keep'): Promise<string> =>
  (await onboarding.create({ accounts: given, onFailure })).body.id;
const isMade = async (provider: Provider): Promise<boolean> => {
  const state = await simulators[provider].state();
  return provider === 'wibiclick'
    ? state.links.some(({ userId }: Json) => userId === '105')
    : state.members.some(({ userid }: Json) => userid === 'qianyi');
};
const sent = async (provider: Provider, what: 'create' | 'undo') =>
  (await simulators[provider].requests(paths[provider][what])).length;
const ledgerOf = async (provider: Provider): Promise<Json[]> =>
  (await invoke(readLedger, { query: `subject=${subjects[provider]}` })).body.items;

describe.each(providers)('%s', (provider) => {
  const { create, undo } = paths[provider];
  const only = { [provider]: accounts[provider] };
  const other = provider === 'wecom' ? 'dingtalk' : 'wecom';
  const withRefusal = { ...only, [other]: accounts[other] };
  const otherRefuses = () =>
    simulators[other].faults({ path: paths[other].create, times: 99, then: { errcode: 60104 } });

  test.each(['sent', 'answered'] as const)('killed when the create is %s, it is made exactly once', async (what) => {
    dieOnceAt((event) => event.what === what && event.path === create);

    const run = await toEnd(await start(only));

    expect(life.deaths).toBe(1);
    expect(run.status).toBe('completed');
    expect(await isMade(provider)).toBe(true);
    expect(await sent(provider, 'create')).toBe(1);
  });

  test('killed when the create is answered, it is not provably ours, and is not taken back', async () => {
    await otherRefuses();
    dieOnceAt((event) => event.what === 'answered' && event.path === create);

    const run = await toEnd(await start(withRefusal, 'undo'));

    expect(stepOf(run, provider, 'undo')).toMatchObject({ status: 'skipped' });
    expect(await isMade(provider)).toBe(true);
    expect(await sent(provider, 'undo')).toBe(0);
  });

  test.each(['sent', 'answered'] as const)(
    'killed when the undo is %s, it is taken back exactly once',
    async (what) => {
      await otherRefuses();
      dieOnceAt((event) => event.what === what && event.path === undo);

      const run = await toEnd(await start(withRefusal, 'undo'));

      expect(life.deaths).toBe(1);
      expect(run.status).toBe('cancelled');
      expect(stepOf(run, provider, 'undo')).toMatchObject({ status: 'succeeded' });
      expect(await isMade(provider)).toBe(false);
      expect(await sent(provider, 'undo')).toBe(1);
      expect((await ledgerOf(provider)).map(({ state }) => state)).toContain('succeeded');
    },
  );
});

describe('the request that begins it', () => {
  const keyed = { headers: { 'idempotency-key': 'k-1' } };
  const only = { accounts: { wecom: accounts.wecom } };
  const ends: [string, (event: HttpEvent) => boolean][] = [
    ['stored the run', ({ what, target }) => what === 'sent' && target === '' /* the call of Lambda */],
    ['started the workflow', ({ what, target }) => what === 'answered' && target === ''],
  ];

  test.each(ends)('killed after it %s, is one run when it is sent again with its key', async (_, which) => {
    dieOnceAt(which);
    await expect(life.live(() => onboarding.create(only, keyed))).rejects.toThrow();
    expect(life.deaths).toBe(1);
    await lambda.settled();
    passRealTime(minuteMs); // by which Powertools measures how long a request can be under way

    const { status, body } = await onboarding.create(only, keyed);

    expect(status).toBe(202);
    expect((await onboarding.list()).items.map(({ id }: Json) => id)).toEqual([body.id]);
    expect((await toEnd(body.id)).status).toBe('completed');
    expect(await sent('wecom', 'create')).toBe(1);
  });
});

describe.each([
  ['when all is well', 'keep', async () => {}],
  [
    'when WibiClick refuses',
    'undo',
    () => wibiclick.faults({ path: paths.wibiclick.create, times: 99, then: { status: 403 } }),
  ],
] as const)('%s', (_, onFailure, disturb) => {
  test('killed before each change, it makes nothing twice, and takes back what is provably its own', async () => {
    const changes: HttpEvent[] = [];
    life.watch((event) => void (isChange(event) && changes.push(event)));
    await disturb();
    await toEnd(await start(accounts, onFailure));
    const count = changes.length;
    expect(count).toBeGreaterThan(20);

    for (let fatal = 1; fatal <= count; fatal++) {
      for (const simulator of Object.values(simulators)) await simulator.reset();
      await newTable();
      time.advance(dayMs);
      await disturb();
      let seen = 0;
      dieOnceAt((event) => {
        seen += isChange(event) ? 1 : 0;
        return seen === fatal;
      });

      const run = await toEnd(await start(accounts, onFailure));

      const outcome = { fatal, status: run.status, ...(await whatBecame(run)) };
      expect(outcome).toEqual({
        fatal,
        status: onFailure === 'keep' ? 'completed' : 'cancelled',
        ...wanted(run, onFailure),
      });
    }
  }, 300_000);

  /** How often each account was made and taken back, whether it is there, and the states in the ledger. */
  async function whatBecame(run: Json) {
    const all = await Promise.all(
      providers.map(async (provider) => [
        provider,
        {
          made: await isMade(provider),
          creates: await sent(provider, 'create'),
          undos: await sent(provider, 'undo'),
          open: (await ledgerOf(provider)).filter(({ state }) => state === 'intended').length,
        },
      ]),
    );
    return { id: run.id, ...Object.fromEntries(all) };
  }

  function wanted(run: Json, how: string) {
    const of = (provider: Provider) => {
      if (how === 'keep') return { made: true, creates: 1, undos: 0, open: 0 };
      if (provider === 'wibiclick') return { made: false, creates: expect.any(Number), undos: 0, open: 0 };
      const isUndone = stepOf(run, provider, 'undo').status === 'succeeded';
      return { made: !isUndone, creates: 1, undos: isUndone ? 1 : 0, open: 0 };
    };
    return { id: run.id, ...Object.fromEntries(providers.map((provider) => [provider, of(provider)])) };
  }
});
