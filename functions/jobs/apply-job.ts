import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { applyRun } from '../shared/runs/apply-run.ts';
import { digest, runId } from '../shared/runs/run-input.ts';
import { inputsOf } from './job/items.ts';
import { jobAnswer, loadJob, toJobAnswer } from './job/job.ts';
import { directoryProviders, readDirectory } from './plan/directories.ts';
import { draftJob, rowsOf } from './plan/plan.ts';
import { reserveAll } from './plan/reserve.ts';
import { loadOperation } from './request/operations.ts';

export const handler = defineCommand({
  summary: 'Apply the plan of a job',
  description:
    'The directory is read again first. If anything that the plan stands on has changed, nothing is sent and the answer is `plan_drifted` with a fresh plan. More removals than the fence allows are `fence_tripped`: the job is `held` until somebody approves it.',
  route: 'POST /jobs/{id}/apply',
  effect: 'update',
  status: 202,
  starts: ['jobs/run-job'],
  providers: directoryProviders,
  input: z.strictObject({ id: runId, digest }),
  output: jobAnswer,
  run: async ({ id, digest }, clients, { event }) => {
    const job = await loadJob(id);
    await applyRun({
      run: job,
      caller: callerOf(event),
      digest,
      draft: async (request) => {
        const operation = await loadOperation(request.operation);
        const [inputs, directory] = await Promise.all([inputsOf(id), readDirectory(operation.provider, clients)]);
        return draftJob(request, operation, rowsOf(operation, inputs, directory), directory);
      },
      advise: async () => [],
      statusAfter: () => 'running',
      reserve: reserveAll,
    });
    return toJobAnswer(await loadJob(id), clock.now());
  },
});
