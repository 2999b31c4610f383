import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { defineOperation } from '../shared/operation.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { runId } from '../shared/runs/run-input.ts';
import { loadRun } from '../shared/runs/run-store.ts';

export const handler = defineOperation({
  summary: 'Get an onboarding: what became of each account',
  route: 'GET /onboardings/{id}',
  effect: 'read',
  providers: {},
  input: z.strictObject({ id: runId }),
  output: runAnswer,
  run: async ({ id }) => toRunAnswer(await loadRun(id, 'onboarding'), clock.now()),
});
