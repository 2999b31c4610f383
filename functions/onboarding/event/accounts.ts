import * as z from 'zod/mini';
import { userid as dingtalkUserid } from '../../dingtalk/client/user.ts';
import { parseEvent } from '../../shared/bad-event.ts';
import { userid as wecomUserid } from '../../wecom/client/member.ts';
import { userId } from '../../wibiclick/client/types.ts';
import { type OnboardingRequest, onboardingRequest } from '../workflow/request.ts';

/** The accounts of a Joiner: each as POST /onboardings takes it, or by its id alone if it may be given back. */
export const joinerAccounts = z
  .strictObject({
    wecom: z.optional(z.looseObject({ userid: wecomUserid })),
    dingtalk: z.optional(z.looseObject({ userid: dingtalkUserid })),
    wibiclick: z.optional(z.looseObject({ userId })),
  })
  .check(z.refine((given) => Object.keys(given).length > 0, { error: 'give at least one account' }));

const complete = z.strictObject({ accounts: onboardingRequest.shape.accounts });

type JoinerAccounts = z.output<typeof joinerAccounts>;

/**
 * The accounts that are to be made.
 * @param givenBack the providers whose accounts are there already
 * @returns undefined when there is nothing to make
 * @throws BadEvent naming each field that is wrong, of accounts that are given back too
 */
export function accountsToMake(
  accounts: JoinerAccounts,
  givenBack: string[],
): OnboardingRequest['accounts'] | undefined {
  const isIdAlone = (account: object = {}) => Object.keys(account).length === 1;
  const described = Object.entries(accounts).filter(
    ([name, account]) => !(givenBack.includes(name) && isIdAlone(account)),
  );
  if (described.length === 0) return undefined;
  const parsed = parseEvent(complete, { accounts: Object.fromEntries(described) });
  const made = Object.entries(parsed.accounts).filter(([name]) => !givenBack.includes(name));
  return made.length > 0 ? Object.fromEntries(made) : undefined;
}
