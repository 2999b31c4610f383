import type { OffboardingFacts } from '../../offboarding/accounts/account.ts';
import { offboardingsUnderWay } from '../../offboarding/progress/under-way.ts';
import { comparable, type RosterProvider } from '../rosters/roster.ts';

/** Accounts that an offboarding removes in its own time, after its grace, or that wait for a person who looks at it. */
export async function accountsLeaving(provider: RosterProvider): Promise<Set<string>> {
  const leaving = new Set<string>();
  for await (const { facts } of offboardingsUnderWay()) {
    const id = idIn(facts, provider);
    if (id !== undefined) leaving.add(comparable(provider, id));
  }
  return leaving;
}

function idIn({ accounts }: OffboardingFacts, provider: RosterProvider): string | undefined {
  return provider === 'wibiclick' ? accounts.wibiclick?.userId : accounts[provider]?.userid;
}
