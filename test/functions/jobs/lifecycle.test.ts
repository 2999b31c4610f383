import { handler as planJob } from '../../../functions/jobs/plan-job.ts';
import { clock } from '../../../functions/shared/clock.ts';
import { halt, lift } from '../../../functions/shared/halt.ts';
import { dropIntent, openIntent } from '../../../functions/shared/ledger.ts';
import { store } from '../../../functions/shared/store.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { throughTrouble } from '../../support/mortal.ts';
import { jobs, minuteMs } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { storedItems } from '../offboarding/support.ts';
import { members } from './support.ts';

import.meta.jest.setTimeout(300_000);
const job = jobs();
const { lambda } = job;
const log = logLines();
const hourMs = 3_600_000;

const itemsOf = async (id: string): Promise<Json[]> =>
  (await storedItems()).filter(({ pk, sk }) => pk === `run#${id}` && sk.startsWith('item#'));

/** What a single call to this account holds while it is under way. */
const lockOf = (subject: string) => ({
  subject,
  caller: 'ops',
  operation: 'test',
  requestId: 'r',
  outcome: 'updated',
  expects: {},
});

describe('onError', () => {
  const rows = [{ userid: 'lisi' }, { userid: 'ghost' }, { userid: 'wangwu' }, { userid: 'zhangsan' }];

  test.each(['wecom', 'dingtalk'])('stop: what comes after a failure in %s is skipped', async (provider) => {
    await Promise.all([job.wecom.reset({ members: 60 }), job.dingtalk.reset({ members: 60 })]);
    const id = await job.begin(`${provider}/delete-user`, rows, { onError: 'stop' });

    expect(await job.toEnd(id)).toMatchObject({
      status: 'completed_with_errors',
      onError: 'stop',
      succeeded: 1,
      failed: 1,
      skipped: 2,
    });
    expect((await job.items(id)).map(({ status }) => status)).toEqual(['succeeded', 'failed', 'skipped', 'skipped']);
    const left = (await job[provider as 'wecom'].state()).members.map(({ userid }: Json) => userid);
    expect(left).toEqual(expect.arrayContaining(['wangwu', 'zhangsan']));
  });

  test('stop: the next row is not begun before the one before it has ended', async () => {
    await job.wecom.reset({ members: 60 });
    const lock = await openIntent(lockOf('wecom:lisi'), minuteMs);
    const id = await job.begin('wecom/delete-user', [{ userid: 'lisi' }, { userid: 'wangwu' }], { onError: 'stop' });
    await lambda.settled();

    expect((await job.get(id)).plan.steps[0].reason).toContain('locked: ');
    expect(await job.writes()).toEqual([]);

    await dropIntent(lock);
    expect(await job.toEnd(id)).toMatchObject({ status: 'completed', succeeded: 2 });
  });

  test('continue: the others are done', async () => {
    const id = await job.begin('wecom/delete-user', rows);

    expect(await job.toEnd(id)).toMatchObject({ status: 'completed_with_errors', succeeded: 3, failed: 1, skipped: 0 });
  });
});

describe('cancel', () => {
  test('of a plan ends its rows, and erases what they hold', async () => {
    const { body: planned } = await job.plan('wecom/create-user', [
      { userid: 'neu', name: '新人', email: 'neu@example.com' },
    ]);

    expect(await job.cancel(planned.id)).toMatchObject({ status: 202, body: { status: 'cancelled' } });
    expect(await job.items(planned.id)).toMatchObject([{ status: 'skipped' }]);
    expect(JSON.stringify(await storedItems())).not.toMatch(/新人|neu@example/);
    expect((await job.apply(planned)).body).toMatchObject({ code: 'conflict', runStatus: 'cancelled' });
  });

  test('of a job that waits for its turn does not wait for it', async () => {
    await store.put({ pk: 'turn#wecom', sk: 'turn', jobId: 'another', until: clock.now() + 9 * hourMs });
    const id = await job.begin('wecom/delete-user', [{ userid: 'lisi' }]);
    await lambda.settled();
    expect((await job.get(id)).plan.steps[0].reason).toBe('another job is at work in wecom');

    await job.cancel(id);
    expect(await job.toEnd(id, 5)).toMatchObject({ status: 'cancelled', skipped: 1 });
  });

  test('in the middle keeps what is done and skips the rest', async () => {
    await job.dingtalk.reset({ members: 1_000 });
    const id = await job.begin('dingtalk/delete-user', members(1, 1_000));
    const written = async () => (await job.dingtalk.requests('/topapi/v2/user/delete')).length;
    while ((await written()) < 20) await new Promise((resolve) => setTimeout(resolve, 50));

    expect(await job.cancel(id)).toMatchObject({ status: 202, body: { status: 'cancelling' } });
    const ended = await job.toEnd(id);

    expect(ended.status).toBe('cancelled');
    expect(ended.skipped).toBeGreaterThan(0);
    expect(ended.succeeded + ended.skipped).toBe(1_000);
    const { members: left } = await job.dingtalk.state();
    expect(left.filter(({ userid }: Json) => userid.startsWith('member-'))).toHaveLength(ended.skipped);
    expect((await job.cancel(id)).body).toMatchObject({ code: 'conflict', runStatus: 'cancelled' });
  });
});

