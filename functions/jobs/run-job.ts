import { cleanupProviders } from '../cleanup/policies/clients.ts';
import { hasEnded } from '../shared/runs/run.ts';
import { defineWorkflow } from '../shared/runs/workflow.ts';
import type { Job, JobFacts, JobRequest } from './job/job.ts';
import { jobProgress } from './worker/job-progress.ts';
import { workAt } from './worker/work.ts';

export const handler = defineWorkflow<JobRequest, JobFacts, typeof cleanupProviders>({
  summary: 'Carry out a job: its rows, in slices of two minutes, at the speed that the provider allows',
  kind: 'job',
  providers: cleanupProviders,
  canBeRetried: false,
  // Between two slices nothing is sent; the rows of a worker that died stay locked for as long as its slice could last.
  stepMs: 120_000,
  progress: jobProgress,
  perform: async ({ run, stepId, clients, deadline }) => {
    const step = run.steps[stepId];
    if (!step || hasEnded(step)) throw new Error(`there is no step ${stepId} to be done`);
    return workAt(run as Job, step, clients, deadline);
  },
});
