import { clock } from '../../../functions/shared/clock.ts';
import { store } from '../../../functions/shared/store.ts';
import type { Json } from '../../support/invoke.ts';
import { jobs } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { members } from './support.ts';

const job = jobs();
const hourMs = 3_600_000;
beforeEach(async () => {
  time.advance(hourMs - (clock.now() % hourMs));
  await job.wecom.reset({ members: 994 });
});
const used = async () => Number((await store.get({ pk: 'budget#wecom', sk: 'day' }))?.used ?? 0);

/** 20 disablings that take effect, and 20 rows that take no access and fail. */
const mixed = (from: number) => [
  ...members(from, from + 19).map((row) => ({ ...row, enable: 0 })),
  ...Array.from({ length: 20 }, (_, index) => ({ userid: `nobody-${from}-${index}`, position: 'x' })),
];

test('a removal that took effect counts for 24 hours, whatever other rows of its job failed', async () => {
  const { body: planned } = await job.plan('wecom/update-user', mixed(1));
  expect((await job.apply(planned)).status).toBe(202);

  expect(await job.toEnd(planned.id)).toMatchObject({ succeeded: 20, failed: 20 });
  expect(await used()).toBe(20);
});

test('jobs that mix removals with other rows stay within the budget of a day', async () => {
  const codes: unknown[] = [];
  for (const from of [1, 21, 41, 61]) {
    const { body: planned } = await job.plan('wecom/update-user', mixed(from));
    const applied = await job.apply(planned);
    codes.push(applied.body.code ?? applied.status);
    if (applied.status === 202) await job.toEnd(planned.id);
  }

  expect(codes).toEqual([202, 202, 'fence_tripped', 'fence_tripped']);
  const { members: all } = await job.wecom.state();
  expect(all.filter(({ enable }: Json) => enable === 0)).toHaveLength(40);
});

test('a website that the user never had, or that does not exist, is no success', async () => {
  await job.wibiclick.reset({ members: 50 });
  const id = await job.begin('wibiclick/disconnect-user', [
    { userId: '101', websiteId: '204' },
    { userId: '101', websiteId: 'no-such-website' },
  ]);
  await job.toEnd(id);

  expect(await job.items(id)).toMatchObject([
    { status: 'failed', error: { code: 'not_found' } },
    { status: 'failed', error: { code: 'not_found' } },
  ]);
});
