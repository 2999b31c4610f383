import { handler } from '../../../functions/cleanup/sweep.ts';
import type { Json } from '../../support/invoke.ts';
import { cleanups, dayMs } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { setEnv } from '../offboarding/support.ts';
import { directories, hourMs } from './support.ts';

const cleanup = cleanups();
const { lambda } = cleanup;
const { leave } = directories(cleanup);

/** The clock of the test stands at this hour of a day in UTC. */
const toHour = (hour: number): void => {
  const now = Date.now() + time.ahead;
  time.advance(dayMs - (now % dayMs) + hour * hourMs);
};
const all = async (): Promise<Json[]> => (await cleanup.list()).items;

test('is not due on the full hour', () => {
  expect(handler.operation.schedule).toMatch(/^cron\((?!0 )\d+ \d+ \* \* \? \*\)$/);
});

test('starts a cleanup of each policy, in the mode of its setting', async () => {
  setEnv({ USHER_POLICIES: JSON.stringify({ roster: 'apply' }) });
  await leave('wecom', 'lisi');

  await cleanup.sweep();
  await lambda.settled();

  const started = await all();
  expect(started.map(({ requester }) => requester)).toEqual(Array(3).fill('schedule:sweep'));
  expect(Object.fromEntries(started.map(({ policy, mode }) => [policy, mode]))).toEqual({
    roster: 'apply',
    'wecom-disabled': 'report',
    'dingtalk-dismissed': 'report',
  });
  const { results } = started.find(({ policy }) => policy === 'roster') ?? {};
  expect(results.map(({ provider, found }: Json) => [provider, found])).toEqual([
    ['wecom', 1],
    ['dingtalk', 0],
    ['wibiclick', 0],
  ]);
  expect(await cleanup.toEnd(results[0].job.id)).toMatchObject({ status: 'completed', requester: 'schedule:sweep' });
});

test('starts one for each day, however often the scheduler tries', async () => {
  toHour(2);
  const first = await cleanup.sweep();
  await lambda.settled();
  time.advance(20 * hourMs);

  expect(await cleanup.sweep()).toEqual(first);
  await lambda.settled();
  expect(await all()).toHaveLength(3);

  toHour(2);
  await cleanup.sweep();
  await lambda.settled();
  expect(await all()).toHaveLength(6);
});

test('a list of cleanups tells how many were found, and not who', async () => {
  await leave('wecom', 'lisi');
  const { id } = await cleanup.end({ policy: 'roster', provider: 'wecom', mode: 'apply' });

  const [listed] = await all();

  expect(listed).toMatchObject({ id, results: [{ found: 1, job: { id: expect.any(String) } }] });
  expect(JSON.stringify(listed)).not.toContain('lisi');
});
