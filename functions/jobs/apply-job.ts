import * as z from 'zod/mini';
import { cleanupProviders } from '../cleanup/policies/clients.ts';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { digest, runId } from '../shared/runs/run-input.ts';
import { jobAnswer, loadJob, toJobAnswer } from './job/job.ts';
import { applyJob } from './plan/apply-job.ts';

export const handler = defineCommand({
  summary: 'Apply the plan of a job',
  description:
    'The directory is read again first, and accounts that a cleanup has found are looked at again. If anything that the plan stands on has changed, nothing is sent and the answer is `plan_drifted` with a fresh plan. More removals than the fence allows are `fence_tripped`: the job is `held` until somebody approves it.',
  route: 'POST /jobs/{id}/apply',
  effect: 'update',
  status: 202,
  starts: ['jobs/run-job'],
  providers: cleanupProviders,
  input: z.strictObject({ id: runId, digest }),
  output: jobAnswer,
  run: async ({ id, digest }, clients, { event }) => {
    await applyJob({ id, digest, caller: callerOf(event) }, clients);
    return toJobAnswer(await loadJob(id), clock.now());
  },
});
