import { type DingtalkExpectation, dingtalk } from '../dingtalk/client/index.ts';
import type { Deadline } from '../shared/clock.ts';
import { defineSchedule } from '../shared/schedule.ts';
import { settleIntents } from '../shared/settle-intents.ts';
import { type HandoverExpectation, wecomCustomers } from '../wecom/client/customers.ts';
import { type WecomExpectation, wecom } from '../wecom/client/index.ts';
import { type WibiclickExpectation, wibiclick } from '../wibiclick/client/index.ts';

export const handler = defineSchedule({
  summary: 'Read what became of writes whose functions died, and record it',
  schedule: 'rate(1 minute)',
  providers: {
    wecom: (deadline: Deadline) => ({ members: wecom(deadline), customers: wecomCustomers(deadline) }),
    dingtalk,
    wibiclick,
  },
  // What an intent expects was made by the client of its own provider.
  run: ({ wecom, dingtalk, wibiclick }) =>
    settleIntents({
      wecom: (expected) =>
        'taker' in expected
          ? wecom.customers.holds(expected as HandoverExpectation)
          : wecom.members.holds(expected as WecomExpectation),
      dingtalk: (expected) => dingtalk.holds(expected as DingtalkExpectation),
      wibiclick: (expected) => wibiclick.holds(expected as WibiclickExpectation),
    }),
});
