import { dingtalkDirectory } from '../../dingtalk/client/directory.ts';
import { dingtalkIdentities } from '../../dingtalk/client/identity.ts';
import type { Deadline } from '../../shared/clock.ts';
import type { Clients } from '../../shared/operation.ts';
import { wecomIdentities } from '../../wecom/client/identity.ts';
import { wecom } from '../../wecom/client/index.ts';
import { userIds } from '../../wibiclick/client/directory.ts';
import { wibiclick } from '../../wibiclick/client/index.ts';

/** The providers of jobs and cleanups, each with what reads its directory. */
export const directoryProviders = {
  wecom: (deadline: Deadline) => ({ members: wecom(deadline), identities: wecomIdentities(deadline) }),
  dingtalk: (deadline: Deadline) => ({
    directory: dingtalkDirectory(deadline),
    identities: dingtalkIdentities(deadline),
  }),
  wibiclick,
};

export type DirectoryClients = Clients<typeof directoryProviders>;

/** The accounts of a provider, as they were read whole. Ids are asked for as subjects hold them. */
export interface Directory {
  tenant: object;
  size: number;
  /** Missing where the accounts were only counted. */
  has?(id: string): boolean;
  /** Why nobody may remove an account, as far as the directory tells. */
  keeps?(id: string): string[];
}

/** Whose accounts the secret of a provider opens now. */
export const tenantOf = (provider: string, { wecom, dingtalk, wibiclick }: DirectoryClients): Promise<object> =>
  ({ wecom: wecom.identities, dingtalk: dingtalk.identities, wibiclick })[known(provider)].tenant();

/** @throws OperationError when it cannot be read whole */
export const readDirectory = (provider: string, clients: DirectoryClients): Promise<Directory> =>
  readers[known(provider)](clients);

const readers: Record<keyof DirectoryClients, (clients: DirectoryClients) => Promise<Directory>> = {
  wecom: async ({ wecom }) => {
    const [tenant, members] = await Promise.all([wecom.identities.tenant(), wecom.members.directory.read()]);
    return { tenant, size: members.count, has: (userid) => members.has(userid) };
  },
  dingtalk: async ({ dingtalk }) => {
    const [tenant, size, administrators, operator] = await Promise.all([
      dingtalk.identities.tenant(),
      dingtalk.directory.count(),
      dingtalk.directory.administrators(),
      dingtalk.identities.operatorUserid(),
    ]);
    const keeps = (userid: string) => [
      ...(administrators.includes(userid) ? ['DingTalk lists it as an administrator'] : []),
      ...(userid === operator ? ['it is the operator of the secret'] : []),
    ];
    return { tenant, size, keeps };
  },
  wibiclick: async ({ wibiclick }) => {
    const [tenant, listed] = await Promise.all([wibiclick.tenant(), userIds(wibiclick)]);
    const users = new Set(listed);
    return { tenant, size: users.size, has: (userId) => users.has(userId) };
  },
};

function known(provider: string): keyof DirectoryClients {
  if (provider in readers) return provider as keyof DirectoryClients;
  throw new Error(`there is no provider ${provider}`);
}
