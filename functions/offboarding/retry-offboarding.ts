import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { retryRun } from '../shared/runs/retry-run.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { runId } from '../shared/runs/run-input.ts';
import { loadRun } from '../shared/runs/run-store.ts';
import type { OffboardingFacts } from './accounts/account.ts';
import { resumedStatus } from './progress/resumed-status.ts';
import type { OffboardingRequest } from './request/request.ts';

export const handler = defineCommand({
  summary: 'Try the steps of an offboarding again that need attention',
  description: 'What was done is not done again. Identity is checked against the same plan.',
  route: 'POST /offboardings/{id}/retry',
  effect: 'update',
  status: 202,
  starts: ['offboarding/run-offboarding'],
  providers: {},
  input: z.strictObject({ id: runId }),
  output: runAnswer,
  run: async ({ id }, _clients, { event }) => {
    const run = await loadRun<OffboardingRequest, OffboardingFacts>(id, 'offboarding');
    return toRunAnswer(await retryRun(run, resumedStatus(run), callerOf(event)), clock.now());
  },
});
