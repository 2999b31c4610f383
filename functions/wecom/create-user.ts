import { documented } from '../shared/schema.ts';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { wecom } from './client/index.ts';
import { newMember, subjectOf, userid } from './client/member.ts';

export const handler = defineWrite({
  summary: 'Create a WeCom member',
  description:
    'A department that did not exist is created by WeCom and reported as the warning `department_created:<id>`.',
  route: 'POST /wecom/users',
  effect: 'create',
  providers: { wecom },
  input: documented(newMember, {
    example: { userid: 'qianyi', name: '钱一', email: 'qianyi@example.com', department: [1] },
  }),
  output: writeAnswer('wecom', { userid }, 'created'),
  write: {
    subject: subjectOf,
    outcome: () => 'created',
    expects: (member, { wecom }) => wecom.expectMember(member),
  },
  run: async (member, { wecom }) => ({
    provider: 'wecom' as const,
    userid: member.userid,
    ...(await wecom.createUser(member)),
  }),
});
