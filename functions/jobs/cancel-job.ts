import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { cancelRun } from '../shared/runs/cancel-run.ts';
import type { Run } from '../shared/runs/run.ts';
import { runId } from '../shared/runs/run-input.ts';
import { skipAll } from './job/items.ts';
import { jobAnswer, loadJob, toJobAnswer } from './job/job.ts';

export const handler = defineCommand({
  summary: 'Cancel a job',
  description:
    'No further row is begun. What is done stays done; a row that is under way is read, and the others are `skipped`.',
  route: 'POST /jobs/{id}/cancel',
  effect: 'update',
  status: 202,
  starts: ['jobs/run-job'],
  providers: {},
  input: z.strictObject({ id: runId }),
  output: jobAnswer,
  run: async ({ id }, _clients, { event }) => {
    const job = await loadJob(id);
    // The workflow of a plan was never started, so nobody else erases what its rows hold; an earlier request may have
    // died before that.
    if (isCancelledPlan(job)) await skipAll(id);
    const cancelled = await cancelRun(job, callerOf(event), ['running', 'halted']);
    if (isCancelledPlan(cancelled)) await skipAll(id);
    return toJobAnswer(await loadJob(id), clock.now());
  },
});

const isCancelledPlan = ({ status, startedAt }: Run): boolean => status === 'cancelled' && startedAt === undefined;
