import { clock } from '../../../functions/shared/clock.ts';
import { store } from '../../../functions/shared/store.ts';
import { handler as update } from '../../../functions/wecom/update-user.ts';
import { invoke } from '../../support/invoke.ts';
import { cleanups } from '../../support/runs.ts';
import { directories, hourMs, resultOf } from './support.ts';

const cleanup = cleanups();
const { wecom, lambda } = cleanup;
const { everybody, leave } = directories(cleanup);
const stays = {
  status: 'skipped',
  error: { code: 'conflict', message: expect.stringContaining('would not find lisi any more') },
};

const turn = { pk: 'turn#wecom', sk: 'turn' };
/** A cleanup whose job waits, since another one is at work in WeCom. */
const waiting = async (body: object): Promise<string> => {
  await store.put({ ...turn, jobId: 'another', until: clock.now() + 9 * hourMs });
  const { job } = resultOf(await cleanup.end({ ...body, mode: 'apply' }));
  await lambda.settled();
  expect((await cleanup.jobOf(job.id)).plan.steps[0].reason).toBe('another job is at work in wecom');
  return job.id;
};

test('a member whom Usher enabled again while the job waited stays', async () => {
  await cleanup.toEnd(await cleanup.begin('wecom/update-user', [{ userid: 'lisi', enable: 0 }]));
  lambda.advance(31 * 24 * hourMs);
  const id = await waiting({ policy: 'wecom-disabled' });
  expect((await invoke(update, { path: { userid: 'lisi' }, body: { enable: 1 } })).status).toBe(200);

  await store.delete(turn);

  expect(await cleanup.toEnd(id)).toMatchObject({ status: 'completed_with_errors', skipped: 1 });
  expect(await cleanup.items(id)).toMatchObject([stays]);
  expect(await everybody('wecom')).toContain('lisi');
});

test('who is on a roster that came while the job waited stays, and the others go', async () => {
  await wecom.reset({ members: 30 });
  await leave('wecom', 'lisi', 'wangwu');
  const id = await waiting({ policy: 'roster', provider: 'wecom' });
  await leave('wecom', 'wangwu');
  await store.delete(turn);

  await cleanup.toEnd(id);

  expect((await cleanup.items(id)).find(({ subject }) => subject === 'wecom:lisi')).toMatchObject(stays);
  expect(await everybody('wecom')).toContain('lisi');
  expect(await everybody('wecom')).not.toContain('wangwu');
});
