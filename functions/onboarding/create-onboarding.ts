import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { startRun } from '../shared/runs/start-run.ts';
import { plannedOnboarding } from './workflow/plan.ts';
import { onboardingRequest } from './workflow/request.ts';

export const handler = defineCommand({
  summary: 'Open the accounts of a person in WeCom, DingTalk and WibiClick',
  description:
    'Begins at once. `keep` leaves what could be made; `undo` removes what this run provably created, and nothing else.',
  route: 'POST /onboardings',
  effect: 'create',
  status: 202,
  starts: ['onboarding/run-onboarding'],
  providers: {},
  input: onboardingRequest,
  output: runAnswer,
  run: async (request, _clients, { event, storedKey }) => {
    const run = await startRun(plannedOnboarding(request, callerOf(event)), storedKey);
    return toRunAnswer(run, clock.now());
  },
});
