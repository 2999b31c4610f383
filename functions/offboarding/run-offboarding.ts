import { isDeepStrictEqual } from 'node:util';
import { defineWorkflow } from '../shared/runs/workflow.ts';
import { differs, type OffboardingFacts, type Perform, type Performed, providers } from './accounts/account.ts';
import { offboardingProviders, tenantOf } from './accounts/clients.ts';
import { dingtalkSteps } from './accounts/dingtalk.ts';
import { wecomSteps } from './accounts/wecom.ts';
import { wibiclickSteps } from './accounts/wibiclick.ts';
import { offboardingProgress } from './progress/progress.ts';
import type { OffboardingRequest } from './request/request.ts';

/** The secret may have been pointed at another company since, which can have the same ids. */
async function hasOtherTenant({ run, stepId, clients }: Performed): Promise<boolean> {
  const provider = providers.find((name) => stepId.startsWith(`${name}.`));
  return provider !== undefined && !isDeepStrictEqual(await tenantOf(provider, clients), run.facts.tenants[provider]);
}

const steps: Record<string, Perform | undefined> = { ...wecomSteps, ...dingtalkSteps, ...wibiclickSteps };

export const handler = defineWorkflow<OffboardingRequest, OffboardingFacts, typeof offboardingProviders>({
  summary: 'Carry out an offboarding: disable, wait, remove, hand over, verify',
  kind: 'offboarding',
  providers: offboardingProviders,
  canBeRetried: true,
  progress: offboardingProgress,
  perform: async (performed) => {
    const { run, stepId } = performed;
    // Cancelled between the look at the run and now: what was not begun is not begun.
    if (run.status === 'cancelling' && run.steps[stepId]?.action !== 'restore') {
      return { status: 'skipped', reason: 'the run was cancelled' };
    }
    const perform = steps[stepId];
    if (!perform) throw new Error(`there is no step ${stepId}`);
    if (await hasOtherTenant(performed)) throw differs(['the tenant']);
    return perform(performed);
  },
});
