import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { defineOperation } from '../shared/operation.ts';
import { runId } from '../shared/runs/run-input.ts';
import { loadRun } from '../shared/runs/run-store.ts';
import { cleanupAnswer, toAnswer } from './cleanup/answer.ts';
import type { CleanupFacts, CleanupRequest } from './cleanup/cleanup.ts';

export const handler = defineOperation({
  summary: 'Get a cleanup: what was found, planned, held and done',
  route: 'GET /cleanups/{id}',
  effect: 'read',
  providers: {},
  input: z.strictObject({ id: runId }),
  output: cleanupAnswer,
  run: async ({ id }) => toAnswer(await loadRun<CleanupRequest, CleanupFacts>(id, 'cleanup'), clock.now()),
});
