import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { cancelRun } from '../shared/runs/cancel-run.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { runId } from '../shared/runs/run-input.ts';
import { loadRun } from '../shared/runs/run-store.ts';

export const handler = defineCommand({
  summary: 'Cancel an offboarding before anything is removed',
  description:
    'What was disabled is enabled again, websites are connected again; the steps `restore` tell what could not be given back. Once removing has begun the answer is `conflict`.',
  route: 'POST /offboardings/{id}/cancel',
  effect: 'update',
  status: 202,
  starts: ['offboarding/run-offboarding'],
  providers: {},
  input: z.strictObject({ id: runId }),
  output: runAnswer,
  run: async ({ id }, _clients, { event }) => {
    const run = await loadRun(id, 'offboarding');
    return toRunAnswer(await cancelRun(run, callerOf(event)), clock.now());
  },
});
