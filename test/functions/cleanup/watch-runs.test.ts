import { randomUUID } from 'node:crypto';
import { handler as createOnboarding } from '../../../functions/onboarding/create-onboarding.ts';
import { handler as getOnboarding } from '../../../functions/onboarding/get-onboarding.ts';
import type { RunKind } from '../../../functions/shared/runs/run.ts';
import { changeRun, loadRun, overdueRuns, watchRun } from '../../../functions/shared/runs/run-store.ts';
import { lambdaContext } from '../../../sandbox/gateway-event.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { mortal } from '../../support/mortal.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { until } from '../../support/until.ts';
import { proxiedLambda } from '../onboarding/lambda-proxy.ts';

const offboarding = offboardings();
const { wecom, dingtalk, lambda, watchRuns } = offboarding;
const proxy = proxiedLambda();
const life = mortal();
const log = logLines();

const nothing = { over: 0, woken: 0, restarted: 0, stuck: 0 };
const leaver = { accounts: { wecom: { userid: 'lisi' } } };
const newcomer = {
  accounts: {
    wecom: { userid: 'qianyi', name: '钱一', mobile: '13900001111', department: [2] },
    dingtalk: { userid: 'qianyi', name: '钱一', mobile: '13900001111', dept_id_list: [2] },
  },
};
const wecomCreate = '/cgi-bin/user/create';
const dingtalkCreate = '/topapi/v2/user/create';
const dingtalkIsBusy = () => dingtalk.faults({ path: dingtalkCreate, times: 4, then: { errcode: 90018 } });

/** Runs the workflow of an onboarding, as AWS would. */
const runHere = async (functionName: string, event: object): Promise<unknown> => {
  const { handler } = await import('../../../functions/onboarding/run-onboarding.ts');
  return handler(event as never, lambdaContext(functionName, 300_000) as never);
};
const failed = { Status: 'FAILED', Error: { ErrorType: 'Test' } };

const onboard = async (): Promise<string> => {
  const { body } = await invoke(createOnboarding, { body: newcomer });
  await lambda.settled();
  return body.id;
};
const onboarded = async (id: string): Promise<Json> => (await invoke(getOnboarding, { path: { id } })).body;
const watched = async (): Promise<string[]> => (await overdueRuns(Number.MAX_SAFE_INTEGER, 100)).map(({ id }) => id);
const sentTo = async (simulator: typeof wecom, path: string) => (await simulator.requests(path)).length;
/** The last execution of the workflow, on whichever clock it was started. */
const lastExecution = () => {
  const execution = lambda.executions().at(-1);
  if (!execution) throw new Error('there is no execution');
  return execution;
};
const pass = async (ms: number): Promise<void> => {
  lambda.advance(ms);
  await lambda.settled();
};

test('with nothing to look after it asks nobody', async () => {
  expect(await watchRuns()).toEqual(nothing);

  expect(proxy.heard('look')).toEqual([]);
});

