import * as z from 'zod/mini';
import { listOf, pageOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { wibiclick } from './client/index.ts';
import { toWebsiteItem, userId, websiteItem } from './client/types.ts';

export const handler = defineOperation({
  summary: 'List the websites of a WibiClick user',
  description: 'An empty list does not prove that the user exists.',
  route: 'GET /wibiclick/users/{userId}/websites',
  effect: 'read',
  providers: { wibiclick },
  input: z.strictObject({ userId, ...pageQuery }),
  output: listOf(websiteItem),
  run: async ({ userId, ...page }, { wibiclick }) =>
    pageOf((await wibiclick.websitesOf(userId)).map(toWebsiteItem), page),
});
