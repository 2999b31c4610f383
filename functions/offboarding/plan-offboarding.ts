import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { createRun } from '../shared/runs/plan-run.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { offboardingProviders } from './accounts/clients.ts';
import { draftWithAdvice } from './plan/plan.ts';
import { offboardingRequest } from './request/request.ts';

export const handler = defineCommand({
  summary: 'Plan how a person leaves WeCom, DingTalk and WibiClick',
  description:
    'Only reads. The answer says what will be done, what can be undone and how, and what to know before; it is applied by its digest.',
  route: 'POST /offboardings',
  effect: 'create',
  status: 201,
  providers: offboardingProviders,
  input: offboardingRequest,
  output: runAnswer,
  run: async (request, clients, { event, storedKey }) => {
    const plannedAt = clock.now();
    const draft = await draftWithAdvice(request, clients, plannedAt);
    // A protected account is planned all the same: the plan is where a person sees why it cannot be applied.
    const [refusal, ...others] = draft.refusals.filter(({ code }) => code !== 'protected');
    if (refusal) throw refusal.with({ errors: [refusal, ...others].flatMap(({ options }) => options.errors ?? []) });
    const planned = { kind: 'offboarding' as const, requester: callerOf(event), request, plannedAt, draft };
    const run = await createRun(planned, storedKey);
    return toRunAnswer(run, plannedAt);
  },
});
