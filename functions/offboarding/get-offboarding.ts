import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { defineOperation } from '../shared/operation.ts';
import { runAnswer, toRunAnswer } from '../shared/runs/run.ts';
import { runId } from '../shared/runs/run-input.ts';
import { loadRun } from '../shared/runs/run-store.ts';
import { documented } from '../shared/schema.ts';
import { loadChunks, reportOf } from './handover/assets.ts';

const ids = z.object({ customers: z.array(z.string()), groups: z.array(z.string()) });

export const handler = defineOperation({
  summary: 'Get an offboarding: its plan and how far it is',
  route: 'GET /offboardings/{id}',
  effect: 'read',
  providers: {},
  input: z.strictObject({ id: runId }),
  output: z.extend(runAnswer, {
    handover: documented(
      z.optional(
        z.object({
          moved: ids,
          pending: ids,
          leftOver: z.array(z.object({ kind: z.enum(['customers', 'groups']), id: z.string(), code: z.string() })),
        }),
      ),
      {
        description:
          'Where each WeCom customer and customer group is; `code` is what WeCom said of one that is left over',
      },
    ),
  }),
  run: async ({ id }) => {
    const run = await loadRun(id, 'offboarding');
    const chunks = await loadChunks(id);
    return { ...toRunAnswer(run, clock.now()), ...(chunks.length > 0 && { handover: reportOf(chunks) }) };
  },
});
