import type { CleanupClients } from '../../cleanup/policies/clients.ts';
import { noLongerFound, notFoundNow } from '../../cleanup/policies/still-found.ts';
import { rosterProvider } from '../../cleanup/rosters/roster.ts';
import { accountOf, type ItemEnd, itemsFrom, type JobItem } from '../job/items.ts';
import type { Job } from '../job/job.ts';

/**
 * Looks once more at what a cleanup has found and is still to go: a job can wait for hours after it was applied.
 * @returns how the row of an account ends that would not be found now
 * @throws OperationError when a source cannot be read whole
 */
export async function whoCameBack(
  { id, facts, progress }: Job,
  provider: string,
  clients: CleanupClients,
): Promise<(row: JobItem) => ItemEnd | undefined> {
  const { foundBy } = facts;
  if (!foundBy) return () => undefined;
  const ids = new Set<string>();
  for await (const { status, input } of itemsFrom(id, progress?.low)) {
    if (status === 'pending' && input) ids.add(accountOf(input));
  }
  const found = { provider: rosterProvider.parse(provider), ids: [...ids], clients };
  const back = new Set(await noLongerFound(foundBy, found));
  return ({ input }) => {
    const account = input && accountOf(input);
    if (account === undefined || !back.has(account)) return undefined;
    const { code, message } = notFoundNow(foundBy, provider, [account]);
    return { status: 'skipped', error: { code, message } };
  };
}