describe('a run without an execution is taken up by a new one', () => {
  test('when the first one failed before it did anything', async () => {
    lambda.invokeBy(async () => failed);
    const id = await onboard();
    expect(lastExecution().status).toBe('FAILED');
    lambda.invokeBy(runHere);

    await pass(3 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, restarted: 1 });
    await lambda.settled();

    expect((await onboarded(id)).status).toBe('completed');
    expect(lambda.executions().map(({ name, status }) => [name, status])).toEqual([
      [`${id}-1`, 'FAILED'],
      [`${id}-2`, 'SUCCEEDED'],
    ]);
  });

  test('when it failed on the way, and what was done is not done again', async () => {
    await dingtalkIsBusy();
    let isBroken = true;
    lambda.invokeBy(async (functionName, event) => {
      const answer = await runHere(functionName, event);
      return isBroken ? failed : answer;
    });
    const id = await onboard();
    isBroken = false;
    expect(lastExecution().status).toBe('FAILED');
    expect(stepOf(await onboarded(id), 'wecom', 'create').status).toBe('succeeded');

    await pass(15 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, restarted: 1 });
    await lambda.settled();

    expect((await onboarded(id)).status).toBe('completed');
    expect(await sentTo(wecom, wecomCreate)).toBe(1);
    expect((await dingtalk.state()).members.filter(({ userid }: Json) => userid === 'qianyi')).toHaveLength(1);
  });

  test('when it was never started, because whoever stored it died', async () => {
    life.dieAt(({ what, path }) => what === 'sent' && path.endsWith('/invocations'));
    await expect(life.live(() => invoke(createOnboarding, { body: newcomer }))).rejects.toThrow();
    life.dieAt(() => false);
    expect(lambda.executions()).toEqual([]);
    const [id = ''] = await watched();

    await pass(3 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, restarted: 1 });
    await lambda.settled();

    expect((await onboarded(id)).status).toBe('completed');
    expect(await sentTo(wecom, wecomCreate)).toBe(1);
  });

  test('when it was stopped in its sleep: removed once, after the grace, by the new one', async () => {
    const id = await offboarding.start(leaver);
    await lambda.engine.stop(lastExecution().arn, { ErrorType: 'Test' });

    await pass(30 * dayMs + minuteMs);
    expect(await watchRuns()).toEqual(nothing);
    expect((await offboarding.get(id)).status).toBe('grace');
    await pass(10 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, restarted: 1 });
    const run = await offboarding.toEnd(id);

    expect(run.status).toBe('completed');
    expect((await offboarding.writes()).map(({ path }) => path)).toEqual([
      '/cgi-bin/user/update',
      '/cgi-bin/user/delete',
    ]);
  });

  test('when it was stopped and then the run was cancelled: given back soon', async () => {
    const id = await offboarding.start(leaver);
    await lambda.engine.stop(lastExecution().arn, { ErrorType: 'Test' });
    expect(await offboarding.cancel(id)).toMatchObject({ status: 202 });

    await pass(3 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, restarted: 1 });
    const run = await offboarding.toEnd(id);

    expect(run.status).toBe('cancelled');
    const bodies = (await wecom.requests('/cgi-bin/user/update')).map(({ body }) => body.enable);
    expect(bodies).toEqual([0, 1]);
  });

  test('when AWS knows the execution no more', async () => {
    const id = await offboarding.start(leaver);
    await lambda.engine.stop(lastExecution().arn, { ErrorType: 'Test' });
    const { execution } = await loadRun(id, 'offboarding');
    expect(execution).toBe(lastExecution().arn);
    await changeRun({ id }, { set: { execution: `${execution}-forgotten` }, when: {} });

    await pass(31 * dayMs);
    expect(await watchRuns()).toEqual({ ...nothing, restarted: 1 });

    expect((await offboarding.toEnd(id)).status).toBe('completed');
  });

  test('and when that cannot be started either, another look takes it up', async () => {
    lambda.invokeBy(async () => failed);
    const id = await onboard();
    lambda.invokeBy(runHere);

    await pass(3 * minuteMs);
    proxy.refuse('invoke');
    await expect(watchRuns()).rejects.toMatchObject({ code: 'store_unavailable' });
    proxy.refuse();
    expect(await watchRuns()).toEqual(nothing);
    await pass(11 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, restarted: 1 });
    await lambda.settled();

    expect((await onboarded(id)).status).toBe('completed');
    expect(await sentTo(wecom, wecomCreate)).toBe(1);
  });
});

