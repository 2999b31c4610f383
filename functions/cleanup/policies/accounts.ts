import { protection } from '../../shared/fence.ts';
import { userIds } from '../../wibiclick/client/directory.ts';
import { comparable, type RosterProvider } from '../rosters/roster.ts';
import type { CleanupClients } from './clients.ts';
import { accountsLeaving } from './leaving.ts';

/**
 * Every account that a policy may find, as the provider spells its id: all but those that are protected, and those that
 * an offboarding removes.
 * @throws OperationError when the directory cannot be read whole
 */
export async function removableAccounts(provider: RosterProvider, clients: CleanupClients): Promise<string[]> {
  const [{ ids, kept = [] }, leaving] = await Promise.all([directories[provider](clients), accountsLeaving(provider)]);
  return ids.filter(
    (id) => !kept.includes(id) && !leaving.has(comparable(provider, id)) && protection(provider, id).length === 0,
  );
}

interface Accounts {
  ids: string[];
  /** Those that the provider itself protects. */
  kept?: (string | undefined)[];
}

const directories: Record<RosterProvider, (clients: CleanupClients) => Promise<Accounts>> = {
  wecom: async ({ wecom }) => ({ ids: (await wecom.members.directory.read()).userids }),
  dingtalk: async ({ dingtalk }) => {
    const [ids, administrators, operator] = await Promise.all([
      dingtalk.directory.userids(),
      dingtalk.directory.administrators(),
      dingtalk.identities.operatorUserid(),
    ]);
    return { ids, kept: [...administrators, operator] };
  },
  wibiclick: async ({ wibiclick }) => ({ ids: await userIds(wibiclick) }),
};
