import * as z from 'zod/mini';
import { currentHalt } from '../shared/halt.ts';
import { defineOperation } from '../shared/operation.ts';
import { haltAnswer, toHaltAnswer } from './halt/halt.ts';

export const handler = defineOperation({
  summary: 'Tell whether Usher is halted',
  route: 'GET /halt',
  effect: 'read',
  providers: {},
  input: z.strictObject({}),
  output: haltAnswer,
  run: async () => toHaltAnswer(await currentHalt()),
});