describe('a plan', () => {
  test('has one digest, which alone applies it', async () => {
    const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }]);

    expect((await job.apply({ id: planned.id, digest: '0'.repeat(64) })).body).toMatchObject({
      code: 'plan_drifted',
      digest: planned.digest,
    });
    expect(await job.writes()).toEqual([]);
  });

  test('drifts when an account went meanwhile, and the fresh one can be applied', async () => {
    const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }, { userid: 'wangwu' }]);
    const { body: other } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }]);
    await job.apply(other);
    await job.toEnd(other.id);
    await job.approve(planned);

    const drifted = await job.apply(planned);
    expect(drifted).toMatchObject({ status: 409, body: { code: 'plan_drifted', id: planned.id } });
    expect(drifted.body.digest).not.toBe(planned.digest);
    await job.approve(drifted.body);
    expect((await job.apply(drifted.body)).status).toBe(202);
    expect(await job.toEnd(planned.id)).toMatchObject({ succeeded: 2 });
    expect((await job.items(planned.id)).map(({ outcome }) => outcome)).toEqual(['already_absent', 'deleted']);
  });

  test('expires', async () => {
    const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }]);
    time.advance(25 * hourMs);

    expect((await job.get(planned.id)).status).toBe('expired');
    expect((await job.apply(planned)).body.code).toBe('plan_drifted');
    expect(await job.writes()).toEqual([]);
  });

  test('of another company is not carried out', async () => {
    await job.wecom.faults({ path: '/cgi-bin/user/batchdelete', times: 3, then: { status: 503 } });
    const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }]);
    await job.wecom.secret({ corpId: 'wwother' });
    time.advance(6 * minuteMs);

    expect((await job.apply(planned)).status).not.toBe(202);
    expect(await job.writes()).toEqual([]);
  });

  test('with four eyes waits for another person', async () => {
    job.settings({ approval: 'four-eyes' });
    const one = 'arn:aws:iam::000000000000:user/one';
    const two = 'arn:aws:iam::000000000000:user/two';
    const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }], { caller: one });
    expect(planned.status).toBe('held');

    expect((await job.apply(planned, one)).body.code).toBe('conflict');
    expect((await job.approve(planned, one)).body.code).toBe('conflict');
    expect((await job.approve(planned, two)).status).toBe(200);
    expect((await job.apply(planned, one)).status).toBe(202);
    expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed' });
  });
});

describe('trouble', () => {
  test('an answer that is lost is read, and the row says so', async () => {
    await job.dingtalk.faults({ path: '/topapi/v2/user/delete', then: { drop: 'after' } });
    const id = await job.begin('dingtalk/delete-user', [{ userid: 'lisi' }]);

    expect(await job.toEnd(id)).toMatchObject({ status: 'completed', succeeded: 1 });
    expect(await job.items(id)).toMatchObject([{ outcome: 'deleted', warnings: ['upstream_error_but_verified'] }]);
  });

  test('a yes that was a lie is a failure of the row', async () => {
    await job.dingtalk.faults({ path: '/topapi/v2/user/delete', then: { errcode: 0 } });
    const id = await job.begin('dingtalk/delete-user', [{ userid: 'lisi' }, { userid: 'wangwu' }]);

    expect(await job.toEnd(id)).toMatchObject({ status: 'completed_with_errors', succeeded: 1, failed: 1 });
    expect(await job.items(id, 'failed')).toMatchObject([{ error: { code: 'verification_failed' } }]);
  });

  test.each([
    ['the provider is down', 'wecom', { status: 503 }, 'no answer came for some rows'],
    ['the secret is refused', 'wecom', { errcode: 40001 }, 'provider_credentials'],
    ['the calls are throttled', 'wecom', { errcode: 45009 }, 'provider_rate_limited'],
  ] as const)('while %s rows wait, and go on afterwards', async (_, provider, then, code) => {
    await job[provider].faults({ path: '/cgi-bin/user/batchdelete', times: 6, then });
    const id = await job.begin('wecom/delete-user', [{ userid: 'lisi' }, { userid: 'wangwu' }]);
    await lambda.settled();
    expect((await job.get(id)).plan.steps[0].reason).toContain(code);

    expect(await throughTrouble(job, id, { kind: 'job' })).toMatchObject({
      status: 'completed',
      succeeded: 2,
      failed: 0,
    });
  });

  test('rows do not wait for ever', async () => {
    const id = await job.begin('wecom/delete-user', [{ userid: 'lisi' }, { userid: 'wangwu' }]);
    await job.wecom.faults({ path: '/cgi-bin/user/list_id', times: 10_000, method: 'POST', then: { errcode: 60020 } });

    await lambda.settled();
    lambda.advance(23 * hourMs);
    await lambda.settled();
    expect(await job.get(id)).toMatchObject({ status: 'running', failed: 0 });

    lambda.advance(2 * hourMs);
    expect(await job.toEnd(id)).toMatchObject({ status: 'completed_with_errors', failed: 2 });
    expect(await job.items(id)).toMatchObject([
      { status: 'failed', error: { code: 'provider_ip_refused' } },
      { status: 'failed', error: { code: 'provider_ip_refused' } },
    ]);
  });

  test('a long halt is not counted against what fails after it', async () => {
    const id = await job.begin('wecom/delete-user', [{ userid: 'lisi' }, { userid: 'wangwu' }]);
    await halt({ reason: 'a weekend to think', by: 'ops', at: 0 });
    await lambda.settled();
    for (const ms of [minuteMs, 60 * hourMs]) {
      lambda.advance(ms);
      await lambda.settled();
    }
    expect(await job.get(id)).toMatchObject({ status: 'halted', succeeded: 0 });

    await lift();
    await job.wecom.faults({ path: '/cgi-bin/user/batchdelete', times: 2, then: { errcode: 45009 } });
    expect(await job.toEnd(id)).toMatchObject({ status: 'completed', succeeded: 2, failed: 0 });
  });

  test('two jobs of one provider take turns, and both end', async () => {
    await job.dingtalk.reset({ members: 400 });
    const [one, other] = await Promise.all([
      job.begin('dingtalk/delete-user', members(1, 200)),
      job.begin('dingtalk/delete-user', members(201, 400)),
    ]);

    expect(await job.toEnd(one)).toMatchObject({ status: 'completed', succeeded: 200 });
    expect(await job.toEnd(other)).toMatchObject({ status: 'completed', succeeded: 200 });
  });
});

