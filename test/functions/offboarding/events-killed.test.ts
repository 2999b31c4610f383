import { events, inMs } from '../../support/events.ts';
import type { Json } from '../../support/invoke.ts';
import { type HttpEvent, isChange, mortal } from '../../support/mortal.ts';
import { minuteMs, offboardings } from '../../support/runs.ts';
import { storedItems } from './support.ts';

const offboarding = offboardings();
const { wecom, lambda, get } = offboarding;
const { detail, leaver, joiner, deadLetters, told } = events();
const life = mortal();

const lisi = { wecom: { userid: 'lisi' } };
const newcomer = { wibiclick: { userId: '105', websites: ['201'] } };

/** More than any of these makes, so that the last of them dies of nothing. */
const moments = Array.from({ length: 14 }, (_, index) => index + 1);

/** @returns whether it died before its n-th change */
async function dies(fatal: number, call: () => Promise<unknown>): Promise<boolean> {
  let changes = 0;
  const diesAt = (event: HttpEvent) => isChange(event) && ++changes === fatal;
  return life.live(call, { diesAt }).then(
    () => false,
    () => true,
  );
}

/** What the schedule does for a run whose workflow was not started or not woken. */
async function lookAfterRuns(): Promise<void> {
  await lambda.settled();
  lambda.advance(3 * minuteMs);
  await offboarding.watchRuns();
  await lambda.settled();
}

const statuses = async (id: string): Promise<string[]> =>
  (await told()).flatMap((event) => (event.detail.id === id ? [event['detail-type']] : []));
const runsOf = async (kind: string): Promise<Json[]> =>
  (await storedItems()).filter((item) => item.sk === 'run' && item.kind === kind);

const endings: boolean[] = [];

test.each(moments)('a leaver dies before change %i, and the next attempt brings the one run about', async (fatal) => {
  const event = detail(lisi);
  endings.push(await dies(fatal, () => leaver(event)));

  const { runId } = await leaver(event);
  await lookAfterRuns();
  expect((await get(runId)).status).toBe('grace');
  expect(await runsOf('offboarding')).toHaveLength(1);
  expect(await offboarding.writes()).toHaveLength(1);
  expect(await statuses(runId)).toEqual(['Run.planned', 'Run.disabling', 'Run.grace']);
  expect(deadLetters()).toEqual([]);
});

test.each(moments)('a joiner dies before change %i, and the next attempt gives back and opens once', async (fatal) => {
  const { runId } = await leaver(detail(lisi, { occurredAt: inMs(-60_000) }));
  await lambda.settled();
  const event = detail({ ...lisi, ...newcomer });
  endings.push(await dies(fatal, () => joiner(event)));
  await lambda.settled();

  const again = await joiner(event);
  await lookAfterRuns();
  expect(again).toMatchObject({ cancelled: [runId] });
  expect((await get(runId)).status).toBe('cancelled');
  expect((await wecom.state()).members).toContainEqual(expect.objectContaining({ userid: 'lisi', enable: 1 }));
  expect(await runsOf('onboarding')).toMatchObject([{ id: again.runId, status: 'completed' }]);
  expect((await statuses(runId)).slice(-2)).toEqual(['Run.cancelling', 'Run.cancelled']);
  expect(await statuses(again.runId)).toEqual(['Run.running', 'Run.completed']);
  expect(deadLetters()).toEqual([]);
});

test('each came to its end at last, after many deaths', () => {
  expect(endings.filter((died) => died).length).toBeGreaterThan(12);
  expect([endings[moments.length - 1], endings.at(-1)]).toEqual([false, false]);
});
