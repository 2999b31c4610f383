import type { Json } from '../../support/invoke.ts';
import { type HttpEvent, mortal } from '../../support/mortal.ts';
import { cleanups, minuteMs } from '../../support/runs.ts';
import { storedItems } from '../offboarding/support.ts';
import { directories, members, resultOf } from './support.ts';

const cleanup = cleanups();
const { wecom, lambda } = cleanup;
const { everybody, leave } = directories(cleanup);
const functions = mortal();
const workflows = {
  cleanup: functions.invoking(async () => (await import('../../../functions/cleanup/run-cleanup.ts')).handler),
  job: functions.invoking(async () => (await import('../../../functions/jobs/run-job.ts')).handler),
};

const leavers = members(3);
const request = { policy: 'roster', provider: 'wecom', mode: 'apply' };
let before: string[] = [];

beforeEach(async () => {
  await wecom.reset({ members: 50 });
  before = await everybody('wecom');
  await leave('wecom', ...leavers);
  lambda.invokeBy((name, event) => workflows[name.includes('cleanup') ? 'cleanup' : 'job'](name, event));
});

/** Lets time pass, with the schedules at work, until the cleanup has ended, and its job too. */
async function throughTrouble(id: string): Promise<Json> {
  for (let minutes = 0; minutes < 60; minutes++) {
    await lambda.settled();
    const run = await cleanup.get(id);
    const { job } = resultOf(run);
    if (run.status === 'completed' && job?.status.startsWith('completed')) return run;
    await cleanup.settleIntents();
    await cleanup.watchRuns();
    await lambda.settled();
    lambda.advance(minuteMs);
  }
  throw new Error(`it did not end: ${JSON.stringify(await cleanup.get(id))}`);
}

async function expectOneJob(run: Json): Promise<void> {
  expect(resultOf(run)).toEqual({
    ...request,
    status: 'succeeded',
    found: 3,
    ids: leavers,
    job: expect.objectContaining({ status: 'completed', total: 3, succeeded: 3 }),
  });
  expect(await everybody('wecom')).toEqual(before.filter((id) => !leavers.includes(id)));
  const stored = await storedItems();
  expect(stored.filter(({ sk, kind }) => sk === 'run' && kind === 'job')).toHaveLength(1);
  expect(stored.filter(({ sk }) => sk === 'open')).toEqual([]);
}

/** One life makes some hundred events: a request is sent, or answered. */
const every = process.env.USHER_DEATHS === 'all' ? 1 : 12;
const most = 360;
const moments = Array.from({ length: most / every }, (_, index) => 1 + index * every);

test('one life makes less events than are tried', async () => {
  const { body } = await cleanup.start(request);
  await expectOneJob(await throughTrouble(body.id));

  expect(functions.events).toBeGreaterThan(100);
  expect(functions.events).toBeLessThan(most);
});

test('dies when its job is planned and nothing tells of it, and finds that job again', async () => {
  const isPlan = (body: string) => body.includes('"kind":{"S":"job"}') && body.includes('"plannedAt"');
  functions.dieAt(({ what, target, body }) => what === 'answered' && target === 'PutItem' && isPlan(body));

  const { body } = await cleanup.start(request);
  const run = await throughTrouble(body.id);

  expect(functions.deaths).toBe(1);
  await expectOneJob(run);
});

test.each(moments)(
  'dies at event %i, and makes one job, which removes whom it found and nobody else',
  async (moment) => {
    functions.dieAt(({ number }: HttpEvent) => number === moment);

    const { body } = await cleanup.start(request);

    await expectOneJob(await throughTrouble(body.id));
  },
);
