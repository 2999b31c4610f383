import * as z from 'zod/mini';
import { listOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { dingtalkLists } from './client/lists.ts';
import { userid } from './client/user.ts';

export const handler = defineOperation({
  summary: 'List the ids of people whom HR has dismissed in DingTalk',
  description: 'Needs Smart HR. A person who was hired again may still be listed: get the user before you act on it.',
  route: 'GET /dingtalk/dismissed-users',
  effect: 'read',
  providers: { dingtalk: dingtalkLists },
  input: z.strictObject(pageQuery),
  output: listOf(z.object({ userid })),
  run: (page, { dingtalk }) => dingtalk.dismissedUsers(page),
});
