import * as z from 'zod/mini';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { dingtalk } from './client/index.ts';
import { subjectOf, userid } from './client/user.ts';

export const handler = defineWrite({
  summary: 'Disable a DingTalk enterprise account',
  description: 'Can be undone. Enterprise accounts only (企业账号). Takes from the monthly quota of the organisation.',
  route: 'POST /dingtalk/users/{userid}/disable',
  effect: 'update',
  providers: { dingtalk },
  input: z.strictObject({ userid }),
  output: writeAnswer('dingtalk', { userid }, 'disabled'),
  write: {
    subject: subjectOf,
    outcome: () => 'disabled',
    removesAccess: () => true,
    expects: async ({ userid }) => ({ userid, disabled: true }),
  },
  run: async ({ userid }, { dingtalk }) => ({
    provider: 'dingtalk' as const,
    userid,
    ...(await dingtalk.disableUser(userid)),
  }),
});
