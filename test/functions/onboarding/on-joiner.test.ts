import { handler as getHandler } from '../../../functions/onboarding/get-onboarding.ts';
import { events, inMs, person } from '../../support/events.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings } from '../../support/runs.ts';
import { halt, removeItem, storedItems } from '../offboarding/support.ts';

const offboarding = offboardings();
const { wecom, wibiclick, lambda, get } = offboarding;
const { detail, leaver, joiner, deadLetters, told } = events();
const log = logLines();

const getOnboarding = async (id: string): Promise<Json> => (await invoke(getHandler, { path: { id } })).body;
const lisi = { wecom: { userid: 'lisi' } };
const newcomer = {
  wecom: { userid: 'qianyi', name: person.name, mobile: person.mobile, department: [2] },
  wibiclick: { userId: '105', websites: ['201'] },
};
const memberOf = async (userid: string): Promise<Json> =>
  (await wecom.state()).members.find((member: Json) => member.userid === userid);
const onboardingsStored = async (): Promise<Json[]> =>
  (await storedItems()).filter(({ sk, kind }) => sk === 'run' && kind === 'onboarding');

const gone = async (accounts: object = lisi): Promise<string> => {
  const { runId } = await leaver(detail(accounts, { occurredAt: inMs(-60_000) }));
  await lambda.settled();
  return runId;
};

test('a joiner gets the accounts, and the request is erased with its end', async () => {
  const { runId } = await joiner(detail(newcomer));
  await lambda.settled();

  expect(await getOnboarding(runId)).toMatchObject({ requester: 'event:hr', status: 'completed' });
  expect(await memberOf('qianyi')).toMatchObject({ userid: 'qianyi', department: [2] });
  expect((await onboardingsStored())[0]).not.toHaveProperty('request');
});

test('the same event again opens nothing twice, at once or after its end', async () => {
  const event = detail(newcomer);
  const first = await joiner(event);
  await joiner(event);
  await lambda.settled();
  lambda.advance(2 * dayMs);

  expect(await joiner(event)).toEqual(first);
  await lambda.settled();
  expect(await onboardingsStored()).toHaveLength(1);
  expect(await wecom.requests('/cgi-bin/user/create')).toHaveLength(1);
  expect(deadLetters()).toEqual([]);
});

describe('who joins again before anything is removed', () => {
  test('keeps what the leaver would have lost, and nothing is opened', async () => {
    const runId = await gone();
    expect(await memberOf('lisi')).toMatchObject({ enable: 0 });

    expect(await joiner(detail(lisi))).toEqual({ cancelled: [runId] });
    await lambda.settled();

    expect(await get(runId)).toMatchObject({ status: 'cancelled', cancelledBy: 'event:hr' });
    expect(await memberOf('lisi')).toMatchObject({ enable: 1 });
    expect(await onboardingsStored()).toEqual([]);
    expect(deadLetters()).toEqual([]);
  });

  test('gets only the accounts that are not given back', async () => {
    const offboarded = await gone();
    const wecomAgain = { userid: 'lisi', name: person.name, mobile: person.mobile, department: [2] };
    const { cancelled, runId } = await joiner(detail({ wecom: wecomAgain, wibiclick: newcomer.wibiclick }));
    await lambda.settled();

    expect(cancelled).toEqual([offboarded]);
    const { plan, status } = await getOnboarding(runId);
    expect(status).toBe('completed');
    expect(plan.steps.map(({ provider }: Json) => provider)).toEqual(['wibiclick']);
    expect((await wibiclick.state()).links).toContainEqual(
      expect.objectContaining({ userId: '105', websiteId: '201' }),
    );
  });

  test.each([
    ['held', { approval: 'four-eyes' }, {}],
    ['scheduled', {}, { effectiveAt: inMs(9 * dayMs) }],
  ])('a plan that is %s is cancelled', async (status, settings, changes) => {
    offboarding.settings(settings);
    const { runId } = await leaver(detail(lisi, { ...changes, occurredAt: inMs(-60_000) }));
    await lambda.settled();
    expect((await get(runId)).status).toBe(status);

    await joiner(detail(lisi));
    await lambda.settled();
    expect((await get(runId)).status).toBe('cancelled');
    expect(await offboarding.writes()).toEqual([]);
  });

  test('one run of two accounts is cancelled once', async () => {
    const runId = await gone({ ...lisi, dingtalk: { userid: 'sunqi' } });
    expect(await joiner(detail({ ...lisi, dingtalk: { userid: 'sunqi' } }))).toEqual({ cancelled: [runId] });
  });

  test('the same event again finds it cancelled, and opens nothing', async () => {
    const runId = await gone();
    const event = detail(lisi);
    await joiner(event);
    expect(await joiner(event)).toEqual({ cancelled: [runId] });
    await lambda.settled();
    expect(await joiner(event)).toEqual({ cancelled: [runId] });

    expect(await onboardingsStored()).toEqual([]);
    expect(deadLetters()).toEqual([]);
  });

  test('an older leaver that comes after it is refused', async () => {
    await joiner(detail(newcomer));
    await leaver(detail({ wecom: { userid: 'qianyi' } }, { occurredAt: inMs(-1_000) }));

    expect(deadLetters()).toMatchObject([
      {
        detailType: 'Leaver',
        reason: expect.stringContaining('is older than the last event of wecom:qianyi, a Joiner'),
      },
    ]);
  });
});

