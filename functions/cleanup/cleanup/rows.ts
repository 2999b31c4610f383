import pMap from 'p-map';
import type { CleanupClients } from '../policies/clients.ts';
import { refuseTooMany } from '../policies/ledger.ts';
import type { RosterProvider } from '../rosters/roster.ts';

const concurrency = 5;

/** What removes an account of each provider. */
export const removals: Record<RosterProvider, string> = {
  wecom: 'wecom/delete-user',
  dingtalk: 'dingtalk/delete-user',
  wibiclick: 'wibiclick/disconnect-user',
};

/** An account to be removed, with the rows of the job that does it. */
export interface Finding {
  id: string;
  rows: object[];
}

/**
 * One row for each account; in WibiClick one for each website of it, and a user of none has nothing to lose.
 * @throws OperationError `conflict` when there are more than one job takes
 */
export async function toFindings(provider: RosterProvider, ids: string[], clients: CleanupClients): Promise<Finding[]> {
  refuseTooMany(ids.length);
  const findings = await pMap(ids, async (id) => ({ id, rows: await rowsOf(provider, id, clients) }), { concurrency });
  refuseTooMany(findings.flatMap(({ rows }) => rows).length);
  return findings.filter(({ rows }) => rows.length > 0);
}

async function rowsOf(provider: RosterProvider, id: string, { wibiclick }: CleanupClients): Promise<object[]> {
  if (provider !== 'wibiclick') return [{ userid: id }];
  const websites = await wibiclick.websitesOf(id);
  return websites.map((website) => ({ userId: id, websiteId: String(website.id) }));
}
