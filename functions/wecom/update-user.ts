import { refuseProtected } from '../shared/fence.ts';
import { defineWrite } from '../shared/write.ts';
import { writeAnswer } from '../shared/write-answer.ts';
import { wecom } from './client/index.ts';
import { memberChanges, subjectOf, updateOutcome, updateOutcomes, userid } from './client/member.ts';

export const handler = defineWrite({
  summary: 'Update, disable or enable a WeCom member',
  description:
    '`enable` 0 disables and 1 enables; fields that are not given stay as they are. WeCom keeps the mobile of a member ' +
    'who has activated: warning `mobile_kept`. It may write a part of a request with `biz_mail` or `biz_mail_alias` ' +
    'before it refuses it: `outcome` is `unknown` then, and all the fields are to be sent again.',
  route: 'PATCH /wecom/users/{userid}',
  effect: 'update',
  providers: { wecom },
  input: memberChanges,
  output: writeAnswer('wecom', { userid }, ...updateOutcomes),
  write: {
    subject: subjectOf,
    outcome: updateOutcome,
    removesAccess: ({ enable }) => enable === 0,
    expects: (changes, { wecom }) => wecom.expectChanges(changes),
  },
  run: async (changes, { wecom }) => {
    // Under another id the account would no longer be on the list of those that nobody may remove.
    if (changes.new_userid !== undefined) refuseProtected('wecom', changes.userid);
    return { provider: 'wecom' as const, userid: changes.userid, ...(await wecom.updateUser(changes)) };
  },
});
