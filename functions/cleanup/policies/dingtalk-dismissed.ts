import pMap from 'p-map';
import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { comparable } from '../rosters/roster.ts';
import type { CleanupClients } from './clients.ts';
import { refuseTooMany, withoutNewcomers } from './ledger.ts';
import type { Looked, Looking } from './looking.ts';
import { noRoster, usableRoster } from './usable-roster.ts';

/** Whoever got an account so lately may have been hired again, and not be in DingTalk yet. */
const newcomerMs = 30 * 86_400_000;
const pageSize = 1_000;
const concurrency = 5;
/** Whoever applies the job waits while each of them is looked up again, at the 10 calls a second that DingTalk allows. */
const mostFound = 150;

/**
 * Accounts elsewhere of people whom HR dismissed in DingTalk, by the same id in the same spelling. Who was hired again
 * may be listed still (page section 11), so that each is looked up.
 */
export async function findDismissed({ provider, clients, accounts }: Looking): Promise<Looked> {
  const roster = await usableRoster(provider);
  if (!roster) return noRoster(provider);
  const dismissed = await readDismissed(clients);
  if (dismissed instanceof OperationError) return { status: 'unsupported', reason: dismissed.message };
  const among = await accounts();
  const listed = among.filter((id) => dismissed.has(id) && roster.ids.has(comparable(provider, id)));
  refuseTooMany(listed.length);
  const users = await pMap(listed, (id) => clients.dingtalk.identities.find(id), { concurrency });
  const left = listed.filter((_, index) => users[index] === undefined);
  const found = await withoutNewcomers(provider, left, clock.now() - newcomerMs);
  const more = found.length - mostFound;
  return {
    ids: found.slice(0, mostFound),
    ...(more > 0 && { warnings: [`more: ${more} others are found by the next cleanup, once these are gone.`] }),
  };
}

/** @returns the refusal where there is no Smart HR, or we may not read it */
async function readDismissed({ dingtalk }: CleanupClients): Promise<Set<string> | OperationError> {
  const userids = new Set<string>();
  let cursor: string | null | undefined;
  try {
    do {
      const page = await dingtalk.lists.dismissedUsers({ limit: pageSize, ...(cursor && { cursor }) });
      for (const { userid } of page.items) userids.add(userid);
      cursor = page.cursor;
    } while (cursor);
    return userids;
  } catch (error) {
    if (error instanceof OperationError && error.code === 'provider_permission') return error;
    throw error;
  }
}
