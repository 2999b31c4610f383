import * as z from 'zod/mini';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { dingtalk } from './client/index.ts';
import { subjectOf, userid } from './client/user.ts';

export const handler = defineWrite({
  summary: 'Enable a DingTalk enterprise account again',
  description: 'Enterprise accounts only (企业账号). Takes from the monthly quota of the organisation.',
  route: 'POST /dingtalk/users/{userid}/enable',
  effect: 'update',
  providers: { dingtalk },
  input: z.strictObject({ userid }),
  output: writeAnswer('dingtalk', { userid }, 'enabled'),
  write: {
    subject: subjectOf,
    outcome: () => 'enabled',
    expects: async ({ userid }) => ({ userid, disabled: false }),
  },
  run: async ({ userid }, { dingtalk }) => ({
    provider: 'dingtalk' as const,
    userid,
    ...(await dingtalk.enableUser(userid)),
  }),
});
