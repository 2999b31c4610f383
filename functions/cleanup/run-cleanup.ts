import { defineWorkflow } from '../shared/runs/workflow.ts';
import type { CleanupFacts, CleanupRequest } from './cleanup/cleanup.ts';
import { performCleanup } from './cleanup/perform.ts';
import { cleanupProgress } from './cleanup/progress.ts';
import { cleanupProviders } from './policies/clients.ts';

export const handler = defineWorkflow<CleanupRequest, CleanupFacts, typeof cleanupProviders>({
  summary: 'Carry out a cleanup: look for accounts that are to go, and remove them by a job if that is wanted',
  kind: 'cleanup',
  providers: cleanupProviders,
  canBeRetried: false,
  // The departments of DingTalk are walked one by one.
  stepMs: 240_000,
  starts: ['jobs/run-job'],
  progress: cleanupProgress,
  perform: performCleanup,
});
