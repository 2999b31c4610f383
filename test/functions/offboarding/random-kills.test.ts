import fc from 'fast-check';
import type { Json, TestAnswer } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { mortal, throughTrouble } from '../../support/mortal.ts';
import { newTable } from '../../support/providers.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { needlessWrites, thingsOf } from './truth.ts';

/** Random offboardings under random faults and deaths: what the run and the ledger say is what the providers hold. */

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const providers = { wecom, dingtalk, wibiclick };
const functions = mortal();
logLines();

const needless = needlessWrites(offboarding);

beforeEach(() =>
  lambda.invokeBy(
    functions.invoking(
      async () => (await import('../../../functions/offboarding/run-offboarding.ts')).handler,
      needless,
    ),
  ),
);

/** One that fails takes a second, so it is not made smaller; its seed is printed. */
const runs = { numRuns: Number(process.env.USHER_HISTORIES ?? 16), endOnFailure: true };

const accounts = fc
  .record(
    {
      wecom: fc.constant({ userid: 'lisi' }),
      // sunqi has an enterprise account, which can be disabled.
      dingtalk: fc.constantFrom({ userid: 'sunqi' }, { userid: 'wangwu' }),
      wibiclick: fc.constantFrom({ userId: '101' }, { userId: '104' }, { userId: '105' }),
    },
    { requiredKeys: [] },
  )
  .filter((given) => Object.keys(given).length > 0);

const request = fc
  .record(
    {
      accounts,
      handover: fc.constantFrom({ takeoverUserid: 'wangwu' }, { takeoverUserid: 'wangwu', fallbackUserid: 'zhaoliu' }),
      graceDays: fc.integer({ min: 0, max: 2 }),
      urgent: fc.boolean(),
    },
    { requiredKeys: ['accounts'] },
  )
  .map(({ handover, ...rest }) => ({
    graceDays: 1,
    ...rest,
    ...(handover && rest.accounts.wecom && { handover: { wecom: handover } }),
  }));

type Fault = {
  provider: keyof typeof providers;
  method: string;
  path: string;
  times: number;
  then: Record<string, unknown>;
};
const anyFault: Record<string, unknown>[] = [{ status: 500 }, { status: 503 }, { drop: 'before' }, { drop: 'after' }];
const faultOn = (
  provider: Fault['provider'],
  then: Record<string, unknown>[],
  calls: [method: string, path: string][],
) =>
  fc.record({
    provider: fc.constant(provider),
    call: fc.constantFrom(...calls),
    times: fc.integer({ min: 1, max: 4 }),
    then: fc.constantFrom(...anyFault, ...then),
  });
const fault = fc
  .oneof(
    faultOn(
      'wecom',
      [{ errcode: -1 }, { errcode: 45009 }],
      [
        ['POST', '/cgi-bin/user/update'],
        ['GET', '/cgi-bin/user/delete'],
        ['GET', '/cgi-bin/user/get'],
        ['POST', '/cgi-bin/user/list_id'],
        ['GET', '/cgi-bin/gettoken'],
        ['GET', '/cgi-bin/externalcontact/list'],
        ['POST', '/cgi-bin/externalcontact/groupchat/list'],
        ['POST', '/cgi-bin/externalcontact/resigned/transfer_customer'],
        ['POST', '/cgi-bin/externalcontact/resigned/transfer_result'],
        ['POST', '/cgi-bin/externalcontact/groupchat/transfer'],
      ],
    ),
    faultOn(
      'dingtalk',
      [{ status: 429 }],
      [
        ['POST', '/v1.0/contact/orgAccounts/disable'],
        ['POST', '/v1.0/contact/orgAccounts/enable'],
        ['POST', '/topapi/v2/user/delete'],
        ['POST', '/topapi/v2/user/get'],
        ['POST', '/v1.0/oauth2/accessToken'],
      ],
    ),
    faultOn(
      'wibiclick',
      [{ status: 429 }],
      [
        ['POST', '/connect-user-to-website'],
        ['POST', '/disconnect-user-from-website'],
        ['GET', '/get-websites-for-user'],
        ['GET', '/get-websites'],
      ],
    ),
  )
  .map(({ call: [method, path], ...rest }): Fault => ({ ...rest, method, path }));

const moment = fc.integer({ min: 1, max: 600 });
const history = fc.record({
  request,
  faults: fc.array(fault, { maxLength: 4 }),
  deaths: fc.array(moment, { maxLength: 4 }),
  /** The store, the durable engine or whoever is asked at that time is cut off. */
  outages: fc.array(fc.record({ from: moment, length: fc.integer({ min: 1, max: 12 }) }), { maxLength: 2 }),
  cancelAt: fc.option(moment, { freq: 2, nil: undefined }),
  /** After so many rounds the machine of the durable engine starts anew. */
  restartAt: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
});
type History = typeof history extends fc.Arbitrary<infer Given> ? Given : never;

