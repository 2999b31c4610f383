import { jobs } from '../../support/runs.ts';

const job = jobs();

const deleteUser = 'wecom/delete-user';
const member = (index: number) => `member-${String(index).padStart(5, '0')}`;
const members = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ userid: member(from + index) }));

test('a small job of an operation is planned, applied and tells what became of each row', async () => {
  await job.wecom.reset({ members: 100 });

  const planned = await job.plan(deleteUser, [{ userid: member(1) }, { userid: 'ghost' }]);
  expect(planned).toMatchObject({
    status: 201,
    body: { kind: 'job', status: 'planned', operation: deleteUser, onError: 'continue', total: 2, succeeded: 0 },
  });
  expect(await job.writes()).toEqual([]);

  const applied = await job.apply(planned.body);
  expect(applied).toMatchObject({ status: 202, body: { status: 'running' } });

  const ended = await job.toEnd(planned.body.id);
  expect(ended).toMatchObject({ status: 'completed_with_errors', total: 2, succeeded: 1, failed: 1, skipped: 0 });
  expect(await job.items(planned.body.id)).toMatchObject([
    { index: 0, subject: `wecom:${member(1)}`, status: 'succeeded', outcome: 'deleted', verified: true },
    { index: 1, subject: 'wecom:ghost', status: 'failed', error: { code: 'not_found' } },
  ]);
});

test('more removals than the fence allows are held, and an approval lets them through', async () => {
  await job.wecom.reset({ members: 100 });

  const { body: planned } = await job.plan(deleteUser, members(1, 50));
  const refused = await job.apply(planned);
  expect(refused).toMatchObject({ status: 409, body: { code: 'fence_tripped' } });
  expect(await job.get(planned.id)).toMatchObject({ status: 'held' });
  expect((await job.approve(planned)).status).toBe(200);
  expect((await job.apply(planned)).status).toBe(202);

  expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed', succeeded: 50 });
  expect(await job.items(planned.id, 'succeeded')).toHaveLength(50);
});