describe('a run whose execution is there', () => {
  test('is woken when it sleeps over a cancel, because the wake call failed', async () => {
    const id = await offboarding.start(leaver);
    proxy.refuse('wake');
    expect(await offboarding.cancel(id)).toMatchObject({ status: 202, body: { status: 'cancelling' } });
    await pass(minuteMs);
    expect((await offboarding.get(id)).status).toBe('cancelling');
    expect((await wecom.requests('/cgi-bin/user/update')).length).toBe(1);
    proxy.refuse();
    expect(await watchRuns()).toEqual(nothing);

    await pass(2 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, woken: 1 });
    await lambda.settled();

    expect((await offboarding.get(id)).status).toBe('cancelled');
    expect((await wecom.state()).members).toContainEqual(expect.objectContaining({ userid: 'lisi', enable: 1 }));
  });

  test('is reported once for each look, when it does nothing', async () => {
    lambda.invokeBy(() => new Promise(() => {}));
    const { body } = await invoke(createOnboarding, { body: newcomer });
    const stuckLines = () => log.parsed().filter((line) => line.run_stuck !== undefined);

    lambda.advance(3 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, stuck: 1 });
    expect(stuckLines()).toMatchObject([
      {
        level: 'ERROR',
        message: 'a run stands still',
        runId: body.id,
        kind: 'onboarding',
        run_stuck: 1,
        _aws: { CloudWatchMetrics: [{ Metrics: [{ Name: 'run_stuck' }] }] },
      },
    ]);
    expect(await watchRuns()).toEqual(nothing);
    expect(stuckLines()).toHaveLength(1);
    lambda.advance(11 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, stuck: 1 });
    expect(stuckLines()).toHaveLength(2);
    expect(lambda.executions()).toHaveLength(1);
  });

  test('is left alone while it sleeps in time', async () => {
    await offboarding.start(leaver);

    for (let day = 0; day < 29; day++) {
      await pass(dayMs);
      expect(await watchRuns()).toEqual(nothing);
    }
    expect(proxy.heard('wake')).toEqual([]);
    expect(lambda.executions()).toHaveLength(1);
  });
});

describe('is forgotten', () => {
  test('a run that has come to its end', async () => {
    const completed = await onboard();
    const cancelled = await offboarding.start(leaver);
    await offboarding.cancel(cancelled);
    await lambda.settled();
    expect(await watched()).toEqual([]);
    const before = lambda.executions().length;

    await watchRun({ id: completed, kind: 'onboarding' });
    await watchRun({ id: cancelled, kind: 'offboarding' });
    await pass(3 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, over: 2 });

    expect(await watched()).toEqual([]);
    expect(lambda.executions()).toHaveLength(before);
  });

  test('a plan that nobody has applied, which stays as it is', async () => {
    const { body: planned } = await offboarding.plan(leaver);
    expect(await watched()).toEqual([]);

    await watchRun({ id: planned.id, kind: 'offboarding' });
    await pass(3 * minuteMs);
    expect(await watchRuns()).toEqual({ ...nothing, over: 1 });

    expect(await offboarding.get(planned.id)).toEqual(planned);
    expect(lambda.executions()).toEqual([]);
    expect(await watched()).toEqual([]);
  });

  test.each<RunKind>(['offboarding', 'onboarding'])(
    'a watch whose %s is gone, and it keeps no other from being looked after',
    async (kind) => {
      await watchRun({ id: randomUUID(), kind });
      lambda.advance(1_000);
      lambda.invokeBy(async () => failed);
      const id = await onboard();
      lambda.invokeBy(runHere);

      await pass(4 * minuteMs);
      expect(await watchRuns()).toEqual({ ...nothing, over: 1, restarted: 1 });
      await lambda.settled();

      expect((await onboarded(id)).status).toBe('completed');
      expect(await watched()).toEqual([]);
    },
  );
});

test('looks after many runs by and by, and starves none', async () => {
  lambda.invokeBy(async () => failed);
  const ids = await Promise.all(
    Array.from({ length: 30 }, async (_, number) => {
      const accounts = { wibiclick: { userId: `member-${String(number + 1).padStart(5, '0')}`, websites: ['203'] } };
      return (await invoke(createOnboarding, { body: { accounts } })).body.id as string;
    }),
  );
  await offboarding.wibiclick.reset({ members: 30 });
  await until(async () => lambda.executions().every(({ status }) => status === 'FAILED'));
  lambda.invokeBy(runHere);

  await pass(3 * minuteMs);
  expect(await watchRuns()).toEqual({ ...nothing, restarted: 25 });
  expect(await watchRuns()).toEqual({ ...nothing, restarted: 5 });
  await lambda.settled();

  const runs = await Promise.all(ids.map(onboarded));
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['completed']));
});