describe('who joins again too late', () => {
  test('once removing has begun it is refused, and nothing is opened', async () => {
    await wecom.faults({ method: 'GET', path: '/cgi-bin/user/delete', times: 50, then: { errcode: 60011 } });
    const { runId } = await leaver(detail({ ...lisi, wibiclick: { userId: '101' } }, { graceDays: 1 }));
    await offboarding.toEnd(runId);
    const event = detail({ ...lisi, wibiclick: newcomer.wibiclick }, { occurredAt: inMs(0) });
    await joiner(event);

    expect(deadLetters()).toMatchObject([
      {
        eventId: event.eventId,
        reason: expect.stringContaining(`the offboarding ${runId} is needs_attention and has begun to remove at`),
      },
    ]);
    expect(await onboardingsStored()).toEqual([]);
  });

  test('once all is removed the accounts are opened anew', async () => {
    const { runId } = await leaver(detail(lisi, { graceDays: 1 }));
    expect((await offboarding.toEnd(runId)).status).toBe('completed');
    const again = { wecom: { userid: 'lisi', name: person.name, mobile: person.mobile, department: [2] } };
    await joiner(detail(again));
    await lambda.settled();

    expect(await memberOf('lisi')).toMatchObject({ department: [2] });
  });

  test('an older joiner that comes after a leaver is refused, and the leaver goes on', async () => {
    const { runId } = await leaver(detail(lisi));
    await joiner(detail(lisi, { occurredAt: inMs(-1_000) }));
    await lambda.settled();

    expect(deadLetters()).toMatchObject([{ detailType: 'Joiner', reason: expect.stringContaining('is older than') }]);
    expect((await get(runId)).status).toBe('grace');
  });
});

describe('what cannot be carried out goes to the queue with the reason', () => {
  test.each<[string, object, RegExp]>([
    ['an id alone of an account that is not there', lisi, /^accounts\.wecom\.name: is required/],
    ['a wrong field', { wecom: { ...newcomer.wecom, mobile: 'none' } }, /^accounts\.wecom\.mobile: /],
    ['an unknown field', { wecom: { ...newcomer.wecom, salary: 1 } }, /^accounts\.wecom\.salary: unknown field/],
    ['no website', { wibiclick: { userId: '105', websites: [] } }, /^accounts\.wibiclick\.websites: /],
    ['no account', {}, /^accounts: give at least one account$/],
  ])('%s', async (_, accounts, reason) => {
    await joiner(detail(accounts));

    expect(deadLetters()).toEqual([
      expect.objectContaining({ detailType: 'Joiner', reason: expect.stringMatching(reason) }),
    ]);
    expect(await onboardingsStored()).toEqual([]);
  });

  test.each(['effectiveAt', 'graceDays', 'handover', 'onFailure'])('%s, which no joiner has', async (name) => {
    await joiner(detail(newcomer, { [name]: 1 }));

    expect(deadLetters()).toMatchObject([{ reason: `${name}: unknown field; remove it` }]);
  });

  test('a wrong account beside one that could be given back, which then stays', async () => {
    const runId = await gone();
    await joiner(detail({ ...lisi, dingtalk: { userid: 'newone' } }));

    expect(deadLetters()).toHaveLength(1);
    expect((await get(runId)).status).toBe('grace');
  });
});

test('while Usher is halted it is tried again, and then opens the accounts once', async () => {
  await halt();
  const event = detail(newcomer);
  await expect(joiner(event)).rejects.toMatchObject({ code: 'halted' });
  await removeItem({ pk: 'halt', sk: 'halt' });

  await joiner(event);
  await lambda.settled();
  expect(await wecom.requests('/cgi-bin/user/create')).toHaveLength(1);
  expect(deadLetters()).toEqual([]);
});

test('no name, phone or address is logged, stored for good, queued or told', async () => {
  await joiner(detail(newcomer));
  await joiner(detail({ wecom: { ...newcomer.wecom, name: '', extra: person.email } }, { occurredAt: inMs(1_000) }));
  await lambda.settled();

  const traces = { stored: await storedItems(), queued: deadLetters(), told: await told(), logged: log.text() };
  for (const [where, text] of Object.entries(traces))
    expect([where, Object.values(person).filter((value) => JSON.stringify(text).includes(value))]).toEqual([where, []]);
  expect(JSON.stringify(traces)).toContain('Member.created');
});
