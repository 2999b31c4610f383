import { clock } from '../../../functions/shared/clock.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';

const offboarding = offboardings();
const { wecom, lambda } = offboarding;
const accounts = { wecom: { userid: 'lisi' } };
logLines();

afterEach(() => void delete process.env.USHER_WECOM_PROTECTED);

test('after a long rest a new execution goes on, so that what was deployed meanwhile counts', async () => {
  const id = await offboarding.start({ accounts, graceDays: 30 });
  expect(lambda.executions().map(({ name, status }) => [name, status])).toEqual([[`${id}-1`, 'RUNNING']]);

  lambda.advance(30 * dayMs + minuteMs);
  await lambda.settled();

  expect(lambda.executions().map(({ name, status }) => [name, status])).toEqual([
    [`${id}-1`, 'SUCCEEDED'],
    [`${id}-2`, 'SUCCEEDED'],
  ]);
  expect((await offboarding.get(id)).status).toBe('completed');
});

test('who is protected during the grace is not removed at its end', async () => {
  const id = await offboarding.start({ accounts, graceDays: 30 });

  process.env.USHER_WECOM_PROTECTED = 'LiSi';
  const run = await offboarding.toEnd(id);

  expect(stepOf(run, 'wecom', 'remove')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(/^protected: /),
  });
  expect((await wecom.state()).members).toContainEqual(expect.objectContaining({ userid: 'lisi', enable: 0 }));
});

test('a plan and its run tell when they begin', async () => {
  const begins = new Date(clock.now() + dayMs).toISOString();
  const { body: plan } = await offboarding.plan({ accounts, effectiveAt: begins });

  expect(plan.effectiveAt).toBe(begins);
  expect((await offboarding.apply(plan.id, plan.digest)).body).toMatchObject({
    status: 'scheduled',
    effectiveAt: begins,
  });
});
