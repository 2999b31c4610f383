import * as z from 'zod/mini';
import { defineOperation } from '../shared/operation.ts';
import { documented } from '../shared/schema.ts';
import { wecom } from './client/index.ts';
import { userid } from './client/member.ts';

export const handler = defineOperation({
  summary: 'Get a WeCom member',
  description: 'Needs appSecret, except from addresses that contact sync used before August 2022.',
  route: 'GET /wecom/users/{userid}',
  effect: 'read',
  providers: { wecom },
  input: z.strictObject({ userid }),
  output: documented(z.looseObject({ userid: z.string() }), {
    description: "The member's fields as WeCom answers them; a field that the credential may not read is missing.",
  }),
  run: ({ userid }, { wecom }) => wecom.getUser(userid),
});
