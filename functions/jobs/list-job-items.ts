import * as z from 'zod/mini';
import { listOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { runId } from '../shared/runs/run-input.ts';
import { itemAnswer, itemStatus, listItems, toItemAnswer } from './job/items.ts';
import { loadJob } from './job/job.ts';

export const handler = defineOperation({
  summary: 'List the rows of a job, with what became of each',
  route: 'GET /jobs/{id}/items',
  effect: 'read',
  providers: {},
  input: z.strictObject({ id: runId, status: z.optional(itemStatus), ...pageQuery }),
  output: listOf(itemAnswer),
  run: async ({ id, ...page }) => {
    await loadJob(id);
    const { items, cursor } = await listItems(id, page);
    return { items: items.map(toItemAnswer), cursor };
  },
});
