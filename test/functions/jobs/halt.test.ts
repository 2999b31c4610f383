import { handler as getHalt } from '../../../functions/system/get-halt.ts';
import { handler as liftHalt } from '../../../functions/system/lift-halt.ts';
import { handler as putHalt } from '../../../functions/system/put-halt.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { jobs, minuteMs } from '../../support/runs.ts';
import { members } from './support.ts';

import.meta.jest.setTimeout(300_000);
const job = jobs();
const { lambda } = job;

const halt = (reason = 'we look into something') =>
  invoke(putHalt, { body: { reason }, caller: 'arn:aws:iam::000000000000:user/ops' });
const lift = () => invoke(liftHalt);
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
};
const deletePath = { wecom: '/cgi-bin/user/batchdelete', dingtalk: '/topapi/v2/user/delete' };

test('a halt is set, told and lifted', async () => {
  expect((await invoke(getHalt)).body).toEqual({ halted: false });

  const set = await halt('a wrong roster');
  expect(set).toMatchObject({ status: 200, body: { halted: true, reason: 'a wrong roster', by: expect.any(String) } });
  expect((await invoke(getHalt)).body).toEqual(set.body);
  const refused = await invoke(deleteUser, { path: { userid: 'lisi' } });
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'halted', detail: expect.stringContaining('a wrong roster') },
  });

  expect((await lift()).body).toEqual({ halted: false });
  expect((await invoke(deleteUser, { path: { userid: 'lisi' } })).status).toBe(200);
});

test.each([
  [{}, 'reason', 'is required'],
  [{ reason: '' }, 'reason', 'must have 1 to 500 characters'],
  [{ reason: 'x', until: 'tomorrow' }, 'until', 'unknown field; remove it'],
])('a halt with %j is refused', async (body, path, message) => {
  expect(await invoke(putHalt, { body })).toMatchObject({ status: 400, body: { errors: [{ path, message }] } });
  expect((await invoke(getHalt)).body.halted).toBe(false);
});

test('nothing is applied during a halt', async () => {
  const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }]);
  await halt();

  expect((await job.apply(planned)).body.code).toBe('halted');
  await lift();
  expect((await job.apply(planned)).status).toBe(202);
});

test.each([
  ['wecom', 10_000],
  ['dingtalk', 2_000],
] as const)(
  'in the middle of a run in %s of %i rows no write begins after it, and lifting it goes on where it stopped',
  async (provider, rows) => {
    await job[provider].reset({ members: rows });
    const written = async () => (await job[provider].requests(deletePath[provider])).length;
    const id = await job.begin(`${provider}/delete-user`, members(1, rows));
    await until(async () => (await written()) > 1);

    await halt();
    const haltedAt = Date.now();
    await lambda.settled();
    const last = (await job[provider].requests(deletePath[provider])).at(-1);
    // The 5 s are proven by a held clock in shared/fence.test.ts; here the machine itself may pause.
    expect(Date.parse(last.at) - haltedAt).toBeLessThan(10_000);
    const halted = await job.get(id);
    expect(halted).toMatchObject({ status: 'halted' });
    expect(halted.succeeded).toBeLessThan(rows);
    const atRest = await written();
    for (let minutes = 0; minutes < 10; minutes++) {
      lambda.advance(minuteMs);
      await lambda.settled();
    }
    expect(await written()).toBe(atRest);
    expect(await job.get(id)).toMatchObject({ status: 'halted', succeeded: halted.succeeded });

    await lift();
    lambda.advance(minuteMs);
    await until(async () => (await job.get(id)).succeeded >= halted.succeeded + 200);
    await job.cancel(id);
    const { succeeded, skipped } = await job.toEnd(id);
    expect(succeeded + skipped).toBe(rows);
    const { members: left } = await job[provider].state();
    expect(left.filter(({ userid }: Json) => userid.startsWith('member-'))).toHaveLength(skipped);
  },
);

test('a halted job can be cancelled', async () => {
  await job.dingtalk.reset({ members: 1_500 });
  const id = await job.begin('dingtalk/delete-user', members(1, 1_500));
  await until(async () => (await job.dingtalk.requests(deletePath.dingtalk)).length > 0);
  await halt();
  await lambda.settled();
  const { succeeded, ...halted } = await job.get(id);
  expect(halted).toMatchObject({ status: 'halted', ratePerSecond: 0, etaSeconds: null });

  expect((await job.cancel(id)).status).toBe(202);
  expect(await job.toEnd(id)).toMatchObject({ status: 'cancelled', succeeded, skipped: 1_500 - succeeded });
});
