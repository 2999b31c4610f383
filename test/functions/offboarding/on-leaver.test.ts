import { events, inMs, person } from '../../support/events.ts';
import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, minuteMs, offboardings } from '../../support/runs.ts';
import { everywhere, fence, halt, removeItem, storedItems } from './support.ts';

const offboarding = offboardings();
const { wecom, lambda, get } = offboarding;
const { detail, leaver, joiner, deadLetters, told } = events();
const log = logLines();

const lisi = { wecom: { userid: 'lisi' } };
const runsOf = async (): Promise<Json[]> =>
  (await storedItems()).filter(({ pk, sk }) => pk.startsWith('run#') && sk === 'run');
const toldOf = async (detailType: string): Promise<Json[]> =>
  (await told()).filter((event) => event['detail-type'] === detailType);

async function expectRefused(event: Json, reason: string | RegExp): Promise<void> {
  await leaver(event);
  expect(deadLetters()).toEqual([
    expect.objectContaining({ detailType: 'Leaver', reason: expect.stringMatching(reason) }),
  ]);
  expect(await offboarding.writes()).toEqual([]);
}

test('a leaver is planned and applied, and leaves after the grace', async () => {
  const { eventId: _id, ...others } = detail(everywhere.accounts, { handover: everywhere.handover, graceDays: 2 });
  const { runId, status } = await leaver({ eventId: 'hr-4711', ...others });
  await lambda.settled();

  expect(status).toBe('disabling');
  expect(await get(runId)).toMatchObject({ requester: 'event:hr', appliedBy: 'event:hr', status: 'grace' });
  expect((await offboarding.toEnd(runId)).status).toBe('completed');
  expect((await wecom.state()).members.map(({ userid }: Json) => userid)).not.toContain('lisi');
  expect(deadLetters()).toEqual([]);
});

test('effectiveAt is waited for, and one that has passed on the way means at once', async () => {
  const later = await leaver(detail(lisi, { effectiveAt: inMs(3 * dayMs) }));
  const now = await leaver(detail({ wecom: { userid: 'zhaoliu' } }, { effectiveAt: inMs(-dayMs) }));
  await lambda.settled();

  expect((await get(later.runId)).status).toBe('scheduled');
  expect((await get(now.runId)).status).toBe('grace');
});

describe('the same event again', () => {
  test('changes nothing, at once or after the run has ended', async () => {
    const event = detail(lisi, { graceDays: 1, effectiveAt: inMs(minuteMs) });
    const first = await leaver(event);
    expect(await leaver(event)).toEqual(first);
    await lambda.settled();
    expect((await offboarding.toEnd(first.runId)).status).toBe('completed');
    const before = await offboarding.writes();

    expect(await leaver(event)).toEqual({ runId: first.runId, status: 'completed' });
    await lambda.settled();

    expect(await runsOf()).toHaveLength(1);
    expect(await offboarding.writes()).toEqual(before);
    expect(deadLetters()).toEqual([]);
  });

  test('at the same moment plans once, and each that fails on the way succeeds at its next attempt', async () => {
    const event = detail(lisi);
    const attempt = async (): Promise<unknown> => leaver(event).catch(() => leaver(event));

    await Promise.all([attempt(), attempt(), attempt()]);
    await lambda.settled();

    expect(await runsOf()).toHaveLength(1);
    expect(await offboarding.writes()).toHaveLength(1);
    expect(deadLetters()).toEqual([]);
  });

  test('does not apply a plan that somebody else has approved', async () => {
    offboarding.settings({ approval: 'four-eyes' });
    const event = detail(lisi);
    const { runId } = await leaver(event);
    await offboarding.approve(runId, (await get(runId)).digest, 'somebody');

    expect(await leaver(event)).toEqual({ runId, status: 'planned' });
  });

  test('with another content or for other accounts is refused', async () => {
    const event = detail(lisi);
    await leaver(event);
    await leaver({ ...event, occurredAt: inMs(1_000) });
    await leaver({ ...event, accounts: { wecom: { userid: 'zhaoliu' } } });
    await joiner({ ...event, accounts: { wecom: { userid: 'lisi' } } });

    expect(deadLetters().map(({ reason }) => reason)).toEqual(Array(3).fill('eventId: was used for another event'));
  });
});

