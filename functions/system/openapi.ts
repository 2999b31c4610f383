import * as z from 'zod/mini';
import { defineOperation } from '../shared/operation.ts';
import { documented } from '../shared/schema.ts';

export const handler = defineOperation({
  summary: 'Get this OpenAPI document',
  route: 'GET /openapi.json',
  effect: 'read',
  providers: {},
  input: z.strictObject({}),
  output: documented(z.looseObject({ openapi: z.string() }), { description: 'An OpenAPI 3.1 document' }),
  // Loaded when asked for: the document is generated from all operations, this one among them.
  run: async () => (await import('../../build/openapi.json', { with: { type: 'json' } })).default,
});
