import { clock } from '../../../functions/shared/clock.ts';
import { lambdaContext } from '../../../sandbox/gateway-event.ts';
import { logLines } from '../../support/log-lines.ts';
import { mortal } from '../../support/mortal.ts';
import { jobs, minuteMs } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { members } from './support.ts';

const job = jobs();
const functions = mortal();
logLines();

const timeoutMs = 5 * minuteMs;

test('a job of many minutes goes from one invocation to the next before the time of any is over', async () => {
  const lasted: number[] = [];
  job.lambda.invokeBy(async (functionName, event) => {
    const { handler } = await import('../../../functions/jobs/run-job.ts');
    const startedAt = clock.now();
    const getRemainingTimeInMillis = () => startedAt + timeoutMs - clock.now();
    const context = { ...lambdaContext(functionName), getRemainingTimeInMillis };
    return functions.live(() => handler(event as never, context)).finally(() => lasted.push(clock.now() - startedAt));
  });
  functions.watch(({ what, path }) => {
    if (what === 'answered' && path === '/topapi/v2/user/delete') time.advance(1_000);
  });
  await job.dingtalk.reset({ members: 900 });

  const id = await job.begin('dingtalk/delete-user', members(1, 900));

  expect(await job.toEnd(id)).toMatchObject({ status: 'completed', succeeded: 900 });
  expect(lasted.length).toBeGreaterThan(3);
  expect(Math.max(...lasted)).toBeLessThan(timeoutMs);
});
