import * as z from 'zod/mini';
import { listOf, pageOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { wibiclick } from './client/index.ts';
import { userId, websiteId } from './client/types.ts';

export const handler = defineOperation({
  summary: 'List the users of a WibiClick website',
  description:
    'WibiClick does not say whether these are the users of this website only or all that the key can see: ' +
    'before you act on one, list the websites of that user. More than 5,000 users are an error.',
  route: 'GET /wibiclick/websites/{websiteId}/users',
  effect: 'read',
  providers: { wibiclick },
  input: z.strictObject({ websiteId, ...pageQuery }),
  output: listOf(
    z.object({
      userId,
      firstName: z.optional(z.string()),
      lastName: z.optional(z.string()),
      email: z.optional(z.string()),
    }),
  ),
  run: async ({ websiteId, ...page }, { wibiclick }) => {
    const users = await wibiclick.usersOf(websiteId);
    return pageOf(
      users.map(({ id, ...known }) => ({ userId: String(id), ...known })),
      page,
    );
  },
});
