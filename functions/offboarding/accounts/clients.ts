import { dingtalkIdentities } from '../../dingtalk/client/identity.ts';
import { dingtalk } from '../../dingtalk/client/index.ts';
import type { Deadline } from '../../shared/clock.ts';
import type { Clients } from '../../shared/operation.ts';
import { wecomCustomers } from '../../wecom/client/customers.ts';
import { wecomIdentities } from '../../wecom/client/identity.ts';
import { wecom } from '../../wecom/client/index.ts';
import { wecomReports } from '../../wecom/client/reports.ts';
import { wibiclick } from '../../wibiclick/client/index.ts';

/** The providers of an offboarding, each with its clients. */
export const offboardingProviders = {
  wecom: (deadline: Deadline) => ({
    members: wecom(deadline),
    identities: wecomIdentities(deadline),
    customers: wecomCustomers(deadline),
    reports: wecomReports(deadline),
  }),
  dingtalk: (deadline: Deadline) => ({ users: dingtalk(deadline), identities: dingtalkIdentities(deadline) }),
  wibiclick,
};

export type OffboardingClients = Clients<typeof offboardingProviders>;

/** Whose accounts the secret of a provider opens now. */
export function tenantOf(
  provider: keyof OffboardingClients,
  { wecom, dingtalk, wibiclick }: OffboardingClients,
): Promise<object> {
  return { wecom: wecom.identities, dingtalk: dingtalk.identities, wibiclick }[provider].tenant();
}
