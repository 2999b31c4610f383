import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { jobAnswer, toJobAnswer } from './job/job.ts';
import { directoryProviders } from './plan/directories.ts';
import { planJob } from './plan/plan-job.ts';
import { jobRequest, rowsGivenIn } from './request/job-request.ts';

export const handler = defineCommand({
  summary: 'Plan a job: one write, for up to 10,000 accounts',
  description:
    'Only reads. The rows are `items`, each with the fields of the operation, or a body of text/csv whose header names them, with `operation` and `onError` in the query. The job is applied by its digest. With `onError: stop` the rows are done one by one, and those after a failure are skipped.',
  route: 'POST /jobs',
  effect: 'create',
  status: 201,
  csvBody: 'csv',
  maxBodyMiB: 4,
  providers: directoryProviders,
  input: jobRequest,
  output: jobAnswer,
  run: async (request, clients, { event, storedKey }) => {
    const { operation, onError } = request;
    const wanted = { request: { operation, onError }, rows: rowsGivenIn(request), requester: callerOf(event) };
    return toJobAnswer(await planJob(wanted, clients, storedKey), clock.now());
  },
});