test('what a row holds is erased when it ends, and nothing of it is logged', async () => {
  const rows = [1, 2].map((index) => ({
    userid: `neu-${index}`,
    name: `新人${index}`,
    mobile: `1390000000${index}`,
    email: `neu-${index}@example.com`,
    department: [1],
  }));
  const { body: planned } = await job.plan('wecom/create-user', rows);
  expect(JSON.stringify(planned)).not.toMatch(/新人|139|@example/);
  expect(JSON.stringify(await job.items(planned.id))).not.toMatch(/新人|139|@example/);
  await job.apply(planned);

  expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed', succeeded: 2 });
  expect(await itemsOf(planned.id)).toHaveLength(2);
  expect(JSON.stringify(await storedItems())).not.toMatch(/新人|1390000|@example/);
  expect(log.text()).not.toMatch(/新人|1390000|@example/);
});

test('any write of one account can be done in bulk', async () => {
  await job.wibiclick.reset();
  const id = await job.begin('wibiclick/connect-user', [
    { userId: '103', websiteId: '201' },
    { userId: '104', websiteId: '201' },
  ]);
  expect(await job.toEnd(id)).toMatchObject({ status: 'completed', succeeded: 2 });

  const refused = await job.plan('wecom/get-user', [{ userid: 'lisi' }]);
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'operation' }] } });
  expect(refused.body.errors[0].message).toContain('dingtalk/terminate-user');
  expect((await job.plan('offboarding/plan-offboarding', [{}])).status).toBe(400);
});

test('a CSV file is a job too', async () => {
  const id = await job.begin('wecom/update-user', '\uFEFFuserid,enable,position\r\nlisi,0,"a, ""b""\nc"\r\n');
  expect(await job.toEnd(id)).toMatchObject({ status: 'completed', succeeded: 1 });
  const { members: held } = await job.wecom.state();
  expect(held.find(({ userid }: Json) => userid === 'lisi')).toMatchObject({ enable: 0, position: 'a, "b"\nc' });
});

test('of a request with items and a CSV text none is chosen in silence', async () => {
  const items = [{ userid: 'lisi' }];
  const answer = await invoke(planJob, { body: { operation: 'wecom/delete-user', items, csv: 'userid\nwangwu' } });

  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'items' }] } });
});

test('the websites of one user are left one after the other, without a rest in between', async () => {
  const id = await job.begin('wibiclick/disconnect-user', [
    { userId: '101', websiteId: '201' },
    { userId: '101', websiteId: '202' },
  ]);
  await lambda.settled();

  expect(await job.get(id)).toMatchObject({ status: 'completed', succeeded: 2 });
});

test('nobody takes over who is removed by the same job', async () => {
  const takesOver = { dingPan: { action: 'handover', handoverUserId: 'wangwu' } };
  const answer = await job.plan('dingtalk/delete-user', [
    { userid: 'lisi', handoverResource: takesOver },
    { userid: 'wangwu' },
  ]);

  const path = 'items[0].handoverResource.dingPan.handoverUserId';
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path, message: 'is removed by the same job' }] } });
});
