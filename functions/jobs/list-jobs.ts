import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { cursorQuery, listOf } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { listRuns } from '../shared/runs/run-store.ts';
import { type Job, jobAnswer, toJobAnswer } from './job/job.ts';

export const handler = defineOperation({
  summary: 'List the jobs, newest first',
  route: 'GET /jobs',
  effect: 'read',
  providers: {},
  input: z.strictObject(cursorQuery),
  output: listOf(jobAnswer),
  run: async (page) => {
    const { items, cursor } = await listRuns<Job>('job', page);
    return { items: items.map((job) => toJobAnswer(job, clock.now())), cursor };
  },
});
