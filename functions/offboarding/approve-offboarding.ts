import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { approveRun } from '../shared/runs/approve-run.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { digest, runId } from '../shared/runs/run-input.ts';
import { loadRun } from '../shared/runs/run-store.ts';

export const handler = defineCommand({
  summary: 'Approve the plan of an offboarding',
  description:
    "Counts for exactly this plan and for one apply. It lifts the numbers of the fence, never a protection. With the setting `approval: four-eyes` it must come from another caller than the plan's.",
  route: 'POST /offboardings/{id}/approve',
  effect: 'update',
  approves: true,
  providers: {},
  input: z.strictObject({ id: runId, digest }),
  output: runAnswer,
  run: async ({ id, digest }, _clients, { event }) => {
    const run = await loadRun(id, 'offboarding');
    return toRunAnswer(await approveRun(run, digest, callerOf(event)), clock.now());
  },
});
