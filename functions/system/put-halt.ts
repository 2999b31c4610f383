import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { halt } from '../shared/halt.ts';
import { characters } from '../shared/schema.ts';
import { haltAnswer, toHaltAnswer } from './halt/halt.ts';

export const handler = defineCommand({
  summary: 'Halt Usher: no write begins any more, in any function',
  description:
    'At once for what is asked for from now on, and within 5 seconds for what is under way. A cancelled offboarding still gives back what it took.',
  route: 'PUT /halt',
  effect: 'update',
  providers: {},
  input: z.strictObject({ reason: characters(1, 500) }),
  output: haltAnswer,
  run: async ({ reason }, _clients, { event }) => {
    const set = { reason, by: callerOf(event), at: clock.now() };
    await halt(set);
    return toHaltAnswer(set);
  },
});
