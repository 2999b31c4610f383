import * as z from 'zod/mini';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { dingtalk } from './client/index.ts';
import { newUser, subjectOf, userid } from './client/user.ts';

export const handler = defineWrite({
  summary: 'Create a DingTalk user',
  description:
    'Answers 202 with the outcome `pending_consent` when DingTalk has sent an invitation that the person must accept first.',
  route: 'POST /dingtalk/users',
  effect: 'create',
  providers: { dingtalk },
  input: newUser,
  output: z.extend(writeAnswer('dingtalk', { userid }, 'created'), {
    outcome: z.enum(['created', 'pending_consent']),
  }),
  write: {
    subject: subjectOf,
    outcome: () => 'created',
    expects: (user, { dingtalk }) => dingtalk.expectUser(user),
  },
  run: async (user, { dingtalk }) => ({
    provider: 'dingtalk' as const,
    userid: user.userid,
    ...(await dingtalk.createUser(user)),
  }),
});
