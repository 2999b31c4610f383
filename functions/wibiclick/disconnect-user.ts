import * as z from 'zod/mini';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { wibiclick } from './client/index.ts';
import { userId, websiteId } from './client/types.ts';

export const handler = defineWrite({
  summary: 'Disconnect a WibiClick user from a website',
  description: 'The account itself stays: WibiClick publishes no call that closes one.',
  route: 'DELETE /wibiclick/websites/{websiteId}/users/{userId}',
  effect: 'delete',
  providers: { wibiclick },
  input: z.strictObject({ websiteId, userId }),
  output: writeAnswer('wibiclick', { websiteId, userId }, 'disconnected'),
  write: {
    subject: ({ userId }) => `wibiclick:${userId}`,
    outcome: () => 'disconnected',
    expects: async ({ userId, websiteId }) => ({ userId, websiteId, connected: false }),
  },
  run: async (link, { wibiclick }) => {
    const result = await wibiclick.disconnect(link);
    if (result.outcome === 'already_disconnected') throw result.refusal;
    return { provider: 'wibiclick' as const, ...link, ...result };
  },
});
