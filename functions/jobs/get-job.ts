import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { defineOperation } from '../shared/operation.ts';
import { runId } from '../shared/runs/run-input.ts';
import { jobAnswer, loadJob, toJobAnswer } from './job/job.ts';

export const handler = defineOperation({
  summary: 'Get a job: its plan and how far it is',
  route: 'GET /jobs/{id}',
  effect: 'read',
  providers: {},
  input: z.strictObject({ id: runId }),
  output: jobAnswer,
  run: async ({ id }) => toJobAnswer(await loadJob(id), clock.now()),
});
