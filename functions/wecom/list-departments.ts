import * as z from 'zod/mini';
import { listOf, pageOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { documented } from '../shared/schema.ts';
import { wecom } from './client/index.ts';

export const handler = defineOperation({
  summary: 'List the WeCom departments',
  description: 'Ids without names, which WeCom does not give to contact sync.',
  route: 'GET /wecom/departments',
  effect: 'read',
  providers: { wecom },
  input: z.strictObject(pageQuery),
  output: listOf(
    z.object({
      id: z.int(),
      parentid: documented(z.int(), { description: 'The department above it' }),
      order: documented(z.int(), { description: 'Larger sorts first' }),
    }),
  ),
  run: async (page, { wecom }) => pageOf(await wecom.listDepartments(), page),
});
