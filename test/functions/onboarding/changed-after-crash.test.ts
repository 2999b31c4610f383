import { handler as runOnboarding } from '../../../functions/onboarding/run-onboarding.ts';
import { handler as updateUser } from '../../../functions/wecom/update-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { mortal } from '../../support/mortal.ts';
import { onboardings, stepOf } from '../../support/runs.ts';
import { until } from '../../support/until.ts';

const { wecom, dingtalk, lambda, ...onboarding } = onboardings();
const life = mortal();
logLines();

test('what somebody has changed since it was made is not taken back, after a crash too', async () => {
  let isDown = false;
  lambda.invokeBy((name, event) => {
    if (isDown) return Promise.reject(new Error('down'));
    return life.invoking(async () => runOnboarding as never)(name, event);
  });
  await dingtalk.faults({ path: '/topapi/v2/user/create', times: 99, then: { errcode: 60104 } });
  // Once the creation stands in the ledger, and before the end of the step is recorded.
  life.dieAt(({ what, target, body }) => {
    const dies =
      !isDown && what === 'sent' && target === 'UpdateItem' && /"made".*"succeeded"|"succeeded".*"made"/.test(body);
    isDown ||= dies;
    return dies;
  });
  const { body } = await onboarding.create({
    accounts: {
      wecom: { userid: 'qianyi', name: '钱一', mobile: '13900001111', department: [2] },
      dingtalk: { userid: 'qianyi', name: '钱一', mobile: '13900001111', dept_id_list: [2] },
    },
    onFailure: 'undo',
  });
  await until(async () => isDown);
  const changes = { position: '经理', department: [3] };
  await until(async () => (await invoke(updateUser, { path: { userid: 'qianyi' }, body: changes })).status === 200);
  isDown = false;
  life.dieAt(() => false);

  const run = await onboarding.toEnd(body.id);

  expect(stepOf(run, 'wecom', 'undo')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringContaining('was changed since this run made it'),
  });
  const { members } = await wecom.state();
  expect(members.find(({ userid }: Json) => userid === 'qianyi')).toMatchObject(changes);
});
