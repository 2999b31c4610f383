import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { approveRun } from '../shared/runs/approve-run.ts';
import { digest, runId } from '../shared/runs/run-input.ts';
import { jobAnswer, loadJob, toJobAnswer } from './job/job.ts';

export const handler = defineCommand({
  summary: 'Approve the plan of a job',
  description:
    "Counts for exactly this plan and for one apply. It lifts the numbers of the fence, never a protection. With the setting `approval: four-eyes` it must come from another caller than the plan's.",
  route: 'POST /jobs/{id}/approve',
  effect: 'update',
  approves: true,
  providers: {},
  input: z.strictObject({ id: runId, digest }),
  output: jobAnswer,
  run: async ({ id, digest }, _clients, { event }) => {
    const job = await loadJob(id);
    await approveRun(job, digest, callerOf(event));
    return toJobAnswer(await loadJob(id), clock.now());
  },
});
