import { dingtalkLists } from '../../dingtalk/client/lists.ts';
import { directoryProviders } from '../../jobs/plan/directories.ts';
import type { Deadline } from '../../shared/clock.ts';
import type { Clients } from '../../shared/operation.ts';

/** The providers of cleanups, each with what reads its directory and its lists. */
export const cleanupProviders = {
  ...directoryProviders,
  dingtalk: (deadline: Deadline) => ({ ...directoryProviders.dingtalk(deadline), lists: dingtalkLists(deadline) }),
};

export type CleanupClients = Clients<typeof cleanupProviders>;