describe('order', () => {
  test('an event older than the last one of its account is refused, and so is another of the same time', async () => {
    const newer = detail(lisi);
    const { runId } = await leaver(newer);
    await leaver(detail(lisi, { occurredAt: inMs(-dayMs) }));
    await leaver(detail(lisi, { occurredAt: newer.occurredAt }));

    const reason = `occurredAt: is older than the last event of wecom:lisi, a Leaver of ${newer.occurredAt}`;
    expect(deadLetters().map((letter) => letter.reason)).toEqual([reason, reason]);
    expect((await runsOf()).map(({ id }) => id)).toEqual([runId]);
  });

  test('one account is enough', async () => {
    await leaver(detail(lisi));
    await leaver(detail({ ...lisi, dingtalk: { userid: 'sunqi' } }, { occurredAt: inMs(-minuteMs) }));
    expect(deadLetters()).toMatchObject([{ subjects: ['wecom:lisi', 'dingtalk:sunqi'] }]);

    // What was refused has not become the last event of the other account.
    expect(await leaver(detail({ dingtalk: { userid: 'sunqi' } }, { occurredAt: inMs(-2 * minuteMs) }))).toMatchObject({
      status: 'disabling',
    });
  });

  test('upper and lower case are one WeCom account', async () => {
    await leaver(detail(lisi));
    await leaver(detail({ wecom: { userid: 'LiSi' } }, { occurredAt: inMs(-minuteMs) }));

    expect(deadLetters()).toMatchObject([{ subjects: ['wecom:lisi'], reason: expect.stringContaining('is older') }]);
  });

  test('a newer one waits for nobody: while the first is under way a person decides', async () => {
    const { runId } = await leaver(detail(lisi));
    await lambda.settled();
    await leaver(detail(lisi, { occurredAt: inMs(1_000) }));

    expect(deadLetters()).toMatchObject([
      { reason: expect.stringContaining(`${runId}, which an earlier event began, is grace`) },
    ]);
    expect(await runsOf()).toHaveLength(1);
  });

  test('one that comes after the first was cancelled counts', async () => {
    const first = await leaver(detail(lisi));
    await lambda.settled();
    await offboarding.cancel(first.runId);
    await expect(leaver(detail(lisi, { occurredAt: inMs(500) }))).rejects.toMatchObject({ code: 'locked' });
    await lambda.settled();

    expect(await leaver(detail(lisi, { occurredAt: inMs(1_000) }))).toMatchObject({ status: 'disabling' });
  });
});

describe('what cannot be carried out goes to the queue with the reason, and nothing is sent', () => {
  test.each<[string, object, RegExp]>([
    ['older than 7 days', { occurredAt: '2020-01-01T00:00:00Z' }, /^occurredAt: is older than 7 days$/],
    ['no time', { occurredAt: 'yesterday' }, /^occurredAt: must be a time with its offset/],
    ['a time without an offset', { occurredAt: '2027-01-01T00:00:00' }, /^occurredAt: must be a time with its offset/],
    ['no eventId', { eventId: undefined }, /^eventId: /],
    ['an eventId with spaces', { eventId: 'one two' }, /^eventId: must be 1 to 128/],
    ['nobody', { person: undefined }, /^person: /],
    ['a number for a person', { person: 4711 }, /^person: must be a text or an object$/],
    ['no accounts', { accounts: undefined }, /^accounts: is required$/],
    ['an empty list of accounts', { accounts: {} }, /^accounts: give at least one account$/],
    ['an unknown provider', { accounts: { slack: {} } }, /^accounts.slack: unknown field; remove it/],
    ['a name for an account', { accounts: { wecom: { userid: 'li si' } } }, /^accounts.wecom.userid: must be/],
    ['an unknown field', { salary: 1 }, /^salary: unknown field; remove it$/],
    ['urgent', { urgent: true }, /^urgent: is for people to decide; remove it$/],
    ['urgent: false', { urgent: false }, /^urgent: is for people to decide; remove it$/],
    ['no grace', { graceDays: 0 }, /^graceDays: is 0 for wecom; an event leaves at least 1 day of grace$/],
    ['no grace for one', { graceDays: { wecom: 0 } }, /^graceDays: is 0 for wecom/],
    ['a wrong grace', { graceDays: 'long' }, /^graceDays: must be/],
    ['a wrong effectiveAt', { effectiveAt: 'soon' }, /^effectiveAt: must be/],
    ['a taker for nothing', { handover: { dingtalk: {} } }, /^handover.dingtalk: needs accounts.dingtalk$/],
    ['an unknown account', { accounts: { wecom: { userid: 'nobody' } } }, /^not_found: wecom has no nobody/],
    [
      'an unknown taker',
      { handover: { wecom: { takeoverUserid: 'nobody' } } },
      /^provider_rejected: nobody \(wecom\) cannot take over/,
    ],
    ['a boss', { accounts: { dingtalk: { userid: 'founder' } } }, /^protected: founder must not be removed/],
  ])('%s', async (_, changes, reason) => expectRefused(detail(lisi, changes), reason));

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', '李四 13812345678'],
    ['a list', [person]],
  ])('a detail that is %s', async (_, given) => {
    await expectRefused(given, /^body: /);
    expect(JSON.stringify(deadLetters())).not.toContain('13812345678');
  });

  test('more than 5 minutes in the future, and not less', async () => {
    await expectRefused(detail(lisi, { occurredAt: inMs(6 * minuteMs) }), /^occurredAt: lies in the future$/);
    expect(await leaver(detail(lisi, { occurredAt: inMs(4 * minuteMs) }))).toMatchObject({ status: 'disabling' });
  });

  test('no grace by the setting', async () => {
    offboarding.settings({ graceDays: 0 });
    await expectRefused(detail(lisi), /^graceDays: is 0 for wecom/);
  });

  test('once it is corrected the event is carried out, with another id and the same time', async () => {
    const event = detail({ wecom: { userid: 'nobody' } });
    await leaver(event);
    expect(await leaver({ ...event, eventId: 'corrected', accounts: lisi })).toMatchObject({ status: 'disabling' });
  });

  test('all that is kept is who, when and why', async () => {
    const event = detail(lisi, { graceDays: 0 });
    await leaver(event);

    expect(deadLetters()).toEqual([
      {
        eventId: event.eventId,
        detailType: 'Leaver',
        occurredAt: event.occurredAt,
        subjects: ['wecom:lisi'],
        reason: expect.any(String),
      },
    ]);
    const [line] = log.parsed().filter(({ event_rejected }) => event_rejected !== undefined);
    expect(line).toMatchObject({ level: 'ERROR', event_rejected: 1, eventId: event.eventId, subjects: ['wecom:lisi'] });
  });
});

