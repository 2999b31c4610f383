import * as z from 'zod/mini';
import { OperationError } from '../shared/errors.ts';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { wecom } from './client/index.ts';
import { subjectOf, userid } from './client/member.ts';

export const handler = defineWrite({
  summary: 'Delete a WeCom member',
  description: "Cannot be undone. The member's Tencent corporate mailbox is deleted too.",
  route: 'DELETE /wecom/users/{userid}',
  effect: 'delete',
  providers: { wecom },
  input: z.strictObject({ userid }),
  output: writeAnswer('wecom', { userid }, 'deleted'),
  write: {
    subject: subjectOf,
    outcome: () => 'deleted',
    expects: async ({ userid }) => ({ userid, exists: false }),
    bulk: {
      size: 200,
      // A second batch would make the reading of the first one old.
      lanes: 1,
      run: async (inputs, { wecom }) => {
        const ends = await wecom.deleteUsers(inputs.map(({ userid }) => userid));
        return ends.map((end) => (end instanceof OperationError ? end : { provider: 'wecom', ...end }));
      },
    },
  },
  run: async ({ userid }, { wecom }) => {
    const result = await wecom.deleteUser(userid);
    if (result.outcome === 'already_absent') throw result.refusal;
    return { provider: 'wecom' as const, userid, ...result };
  },
});
