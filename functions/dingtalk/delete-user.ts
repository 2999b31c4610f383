import * as z from 'zod/mini';
import { documented } from '../shared/schema.ts';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { deleted } from './client/deletion.ts';
import { handoverAnswer, handoverResource, isNotLeaver, takersOf } from './client/handover.ts';
import { dingtalk } from './client/index.ts';
import { subjectOf, userid } from './client/user.ts';

export const handler = defineWrite({
  summary: 'Delete a DingTalk user, with handover',
  description: 'Cannot be undone. Approvals cannot be handed over here.',
  route: 'DELETE /dingtalk/users/{userid}',
  effect: 'delete',
  providers: { dingtalk },
  input: documented(z.strictObject({ userid, handoverResource: z.optional(handoverResource) }).check(isNotLeaver), {
    example: { handoverResource: { dingPan: { action: 'handover', handoverUserId: 'lisi' } } },
  }),
  output: z.extend(writeAnswer('dingtalk', { userid }, 'deleted'), {
    handover: handoverAnswer,
  }),
  write: {
    subject: subjectOf,
    outcome: () => 'deleted',
    expects: async ({ userid }) => ({ userid, exists: false }),
    takers: ({ handoverResource }) => takersOf(handoverResource ?? {}),
    // Two, so that one deletes while the other reads back.
    bulk: { size: 100, lanes: 2, run: (deletions, { dingtalk }) => dingtalk.deleteUsers(deletions) },
  },
  run: async (deletion, { dingtalk }) => {
    const result = await dingtalk.deleteUser(deletion.userid, deletion.handoverResource);
    if (result.outcome === 'already_gone') throw result.refusal;
    return deleted(deletion, result);
  },
});
