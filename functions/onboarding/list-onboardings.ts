import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { cursorQuery, listOf } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { listRuns } from '../shared/runs/run-store.ts';

export const handler = defineOperation({
  summary: 'List the onboardings, newest first',
  route: 'GET /onboardings',
  effect: 'read',
  providers: {},
  input: z.strictObject(cursorQuery),
  output: listOf(runAnswer),
  run: async (page) => {
    const { items, cursor } = await listRuns('onboarding', page);
    return { items: items.map((run) => toRunAnswer(run, clock.now())), cursor };
  },
});
