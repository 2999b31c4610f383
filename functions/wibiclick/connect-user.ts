import * as z from 'zod/mini';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { wibiclick } from './client/index.ts';
import { userId, websiteId } from './client/types.ts';

export const handler = defineWrite({
  summary: 'Connect a WibiClick user to a website',
  description:
    'The user must have registered. WibiClick takes no role here. Nothing is sent for a user who is connected: ' +
    'warning `already_connected`.',
  route: 'PUT /wibiclick/websites/{websiteId}/users/{userId}',
  effect: 'create',
  providers: { wibiclick },
  input: z.strictObject({ websiteId, userId }),
  output: writeAnswer('wibiclick', { websiteId, userId }, 'connected'),
  write: {
    subject: ({ userId }) => `wibiclick:${userId}`,
    outcome: () => 'connected',
    expects: async ({ userId, websiteId }) => ({ userId, websiteId, connected: true }),
  },
  run: async ({ websiteId, userId }, { wibiclick }) => {
    const { id } = await wibiclick.website(websiteId);
    const result = await wibiclick.connect({ userId, websiteId: id });
    return { provider: 'wibiclick' as const, websiteId, userId, ...result };
  },
});
