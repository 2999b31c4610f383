import { loadRun } from '../../../functions/shared/runs/run-store.ts';
import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { minuteMs, onboardings } from '../../support/runs.ts';
import { proxiedLambda } from './lambda-proxy.ts';

/** How an onboarding begins: once, or not at all. */

const onboarding = onboardings();
const { wecom, lambda } = onboarding;
const proxy = proxiedLambda();
logLines();

const accounts = { wecom: { userid: 'qianyi', name: '钱一', mobile: '13900001111', department: [2] } };
const createPath = '/cgi-bin/user/create';
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
const madeMembers = async () => (await wecom.state()).members.filter(({ userid }: Json) => userid === 'qianyi').length;

/** Everything that runs by itself has had its chance. */
async function passAnHour(): Promise<void> {
  for (let minutes = 0; minutes < 60; minutes += 5) {
    lambda.advance(5 * minuteMs);
    await onboarding.settleIntents();
    await onboarding.watchRuns();
    await lambda.settled();
  }
}

test('the execution is started with ids alone, and runs under the name of the run', async () => {
  const id = await onboarding.start({ accounts });

  expect(proxy.heard('invoke').map((body) => JSON.parse(body))).toEqual([{ runId: id, generation: 1 }]);
  expect(lambda.executions()).toMatchObject([{ name: `${id}-1`, qualifier: 'live', status: 'SUCCEEDED' }]);
});

test('when the workflow cannot be started the answer is 503, and no account is ever made', async () => {
  proxy.refuse('invoke');

  const answer = await onboarding.create({ accounts });

  expect(answer).toMatchObject({ status: 503, body: { code: 'store_unavailable', outcome: 'not_applied' } });
  expect(answer.headers['retry-after']).toBeDefined();
  proxy.refuse();
  await passAnHour();
  expect(await onboarding.writes()).toEqual([]);
  expect(lambda.executions()).toEqual([]);
  const [run, ...more] = (await onboarding.list()).items;
  expect(more).toEqual([]);
  expect(run.status).toBe('cancelled');
  expect(await loadRun(run.id, 'onboarding')).not.toHaveProperty('request');
});

test('the same request, with the same key too, can be sent again after that', async () => {
  proxy.refuse('invoke');
  expect(await onboarding.create({ accounts }, keyed('k-1'))).toMatchObject({ status: 503 });
  proxy.refuse();

  const { status, body } = await onboarding.create({ accounts }, keyed('k-1'));

  expect(status).toBe(202);
  expect((await onboarding.toEnd(body.id)).status).toBe('completed');
});

test('one lost answer to the start begins nothing twice', async () => {
  proxy.loseAnswers('invoke', 1);

  const { status, body } = await onboarding.create({ accounts });

  expect(status).toBe(202);
  expect((await onboarding.toEnd(body.id)).status).toBe('completed');
  expect(proxy.heard('invoke')).toHaveLength(2);
  expect(lambda.executions()).toHaveLength(1);
  expect(await wecom.requests(createPath)).toHaveLength(1);
});

test('when nobody knows whether it was started, the answer and what happens agree', async () => {
  proxy.loseAnswers('invoke', 3);

  const { status, body } = await onboarding.create({ accounts });
  await lambda.settled();
  await passAnHour();

  const [run] = (await onboarding.list()).items;
  const made = await madeMembers();
  expect({ status, run: run.status, made, outcome: body.outcome }).toEqual(
    made === 0
      ? { status: 503, run: 'cancelled', made, outcome: 'not_applied' }
      : { status: 202, run: 'completed', made, outcome: undefined },
  );
});

describe('with an Idempotency-Key', () => {
  test('a replay gives the same run, and begins nothing', async () => {
    const first = await onboarding.create({ accounts }, keyed('k-2'));
    await lambda.settled();
    const again = await onboarding.create({ accounts }, keyed('k-2'));
    await lambda.settled();

    expect(again).toEqual({ ...first, headers: { ...first.headers, 'idempotent-replayed': 'true' } });
    expect(lambda.executions()).toHaveLength(1);
    expect((await onboarding.list()).items).toHaveLength(1);
    expect(await wecom.requests(createPath)).toHaveLength(1);
  });

  test('another request is refused', async () => {
    await onboarding.create({ accounts }, keyed('k-3'));

    const other = await onboarding.create({ accounts, onFailure: 'undo' }, keyed('k-3'));

    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
    expect((await onboarding.list()).items).toHaveLength(1);
  });

  test('two at once are one run', async () => {
    const answers = await Promise.all([
      onboarding.create({ accounts }, keyed('k-4')),
      onboarding.create({ accounts }, keyed('k-4')),
    ]);
    await lambda.settled();

    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect((await onboarding.list()).items).toHaveLength(1);
    expect(await wecom.requests(createPath)).toHaveLength(1);
  });

  test('the same key of another caller, and another key, are other runs', async () => {
    const ids = [
      (await onboarding.create({ accounts }, keyed('k-5'))).body.id,
      (await onboarding.create({ accounts }, { ...keyed('k-5'), caller: 'arn:aws:iam::1:user/b' })).body.id,
      (await onboarding.create({ accounts }, keyed('k-6'))).body.id,
    ];

    expect(new Set(ids).size).toBe(3);
  });
});
