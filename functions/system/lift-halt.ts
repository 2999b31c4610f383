import * as z from 'zod/mini';
import { defineCommand } from '../shared/command.ts';
import { lift } from '../shared/halt.ts';
import { haltAnswer, toHaltAnswer } from './halt/halt.ts';

export const handler = defineCommand({
  summary: 'Lift the halt',
  description: 'What was halted goes on by itself where it stopped, within a minute or two.',
  route: 'DELETE /halt',
  effect: 'delete',
  providers: {},
  input: z.strictObject({}),
  output: haltAnswer,
  run: async () => {
    await lift();
    return toHaltAnswer(undefined);
  },
});
