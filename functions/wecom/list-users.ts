import * as z from 'zod/mini';
import { cursorQuery, listOf } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { documented } from '../shared/schema.ts';
import { wecom } from './client/index.ts';
import type { IdPage } from './client/types.ts';

export const handler = defineOperation({
  summary: 'List the ids of the WeCom members',
  description:
    'With the contact secret alone. WeCom counts `limit` in pairs of member and department, so a page may hold fewer ' +
    'members, and a member of several departments can appear on two pages, with some of them on each.',
  route: 'GET /wecom/users',
  effect: 'read',
  providers: { wecom },
  input: z.strictObject(cursorQuery),
  output: listOf(
    z.object({
      userid: z.string(),
      department: documented(z.array(z.int()), { description: 'Department ids' }),
    }),
  ),
  run: async ({ cursor, limit }, { wecom }) => {
    const { dept_user, next_cursor } = await wecom.listIds(limit, cursor);
    return { items: byMember(dept_user), cursor: next_cursor || null };
  },
});

const byMember = (rows: IdPage['dept_user']) =>
  [...Map.groupBy(rows, ({ userid }) => userid)].map(([userid, own]) => ({
    userid,
    department: own.map(({ department }) => department),
  }));
