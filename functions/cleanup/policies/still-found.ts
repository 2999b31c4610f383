import { OperationError } from '../../shared/errors.ts';
import { named } from '../../shared/named.ts';
import { comparable, type RosterProvider } from '../rosters/roster.ts';
import type { CleanupClients } from './clients.ts';
import { accountsLeaving } from './leaving.ts';
import { looks } from './looks.ts';
import type { Policy } from './settings.ts';

/** By which policy the accounts of a job were found, and with which setting. */
export interface FoundBy {
  policy: Policy;
  disabledDays: number;
}

interface Findings {
  provider: RosterProvider;
  ids: string[];
  clients: CleanupClients;
}

/**
 * Looks again at accounts that were found some time ago: a person may have needed a day to approve their removal, and
 * the job may have waited.
 * @returns those that would not be found now
 * @throws OperationError when a source cannot be read whole
 */
export async function noLongerFound(
  { policy, disabledDays }: FoundBy,
  { provider, ids, clients }: Findings,
): Promise<string[]> {
  const leaving = await accountsLeaving(provider);
  const accounts = async () => ids.filter((id) => !leaving.has(comparable(provider, id)));
  const looked = await looks[policy]({ provider, clients, disabledDays, accounts });
  const found = new Set('ids' in looked ? looked.ids : []);
  return ids.filter((id) => !found.has(id));
}

/** Why accounts stay. */
export const notFoundNow = ({ policy }: FoundBy, provider: string, ids: string[]): OperationError =>
  new OperationError('conflict', `the policy ${policy} would not find ${named(ids)} any more; nothing was sent`, {
    provider: { name: provider },
    fix: 'Cancel this job, and start another cleanup.',
  });
