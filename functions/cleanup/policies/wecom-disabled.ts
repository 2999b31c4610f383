import pMap from 'p-map';
import { clock } from '../../shared/clock.ts';
import { entriesOf } from '../../shared/ledger.ts';
import { named } from '../../shared/named.ts';
import { disabledStatus } from '../../wecom/client/identity.ts';
import type { CleanupClients } from './clients.ts';
import { whereLedger } from './ledger.ts';
import type { Looked, Looking } from './looking.ts';

const dayMs = 86_400_000;
const concurrency = 5;

/** Members that a single call or a job disabled so many days ago, and that WeCom shows disabled still. */
export async function findDisabled({ provider, clients, disabledDays, accounts }: Looking): Promise<Looked> {
  const among = await accounts();
  const before = clock.now() - disabledDays * dayMs;
  const disabled = await whereLedger(provider, among, (subject) => isDisabledSince(subject, before));
  const statuses = await readStatuses(disabled, clients);
  const unreadable = disabled.filter((userid) => statuses.get(userid) === undefined);
  return {
    ids: disabled.filter((userid) => statuses.get(userid) === disabledStatus),
    ...(unreadable.length > 0 && { warnings: [warningOf(unreadable)] }),
  };
}

/** A disabling by an offboarding has a grace of its own. Whatever came after the disabling leaves a doubt. */
async function isDisabledSince(subject: string, before: number): Promise<boolean> {
  for await (const { at, state, operation, answered } of entriesOf(subject)) {
    if (state === 'failed' || answered?.outcome === 'updated') continue;
    const isOwn = state === 'succeeded' && !operation.startsWith('offboarding');
    return isOwn && answered?.outcome === 'disabled' && Date.parse(at) <= before;
  }
  return false;
}

/** The console may have enabled a member since, and only the app secret shows that. */
async function readStatuses(
  userids: string[],
  { wecom: { identities } }: CleanupClients,
): Promise<Map<string, number | undefined>> {
  if (!(await identities.has('appSecret'))) return new Map();
  const found = await pMap(userids, (userid) => identities.find(userid), { concurrency });
  return new Map(userids.map((userid, index) => [userid, found[index]?.status]));
}

const warningOf = (userids: string[]): string =>
  `not_readable: WeCom does not show whether ${named(userids)} can sign in, which takes an app secret; left out.`;
