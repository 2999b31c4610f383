import type { OffboardingFacts } from '../../offboarding/accounts/account.ts';
import { clock } from '../../shared/clock.ts';
import type { Run } from '../../shared/runs/run.ts';
import { listRuns } from '../../shared/runs/run-store.ts';
import { comparable, type RosterProvider } from '../rosters/roster.ts';

type Offboarding = Run<object, OffboardingFacts>;

const pageSize = 100;

/** Accounts that an offboarding removes in its own time, after its grace, or that wait for a person who looks at it. */
export async function accountsLeaving(provider: RosterProvider): Promise<Set<string>> {
  const leaving = new Set<string>();
  for await (const run of offboardings()) {
    const id = isOver(run) ? undefined : idIn(run.facts, provider);
    if (id !== undefined) leaving.add(comparable(provider, id));
  }
  return leaving;
}

async function* offboardings(): AsyncGenerator<Offboarding> {
  let cursor: string | null | undefined;
  do {
    const page = await listRuns<Offboarding>('offboarding', { limit: pageSize, ...(cursor && { cursor }) });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor);
}

const isOver = ({ status, expiresAt }: Offboarding): boolean =>
  status === 'completed' ||
  status === 'cancelled' ||
  ((status === 'planned' || status === 'held') && clock.now() > expiresAt);

function idIn({ accounts }: OffboardingFacts, provider: RosterProvider): string | undefined {
  return provider === 'wibiclick' ? accounts.wibiclick?.userId : accounts[provider]?.userid;
}
