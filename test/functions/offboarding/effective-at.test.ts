import { momentOf } from '../../../functions/offboarding/request/effective-at.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, inMs, now } from './support.ts';

const offboarding = offboardings();
const { lambda } = offboarding;
const by = consoles(offboarding);
logLines();

describe('a time with its offset or zone names one moment', () => {
  test.each([
    ['2027-03-26T18:00:00+08:00', '2027-03-26T10:00:00.000Z'],
    ['2027-03-26T18:00+08:00', '2027-03-26T10:00:00.000Z'],
    ['2027-03-26T18:00:00Z', '2027-03-26T18:00:00.000Z'],
    ['2027-03-26T18:00:00.250Z', '2027-03-26T18:00:00.250Z'],
    ['2027-03-26T18:00-03:30', '2027-03-26T21:30:00.000Z'],
    ['2028-02-29T12:00Z', '2028-02-29T12:00:00.000Z'],
    ['2027-03-26T18:00[Asia/Shanghai]', '2027-03-26T10:00:00.000Z'],
    // Europe moves its clocks on 28 March 2027 at 01:00 UTC, and back on 31 October.
    ['2027-03-28T01:59[Europe/Berlin]', '2027-03-28T00:59:00.000Z'],
    ['2027-03-28T03:00[Europe/Berlin]', '2027-03-28T01:00:00.000Z'],
    ['2027-03-29T09:00[Europe/Berlin]', '2027-03-29T07:00:00.000Z'],
    ['2027-10-31T01:59[Europe/Berlin]', '2027-10-30T23:59:00.000Z'],
    ['2027-10-31T03:00[Europe/Berlin]', '2027-10-31T02:00:00.000Z'],
    ['2027-10-31T02:30+02:00[Europe/Berlin]', '2027-10-31T00:30:00.000Z'],
    ['2027-10-31T02:30+01:00[Europe/Berlin]', '2027-10-31T01:30:00.000Z'],
    ['2027-10-31T02:30+01:00', '2027-10-31T01:30:00.000Z'],
    ['2027-11-05T12:00[America/Argentina/Buenos_Aires]', '2027-11-05T15:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(momentOf(text) ?? 0).toISOString()).toBe(expected);
  });

  test.each([
    ['no zone', '2027-03-26T18:00:00'],
    ['a date', '2027-03-26'],
    ['no text of a time', 'tomorrow'],
    ['an hour that clocks skip', '2027-03-28T02:30[Europe/Berlin]'],
    ['an hour that is there twice', '2027-10-31T02:30[Europe/Berlin]'],
    ['the wrong offset for its zone', '2027-03-26T18:00+08:00[Europe/Berlin]'],
    ['an unknown zone', '2027-03-26T18:00[Europe/Atlantis]'],
    ['a day that no month has, with an offset', '2027-02-30T10:00:00Z'],
    ['a day that this month lacks, with an offset', '2027-04-31T10:00+02:00'],
    ['29 February in a common year', '2027-02-29T10:00Z'],
    ['a day that no month has, with a zone', '2027-02-30T10:00[Europe/Berlin]'],
    ['a thirteenth month', '2027-13-01T10:00Z'],
    ['an hour past the day', '2027-03-26T25:00Z'],
    ['an offset that is none', '2027-03-26T18:00+25:00'],
    ['two zones', '2027-03-26T18:00[Europe/Berlin][Asia/Shanghai]'],
  ])('%s names none', (_, text) => {
    expect(momentOf(text)).toBeUndefined();
  });
});

/** The next Sunday on which Berlin moves its clocks, at 01:00 UTC, and its offset from then on. */
function nextChange(): { at: number; offset: number } {
  const year = new Date(now()).getUTCFullYear();
  const lastSunday = (in_: number, month: number): number => {
    const last = new Date(Date.UTC(in_, month + 1, 0, 1));
    return last.getTime() - last.getUTCDay() * dayMs;
  };
  const changes = [year, year + 1].flatMap((each) => [
    { at: lastSunday(each, 2), offset: 2 },
    { at: lastSunday(each, 9), offset: 1 },
  ]);
  const next = changes.find(({ at }) => at > now() + 4 * dayMs);
  if (!next) throw new Error('there is always a next change');
  return next;
}

test.each([
  { form: 'a zone', zoned: (date: string) => `${date}T09:00[Europe/Berlin]` },
  { form: 'an offset', zoned: (date: string, offset: number) => `${date}T09:00:00+0${offset}:00` },
])('begins once, at the right minute, across a change of the clocks: $form', async ({ zoned }) => {
  const { at, offset } = nextChange();
  lambda.advance(at - 3 * dayMs - now());
  const effectiveAt = zoned(new Date(at + dayMs).toISOString().slice(0, 10), offset);
  const moment = at - 3_600_000 + dayMs + (9 - offset) * 3_600_000;
  const { body: planned } = await offboarding.plan({ ...everywhere, effectiveAt });
  expect((await offboarding.apply(planned.id, planned.digest)).body.status).toBe('scheduled');
  await lambda.settled();

  lambda.advance(moment - now() - 30_000);
  await lambda.settled();
  expect((await offboarding.get(planned.id)).status).toBe('scheduled');
  expect(await by.sent()).toEqual([]);

  lambda.advance(minuteMs);
  await lambda.settled();
  const run = await offboarding.get(planned.id);
  expect(run.status).toBe('grace');
  const { startedAt, endedAt } = stepOf(run, 'wecom', 'disable');
  expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(moment);
  expect(Date.parse(endedAt)).toBeLessThan(moment + minuteMs);

  lambda.advance(2 * dayMs);
  await lambda.settled();
  const updates = (await by.sent()).filter(({ path }) => path === '/cgi-bin/user/update');
  expect(updates).toHaveLength(1);
  expect(Date.parse(stepOf(await offboarding.get(planned.id), 'wecom', 'remove').dueAt)).toBe(
    Date.parse(endedAt) + 30 * dayMs,
  );
});

test('the grace counts from the disabling, not from the apply', async () => {
  const id = await offboarding.start({ ...everywhere, effectiveAt: inMs(10 * dayMs), graceDays: 5 });

  lambda.advance(10 * dayMs);
  await lambda.settled();
  expect((await offboarding.get(id)).status).toBe('grace');
  lambda.advance(4 * dayMs);
  await lambda.settled();
  expect((await offboarding.get(id)).status).toBe('grace');
  expect(await by.memberOf('lisi')).toBeDefined();

  lambda.advance(2 * dayMs);
  await lambda.settled();
  expect(await by.memberOf('lisi')).toBeUndefined();
});

test('a plan whose time has come before its apply begins at once', async () => {
  const { body: planned } = await offboarding.plan({ ...everywhere, effectiveAt: inMs(3_600_000) });
  lambda.advance(2 * 3_600_000);

  expect((await offboarding.apply(planned.id, planned.digest)).body.status).toBe('disabling');
  await lambda.settled();
  expect((await offboarding.get(planned.id)).status).toBe('grace');
});
