import * as z from 'zod/mini';
import { defineOperation } from '../shared/operation.ts';
import { documented } from '../shared/schema.ts';
import { dingtalk } from './client/index.ts';
import { userid } from './client/user.ts';

export const handler = defineOperation({
  summary: 'Get a DingTalk user',
  route: 'GET /dingtalk/users/{userid}',
  effect: 'read',
  providers: { dingtalk },
  input: z.strictObject({ userid }),
  output: documented(z.looseObject({ userid: z.string() }), {
    description: "The user's fields as DingTalk answers them; a field that the app may not read is missing.",
  }),
  run: ({ userid }, { dingtalk }) => dingtalk.getUser(userid),
});
