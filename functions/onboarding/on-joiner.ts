import * as z from 'zod/mini';
import { subjectsOf } from '../offboarding/event/subjects.ts';
import { defineEvent } from '../shared/event.ts';
import { eventFields } from '../shared/event-fields.ts';
import { accountsToMake, joinerAccounts } from './event/accounts.ts';
import { join } from './event/join.ts';

export const handler = defineEvent({
  summary: 'Onboard a person whom HR reports as a joiner, or take the offboarding back',
  event: { source: 'hr', detailType: 'Joiner' },
  starts: ['offboarding/run-offboarding', 'onboarding/run-onboarding'],
  providers: {},
  detail: z.strictObject({ ...eventFields, accounts: joinerAccounts }),
  subjectsOf,
  run: ({ eventId, occurredAt, accounts }) => {
    const event = {
      eventId,
      type: 'Joiner' as const,
      occurredAt: Date.parse(occurredAt),
      subjects: subjectsOf({ accounts }),
    };
    return join(event, (givenBack) => accountsToMake(accounts, givenBack));
  },
});
