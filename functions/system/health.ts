import * as z from 'zod/mini';
import { defineOperation } from '../shared/operation.ts';

export const handler = defineOperation({
  summary: 'Tell that the API is alive',
  description: 'Asks no provider; nothing is known of their health.',
  route: 'GET /health',
  effect: 'read',
  providers: {},
  input: z.strictObject({}),
  output: z.object({ status: z.literal('ok') }),
  run: async () => ({ status: 'ok' as const }),
});
