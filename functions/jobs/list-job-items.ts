import * as z from 'zod/mini';
import { answerFormat, CsvDownload, wantsCsv } from '../shared/csv-download.ts';
import { listOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { runId } from '../shared/runs/run-input.ts';
import { itemAnswer, itemStatus, listItems, toItemAnswer } from './job/items.ts';
import { itemsCsv } from './job/items-csv.ts';
import { loadJob } from './job/job.ts';

export const handler = defineOperation({
  summary: 'List the rows of a job, with what became of each',
  description: 'By page as JSON, or all at once as a CSV file.',
  route: 'GET /jobs/{id}/items',
  effect: 'read',
  csvAnswer: true,
  providers: {},
  input: z.strictObject({ id: runId, status: z.optional(itemStatus), format: answerFormat, ...pageQuery }),
  output: listOf(itemAnswer),
  run: async ({ id, format, ...page }, _clients, { event }) => {
    await loadJob(id);
    if (wantsCsv(event, format)) return new CsvDownload(`job-${id}.csv`, await itemsCsv(id, page.status));
    const { items, cursor } = await listItems(id, page);
    return { items: items.map(toItemAnswer), cursor };
  },
});
