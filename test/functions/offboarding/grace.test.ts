import { logLines } from '../../support/log-lines.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, inMs } from './support.ts';

const offboarding = offboardings();
const { lambda } = offboarding;
const by = consoles(offboarding);
logLines();

const { accounts } = everywhere;
/** DingTalk's lisi cannot be disabled. */
const mixed = { wecom: { userid: 'lisi' }, dingtalk: { userid: 'lisi' }, wibiclick: { userId: '101' } };

const pass = async (ms: number): Promise<void> => {
  lambda.advance(ms);
  await lambda.settled();
};
const isThere = async () => [await by.memberOf('lisi'), await by.userOf('sunqi')].map((found) => found !== undefined);
const removalOf = async (id: string, provider: string): Promise<string> =>
  stepOf(await offboarding.get(id), provider, 'remove').status;

test('each provider has the grace that was asked for it, and the others that of the setting', async () => {
  offboarding.settings({ graceDays: 3 });
  const id = await offboarding.start({ accounts, graceDays: { wecom: 1, dingtalk: 2 } });

  await pass(dayMs - minuteMs);
  expect(await isThere()).toEqual([true, true]);
  await pass(2 * minuteMs);
  expect(await isThere()).toEqual([false, true]);
  await pass(dayMs - 3 * minuteMs);
  expect(await isThere()).toEqual([false, true]);
  await pass(3 * minuteMs);
  expect(await isThere()).toEqual([false, false]);
  expect(await removalOf(id, 'wibiclick')).toBe('pending');
  await pass(dayMs);
  expect(await removalOf(id, 'wibiclick')).toBe('succeeded');
  expect((await offboarding.get(id)).status).toBe('completed');
});

test('the grace is 30 days when nobody says otherwise', async () => {
  const id = await offboarding.start({ accounts });

  const { dueAt } = stepOf(await offboarding.get(id), 'wecom', 'remove');
  const { endedAt } = stepOf(await offboarding.get(id), 'wecom', 'disable');
  expect(Date.parse(dueAt) - Date.parse(endedAt)).toBe(30 * dayMs);
});

test('0 days remove at once, after disabling', async () => {
  const id = await offboarding.start({ accounts, graceDays: 0 });

  expect((await offboarding.get(id)).status).toBe('completed');
  expect(await isThere()).toEqual([false, false]);
  const paths = (await by.sent()).map(({ path }) => path).filter((path) => path.startsWith('/cgi-bin'));
  expect(paths).toEqual(['/cgi-bin/user/update', '/cgi-bin/user/delete']);
});

test('0 days for one provider leave the others theirs', async () => {
  await offboarding.start({ accounts, graceDays: { dingtalk: 0 } });

  expect(await isThere()).toEqual([true, false]);
});

test('an account that cannot be disabled keeps access in its grace, counted from the beginning', async () => {
  const id = await offboarding.start({ accounts: mixed, graceDays: 2, effectiveAt: inMs(dayMs) });

  await pass(dayMs + minuteMs);
  expect(stepOf(await offboarding.get(id), 'dingtalk', 'disable').status).toBe('unsupported');
  await pass(2 * dayMs - 5 * minuteMs);
  expect(await by.userOf('lisi')).toBeDefined();
  await pass(5 * minuteMs);
  expect(await by.userOf('lisi')).toBeUndefined();
});

describe('urgent', () => {
  test('removes at once what cannot be disabled, whatever grace was asked for', async () => {
    await offboarding.start({ accounts: mixed, urgent: true, graceDays: 10 });

    expect(await by.userOf('lisi')).toBeUndefined();
    expect(await by.memberOf('lisi')).toMatchObject({ enable: 0 });
  });

  test('keeps the explicit grace of an account that can be disabled', async () => {
    const id = await offboarding.start({ accounts, urgent: true, graceDays: { wecom: 2 } });

    expect(await isThere()).toEqual([true, false]);
    await pass(2 * dayMs - minuteMs);
    expect(await isThere()).toEqual([true, false]);
    await pass(2 * minuteMs);
    expect(await isThere()).toEqual([false, false]);
    expect((await offboarding.get(id)).status).toBe('completed');
  });

  test('does without the grace of the setting', async () => {
    offboarding.settings({ graceDays: 30 });
    const id = await offboarding.start({ accounts: mixed, urgent: true });

    expect((await offboarding.get(id)).status).toBe('completed');
    expect(await by.memberOf('lisi')).toBeUndefined();
    expect(await by.userOf('lisi')).toBeUndefined();
  });
});