describe('what may pass is tried again', () => {
  test.each([
    [
      'the provider is down',
      () => wecom.faults({ method: 'GET', path: '/cgi-bin/user/get', times: 20, then: { status: 503 } }),
      'provider_unavailable',
    ],
    ['Usher is halted', () => halt(), 'halted'],
  ])('%s', async (_, trouble, code) => {
    await trouble();
    const event = detail(lisi);
    await expect(leaver(event)).rejects.toMatchObject({ code });
    expect(deadLetters()).toEqual([]);

    await wecom.reset();
    await removeItem({ pk: 'halt', sk: 'halt' });
    expect(await leaver(event)).toMatchObject({ status: 'disabling' });
    await lambda.settled();
    expect(await offboarding.writes()).toHaveLength(1);
  });

  test('but not without a grace, when the setting was changed meanwhile', async () => {
    await halt();
    const event = detail(lisi);
    await expect(leaver(event)).rejects.toMatchObject({ code: 'halted' });
    await removeItem({ pk: 'halt', sk: 'halt' });
    offboarding.settings({ graceDays: 0 });
    await expect(leaver(event)).rejects.toMatchObject({ code: 'plan_drifted' });
    await leaver(event);

    expect(deadLetters()).toMatchObject([{ reason: expect.stringContaining('graceDays: is 0 for wecom') }]);
    expect(await offboarding.writes()).toEqual([]);
  });

  test('a plan that was overtaken is applied as it is now', async () => {
    await halt();
    const event = detail(lisi);
    await expect(leaver(event)).rejects.toMatchObject({ code: 'halted' });
    await removeItem({ pk: 'halt', sk: 'halt' });
    lambda.advance(2 * dayMs);
    await expect(leaver(event)).rejects.toMatchObject({ code: 'plan_drifted' });

    expect(await leaver(event)).toMatchObject({ status: 'disabling' });
    expect(await runsOf()).toHaveLength(1);
  });
});

describe('stays held', () => {
  test('with four-eyes, until somebody has approved it', async () => {
    offboarding.settings({ approval: 'four-eyes' });
    const { runId, status } = await leaver(detail(lisi));
    expect(status).toBe('held');
    expect(await offboarding.writes()).toEqual([]);

    const { digest } = await get(runId);
    expect(await offboarding.approve(runId, digest, 'somebody')).toMatchObject({ status: 200 });
    expect(await offboarding.apply(runId, digest, 'somebody')).toMatchObject({ status: 202 });
    expect(deadLetters()).toEqual([]);
  });

  test('when the fence trips, which is told once, however often it comes', async () => {
    fence(0);
    const event = detail(lisi);
    const { runId, status } = await leaver(event);
    await leaver(event);
    await offboarding.apply(runId, (await get(runId)).digest);

    expect(status).toBe('held');
    expect(await offboarding.writes()).toEqual([]);
    expect(await toldOf('Fence.Tripped')).toMatchObject([
      { source: 'usher', detail: { provider: 'wecom', runId, used: 0, limit: 0, asked: 2 } },
    ]);
    expect(await toldOf('Run.held')).toHaveLength(1);
    expect(log.parsed().filter(({ message }) => message === 'a plan is held')).toMatchObject([{ fence_tripped: 1 }]);
    expect(deadLetters()).toEqual([]);
  });
});

test('no name, phone or address is logged, stored, queued or told', async () => {
  await leaver(detail(lisi, { graceDays: 1 }));
  await leaver(detail(lisi, { graceDays: 0, occurredAt: inMs(1_000) }));
  await leaver({ person, accounts: person });
  await lambda.settled();

  const traces = { stored: await storedItems(), queued: deadLetters(), told: await told(), logged: log.text() };
  for (const [where, text] of Object.entries(traces))
    expect([where, Object.values(person).filter((value) => JSON.stringify(text).includes(value))]).toEqual([where, []]);
  expect(JSON.stringify(traces)).toContain('Member.disabled');
});
