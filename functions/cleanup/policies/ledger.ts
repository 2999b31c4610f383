import pMap from 'p-map';
import { OperationError } from '../../shared/errors.ts';
import { type Answered, entriesOf } from '../../shared/ledger.ts';
import { comparable, type RosterProvider } from '../rosters/roster.ts';

/** The most that one cleanup finds, which is what one job takes. */
export const mostFound = 10_000;
const concurrency = 20;

/** @throws OperationError `conflict` when there are more than one job takes: a source must be wrong */
export function refuseTooMany(count: number): void {
  if (count <= mostFound) return;
  throw new OperationError('conflict', `${count} accounts or memberships were found, and at most ${mostFound} can be`, {
    fix: 'Look whether the roster and the directory are of the same company, and whole.',
  });
}

/** Those of the accounts for which the ledger says so. */
export async function whereLedger(
  provider: RosterProvider,
  ids: string[],
  says: (subject: string) => Promise<boolean>,
): Promise<string[]> {
  const said = await pMap(ids, (id) => says(`${provider}:${comparable(provider, id)}`), { concurrency });
  return ids.filter((_, index) => said[index]);
}

/**
 * Leaves out to whom Usher gave access since then, or may have: no list that was drawn up before can tell of them.
 * @param since epoch milliseconds
 * @throws OperationError `conflict` when there are too many to look each of them up
 */
export async function withoutNewcomers(provider: RosterProvider, ids: string[], since: number): Promise<string[]> {
  refuseTooMany(ids.length);
  return whereLedger(provider, ids, async (subject) => !(await gaveAccess(subject, since)));
}

async function gaveAccess(subject: string, since: number): Promise<boolean> {
  for await (const { at, state, answered } of entriesOf(subject)) {
    if (Date.parse(at) < since) return false;
    if (state !== 'failed' && givesAccess(answered)) return true;
  }
  return false;
}

/** A write of which nothing is known but that it succeeded may have done so. */
const givesAccess = (answered: Answered | undefined): boolean =>
  answered === undefined || ['created', 'pending_consent', 'connected', 'enabled'].includes(answered.outcome);
