import { dayMs, jobs } from '../../support/runs.ts';
import { proxiedStore } from '../../support/store-proxy.ts';
import { members } from './support.ts';

const job = jobs();
const proxy = proxiedStore();
beforeEach(() => job.wecom.reset({ members: 994 }));

test('a job has the rows of its own request only, whatever an attempt with the same key left behind', async () => {
  const headers = { 'idempotency-key': 'leavers-1' };
  let batches = 0;
  proxy.refuse((call) => {
    if (call !== 'BatchWriteItem') return false;
    batches += 1;
    return batches > 6;
  });
  const first = await job.plan('wecom/delete-user', members(1, 300), { headers });
  expect(first).toMatchObject({ status: 503, body: { code: 'store_unavailable', outcome: 'not_applied' } });
  proxy.refuse(() => false);

  const { status, body: planned } = await job.plan('wecom/delete-user', members(1, 10), { headers });

  expect(status).toBe(201);
  expect(planned.total).toBe(10);
  expect(await job.items(planned.id)).toHaveLength(10);
});

test('and deletes nobody else', async () => {
  const headers = { 'idempotency-key': 'leavers-2' };
  let isStored = false;
  proxy.refuse((call) => {
    isStored ||= call === 'BatchWriteItem';
    return isStored && call === 'PutItem';
  });
  expect((await job.plan('wecom/delete-user', members(1, 20), { headers })).status).toBe(503);
  proxy.refuse(() => false);
  const { members: before } = await job.wecom.state();

  const { body: planned } = await job.plan('wecom/delete-user', members(1, 3), { headers });
  expect((await job.apply(planned)).status).toBe(202);
  expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed', succeeded: 3 });

  const { members: left } = await job.wecom.state();
  expect(before.length - left.length).toBe(3);
});

test('a plan is not renewed when its rows might be gone before its end', async () => {
  const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }]);
  job.lambda.advance(8 * dayMs);
  const { body: renewed } = await job.apply(planned);
  expect(renewed.code).toBe('plan_drifted');
  job.lambda.advance(2 * dayMs);

  expect(await job.apply(renewed)).toMatchObject({
    status: 409,
    body: { code: 'conflict', fix: 'Plan the job anew.' },
  });
});
