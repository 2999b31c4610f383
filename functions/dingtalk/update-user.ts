import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { dingtalk } from './client/index.ts';
import { subjectOf, userChanges, userid } from './client/user.ts';

export const handler = defineWrite({
  summary: 'Update a DingTalk user',
  description: 'Only the fields that are given change. DingTalk cannot change a mobile number.',
  route: 'PATCH /dingtalk/users/{userid}',
  effect: 'update',
  providers: { dingtalk },
  input: userChanges,
  output: writeAnswer('dingtalk', { userid }, 'updated'),
  write: {
    subject: subjectOf,
    outcome: () => 'updated',
    expects: (changes, { dingtalk }) => dingtalk.expectChanges(changes),
  },
  run: async (changes, { dingtalk }) => ({
    provider: 'dingtalk' as const,
    userid: changes.userid,
    ...(await dingtalk.updateUser(changes)),
  }),
});
