import * as z from 'zod/mini';
import { listOf, pageOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { wibiclick } from './client/index.ts';
import { toWebsiteItem, websiteItem } from './client/types.ts';

export const handler = defineOperation({
  summary: 'List the WibiClick websites',
  description: 'Those that the key can see.',
  route: 'GET /wibiclick/websites',
  effect: 'read',
  providers: { wibiclick },
  input: z.strictObject(pageQuery),
  output: listOf(websiteItem),
  run: async (page, { wibiclick }) => pageOf((await wibiclick.websites()).map(toWebsiteItem), page),
});
