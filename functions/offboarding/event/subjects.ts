import * as z from 'zod/mini';
import { subjectOf as dingtalkSubject, userid as dingtalkUserid } from '../../dingtalk/client/user.ts';
import { subjectOf as wecomSubject, userid as wecomUserid } from '../../wecom/client/member.ts';
import { userId } from '../../wibiclick/client/types.ts';

const named = <Account extends z.ZodMiniType>(account: Account) => z.catch(z.optional(account), undefined);

const detail = z.object({
  accounts: z.object({
    wecom: named(z.object({ userid: wecomUserid })),
    dingtalk: named(z.object({ userid: dingtalkUserid })),
    wibiclick: named(z.object({ userId })),
  }),
});

/** `<provider>:<id>` of each account that the detail of an event names; those that cannot be read are left out. */
export function subjectsOf(given: unknown): string[] {
  const { wecom, dingtalk, wibiclick } = detail.safeParse(given).data?.accounts ?? {};
  return [
    ...(wecom ? [wecomSubject(wecom)] : []),
    ...(dingtalk ? [dingtalkSubject(dingtalk)] : []),
    ...(wibiclick ? [`wibiclick:${wibiclick.userId}`] : []),
  ];
}
