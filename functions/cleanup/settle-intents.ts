import { type DingtalkExpectation, dingtalk } from '../dingtalk/client/index.ts';
import type { Deadline } from '../shared/clock.ts';
import { defineSchedule } from '../shared/schedule.ts';
import { type Holds, settleIntents } from '../shared/settle-intents.ts';
import { type HandoverExpectation, type WecomCustomers, wecomCustomers } from '../wecom/client/customers.ts';
import type { Members } from '../wecom/client/directory.ts';
import { type WecomClient, type WecomExpectation, wecom } from '../wecom/client/index.ts';
import { type WibiclickExpectation, wibiclick } from '../wibiclick/client/index.ts';

export const handler = defineSchedule({
  summary: 'Read what became of writes whose functions died, and record it',
  schedule: 'rate(1 minute)',
  providers: {
    wecom: (deadline: Deadline) => ({ members: wecom(deadline), customers: wecomCustomers(deadline) }),
    dingtalk,
    wibiclick,
  },
  run: ({ wecom, dingtalk, wibiclick }, deadline) =>
    settleIntents(
      () => ({
        wecom: wecomHolds(wecom),
        dingtalk: (expected) => dingtalk.holds(expected as DingtalkExpectation),
        wibiclick: (expected) => wibiclick.holds(expected as WibiclickExpectation),
      }),
      deadline,
    ),
});

/** What an intent expects was made by the client of its own provider. One reading of the id list tells of all who left. */
function wecomHolds({ members, customers }: { members: WecomClient; customers: WecomCustomers }): Holds {
  let listed: Promise<Members> | undefined;
  return async (expected) => {
    if ('taker' in expected) return customers.holds(expected as HandoverExpectation);
    const member = expected as WecomExpectation;
    if ('changed' in member || member.exists) return members.holds(member);
    listed ??= members.directory.read();
    return !(await listed).has(member.userid);
  };
}
