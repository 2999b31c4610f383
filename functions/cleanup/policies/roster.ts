import { comparable } from '../rosters/roster.ts';
import { removableAccounts } from './accounts.ts';
import { withoutNewcomers } from './ledger.ts';
import type { Looked, Looking } from './looking.ts';
import { noRoster, usableRoster } from './usable-roster.ts';

/** Accounts that are not on the roster, but for those that Usher made after it was uploaded. */
export async function findOffRoster({ provider, clients }: Looking): Promise<Looked> {
  const roster = await usableRoster(provider);
  if (!roster) return noRoster(provider);
  const accounts = await removableAccounts(provider, clients);
  const absent = accounts.filter((id) => !roster.ids.has(comparable(provider, id)));
  return { ids: await withoutNewcomers(provider, absent, roster.uploadedAt) };
}
