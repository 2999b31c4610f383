import { handler as getHandler } from '../../../functions/onboarding/get-onboarding.ts';
import { events, inMs, person } from '../../support/events.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings, stepOf } from '../../support/runs.ts';

const offboarding = offboardings();
const { wecom, lambda } = offboarding;
const { detail, leaver, joiner, deadLetters } = events();
logLines();

const getOnboarding = async (id: string): Promise<Json> => (await invoke(getHandler, { path: { id } })).body;

test('who joins again after all was removed gets the accounts, though a customer was left over', async () => {
  await wecom.reset({ customers: { lisi: 1 }, groups: {}, refusing: { wangwu: 1 } });
  const { runId } = await leaver(
    detail({ wecom: { userid: 'lisi' } }, {
      occurredAt: inMs(-60_000),
      graceDays: 1,
      handover: { wecom: { takeoverUserid: 'wangwu' } },
    } as never),
  );
  await lambda.settled();
  const ended = await offboarding.toEnd(runId);
  expect(ended.status).toBe('needs_attention');
  expect(stepOf(ended, 'wecom', 'verify').status).toBe('succeeded');
  lambda.advance(100 * dayMs);

  const again = { wecom: { userid: 'lisi', name: person.name, mobile: person.mobile, department: [2] } };
  const { runId: onboardingId } = await joiner(detail(again));
  await lambda.settled();
  expect(deadLetters().map(({ reason }: Json) => reason)).toEqual([]);
  expect(await getOnboarding(onboardingId)).toMatchObject({ status: 'completed' });
});
