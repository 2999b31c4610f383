import { defineWorkflow } from '../shared/runs/workflow.ts';
import { onboardingSteps } from './workflow/accounts.ts';
import { onboardingProviders } from './workflow/performing.ts';
import { onboardingProgress } from './workflow/progress.ts';
import type { OnboardingRequest } from './workflow/request.ts';
import type { OnboardingFacts } from './workflow/steps.ts';

export const handler = defineWorkflow<OnboardingRequest, OnboardingFacts, typeof onboardingProviders>({
  summary: 'Carry out an onboarding: make each account, and take them back if that is wanted',
  kind: 'onboarding',
  providers: onboardingProviders,
  canBeRetried: false,
  progress: onboardingProgress,
  perform: async (performed) => {
    const perform = onboardingSteps[performed.stepId];
    if (!perform) throw new Error(`there is no step ${performed.stepId}`);
    return perform(performed);
  },
});
