import { clock } from '../../shared/clock.ts';
import type { PlannedRun } from '../../shared/runs/plan-run.ts';
import type { OnboardingRequest } from './request.ts';
import { createSteps, type OnboardingFacts } from './steps.ts';

/** An onboarding as it is stored: nothing is read for it, and what was asked is personal. */
export function plannedOnboarding(
  request: OnboardingRequest,
  requester: string,
): PlannedRun<OnboardingRequest, OnboardingFacts> {
  const facts = { onFailure: request.onFailure };
  const draft = { facts, steps: createSteps(request), warnings: [], refusals: [], removals: {} };
  return { kind: 'onboarding', requester, request, plannedAt: clock.now(), draft, confidential: true };
}
