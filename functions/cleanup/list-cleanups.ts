import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { cursorQuery, listOf } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { listRuns } from '../shared/runs/run-store.ts';
import { cleanupListed, toListed } from './cleanup/answer.ts';
import type { Cleanup } from './cleanup/cleanup.ts';

export const handler = defineOperation({
  summary: 'List the cleanups, newest first',
  route: 'GET /cleanups',
  effect: 'read',
  providers: {},
  input: z.strictObject(cursorQuery),
  output: listOf(cleanupListed),
  run: async (page) => {
    const { items, cursor } = await listRuns<Cleanup>('cleanup', page);
    return { items: items.map((cleanup) => toListed(cleanup, clock.now())), cursor };
  },
});
