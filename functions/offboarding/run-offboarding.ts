import { defineWorkflow } from '../shared/runs/workflow.ts';
import type { OffboardingFacts, Perform } from './accounts/account.ts';
import { offboardingProviders } from './accounts/clients.ts';
import { dingtalkSteps } from './accounts/dingtalk.ts';
import { wecomSteps } from './accounts/wecom.ts';
import { wibiclickSteps } from './accounts/wibiclick.ts';
import { offboardingProgress } from './progress/progress.ts';
import type { OffboardingRequest } from './request/request.ts';

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
    return perform(performed);
  },
});
