import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { digest, runId } from '../shared/runs/run-input.ts';
import { loadRun } from '../shared/runs/run-store.ts';
import type { OffboardingFacts } from './accounts/account.ts';
import { offboardingProviders } from './accounts/clients.ts';
import { applyOffboarding } from './plan/apply.ts';
import type { OffboardingRequest } from './request/request.ts';

export const handler = defineCommand({
  summary: 'Apply the plan of an offboarding',
  description:
    'Everything is read again first. If anything that the plan stands on has changed, nothing is sent and the answer is `plan_drifted` with a fresh plan.',
  route: 'POST /offboardings/{id}/apply',
  effect: 'update',
  status: 202,
  starts: ['offboarding/run-offboarding'],
  providers: offboardingProviders,
  input: z.strictObject({ id: runId, digest }),
  output: runAnswer,
  run: async ({ id, digest }, clients, { event }) => {
    const run = await loadRun<OffboardingRequest, OffboardingFacts>(id, 'offboarding');
    const applied = await applyOffboarding(run, { caller: callerOf(event), digest }, clients);
    return toRunAnswer(applied, clock.now());
  },
});
