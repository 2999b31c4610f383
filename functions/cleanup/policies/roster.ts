import { named } from '../../shared/named.ts';
import { withoutNewcomers } from './ledger.ts';
import type { Looked, Looking } from './looking.ts';
import { noRoster, usableMs, usableRoster } from './usable-roster.ts';

/**
 * Accounts that are not on the roster, whatever the case of its ids, but for those that Usher may have made after it was
 * drawn up.
 */
export async function findOffRoster({ provider, accounts }: Looking): Promise<Looked> {
  const roster = await usableRoster(provider);
  if (!roster) return noRoster(provider);
  const among = await accounts();
  const known = new Set([...roster.ids].map((id) => id.toLowerCase()));
  const absent = among.filter((id) => !known.has(id.toLowerCase()));
  const shortened = absent.filter((id) => hasLostZeros(id, known));
  const left = absent.filter((id) => !shortened.includes(id));
  const warning = `lost_zeros: ${named(shortened)} may be on the roster without the zeros in front; left out.`;
  return {
    ...(shortened.length > 0 && { warnings: [warning] }),
    ids: await withoutNewcomers(provider, left, roster.uploadedAt - usableMs),
  };
}

/** A spreadsheet takes 0042 for the number 42. */
const hasLostZeros = (id: string, known: Set<string>): boolean =>
  /^0+\d+$/.test(id) && known.has(id.replace(/^0+/, ''));