test('what a run, its report and the ledger say is what the providers hold', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      const { run, cancelled } = await liveThrough(given);
      expect(run.status).toBe(cancelled?.status === 202 ? 'cancelled' : 'completed');
      if (cancelled && run.status === 'completed') expect(cancelled.body.code).toBe('conflict');
      await expectTruth(run, given.request, cancelled);
      expect(needless.seen).toEqual([]);
    }),
    runs,
  );
}, 300_000);

async function liveThrough({ request, faults, deaths, outages, cancelAt, restartAt }: History) {
  await Promise.all(Object.values(providers).map((provider) => provider.reset()));
  await newTable();
  lambda.advance(dayMs); // past all tokens, bans and secrets of the history before
  let cancelled: Promise<TestAnswer> | undefined;
  const begun = functions.events;
  const { body: plan } = await offboarding.plan(request);
  functions.dieAt(({ number }) => deaths.includes(number - begun));
  functions.cutOffAt(({ number }) =>
    outages.some(({ from, length }) => number - begun >= from && number - begun < from + length),
  );
  functions.watch(({ number }) => {
    if (number - begun === cancelAt) cancelled = offboarding.cancel(plan.id);
  });
  await Promise.all(faults.map(({ provider, ...entry }) => providers[provider].faults(entry)));

  for (let attempts = 0; (await offboarding.apply(plan.id, plan.digest)).status !== 202; attempts++) {
    if (attempts > 20) throw new Error('it cannot be applied');
    lambda.advance(10 * minuteMs);
  }
  const between = async (round: number) => {
    if (round === restartAt) await lambda.restart();
  };
  let run = await throughTrouble(offboarding, plan.id, { between });
  for (let retries = 0; run.status === 'needs_attention' && retries < 5; retries++) {
    await expectTruth(run, request, await cancelled);
    lambda.advance(10 * minuteMs);
    expect((await offboarding.retry(plan.id)).status).toBe(202);
    run = await throughTrouble(offboarding, plan.id);
  }
  functions.watch(() => {});
  return { run, cancelled: await cancelled };
}

async function expectTruth(run: Json, { accounts }: { accounts: Json }, cancelled?: TestAnswer): Promise<void> {
  const things = await thingsOf(offboarding, run, accounts);
  const isUntrue = ({ isHeld, isTold, isRecorded }: (typeof things)[number]) =>
    (isTold ?? isHeld) !== isHeld || (isRecorded ?? isHeld) !== isHeld;
  expect(things.filter(isUntrue)).toEqual([]);
  const accountsHeld = things.filter(({ subject }) => !subject.includes('/')).map(({ isHeld }) => isHeld);
  const reasons = run.plan.steps.filter(({ status }: Json) => status === 'needs_attention');

  if (run.status === 'completed') expect(things.filter(({ isHeld }) => isHeld)).toEqual([]);
  if (run.status === 'cancelled') expect(things.filter(({ isHeld }) => !isHeld)).toEqual([]);
  if (cancelled?.status === 202) expect(accountsHeld).not.toContain(false);
  if (run.status === 'needs_attention') expect(reasons).not.toEqual([]);
  for (const { reason } of reasons) expect(reason).toMatch(/\w+/);
  await expectTrueReport(run);
}

async function expectTrueReport(run: Json): Promise<void> {
  const { status, handover } = run;
  if (!handover) return;
  const { customers, groups } = await wecom.state();
  const { moved, pending, leftOver } = handover;
  const listed = [moved, pending].flatMap((ids) => [...ids.customers, ...ids.groups]);
  const all = [...listed, ...leftOver.map(({ id }: Json) => id)].sort();
  // A run can be cancelled when it has noted a part of them.
  if (stepOf(run, 'wecom', 'snapshot').status === 'succeeded')
    expect(all).toEqual(['wm_lisi_1', 'wm_lisi_2', 'wr_lisi_1']);
  expect(new Set(all).size).toBe(all.length);
  const held = [
    ...customers.map(({ external_userid, userid }: Json) => ({ id: external_userid, userid })),
    ...groups.map(({ chat_id, owner }: Json) => ({ id: chat_id, userid: owner })),
  ];
  for (const { id, userid } of held.filter(({ id }) => all.includes(id))) {
    const isMoved = [...moved.customers, ...moved.groups].includes(id);
    if (isMoved || status === 'completed') expect({ id, userid }).toEqual({ id, userid: 'wangwu' });
  }
}
