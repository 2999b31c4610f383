import { comparable } from '../rosters/roster.ts';
import { withoutNewcomers } from './ledger.ts';
import type { Looked, Looking } from './looking.ts';
import { noRoster, usableRoster } from './usable-roster.ts';

/** Accounts that are not on the roster, but for those that Usher made after it was uploaded. */
export async function findOffRoster({ provider, accounts }: Looking): Promise<Looked> {
  const roster = await usableRoster(provider);
  if (!roster) return noRoster(provider);
  const among = await accounts();
  const absent = among.filter((id) => !roster.ids.has(comparable(provider, id)));
  return { ids: await withoutNewcomers(provider, absent, roster.uploadedAt) };
}
