import * as z from 'zod/mini';
import { OperationError } from '../shared/errors.ts';
import { defineOperation } from '../shared/operation.ts';
import { rosterAnswer, rosterProvider, toRosterAnswer } from './rosters/roster.ts';
import { loadHead } from './rosters/roster-store.ts';

export const handler = defineOperation({
  summary: 'Get what is known of the roster of a provider, without its ids',
  route: 'GET /rosters/{provider}',
  effect: 'read',
  providers: {},
  input: z.strictObject({ provider: rosterProvider }),
  output: rosterAnswer,
  run: async ({ provider }) => {
    const head = await loadHead(provider);
    if (head) return toRosterAnswer(provider, head);
    throw new OperationError('not_found', `no roster of ${provider} was uploaded`, {
      errors: [{ path: 'provider', message: 'has no roster' }],
      fix: `Upload it with PUT /rosters/${provider}.`,
    });
  },
});
