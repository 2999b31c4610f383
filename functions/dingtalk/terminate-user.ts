import * as z from 'zod/mini';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { handoverAnswer, handoverUnverified } from './client/handover.ts';
import { dingtalk } from './client/index.ts';
import { receiversOf, termination } from './client/termination.ts';
import { subjectOf, userid } from './client/user.ts';

export const handler = defineWrite({
  summary: 'Terminate a DingTalk employee and hand everything over',
  description:
    'Cannot be undone: the person is terminated in Smart HR and removed from the directory. Approvals can be handed over here. Takes from the monthly quota of the organisation.',
  route: 'POST /dingtalk/users/{userid}/termination',
  effect: 'update',
  providers: { dingtalk },
  input: termination,
  output: z.extend(writeAnswer('dingtalk', { userid }, 'deleted'), { handover: handoverAnswer }),
  write: {
    subject: subjectOf,
    outcome: () => 'deleted',
    removesAccess: () => true,
    takers: receiversOf,
    expects: async ({ userid }) => ({ userid, exists: false }),
  },
  run: async (given, { dingtalk }) => {
    const result = await dingtalk.terminateUser(given);
    if (result.outcome === 'already_gone') throw result.refusal;
    const handover = receiversOf(given).length > 0 && { handover: handoverUnverified };
    return { provider: 'dingtalk' as const, userid: given.userid, ...result, ...handover };
  },
});
