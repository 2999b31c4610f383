import { dingtalk } from '../../dingtalk/client/index.ts';
import type { Clients } from '../../shared/operation.ts';
import type { StepEnd } from '../../shared/runs/perform-step.ts';
import type { Performing } from '../../shared/runs/workflow.ts';
import { wecom } from '../../wecom/client/index.ts';
import { wibiclick } from '../../wibiclick/client/index.ts';
import type { OnboardingRequest } from './request.ts';
import type { OnboardingFacts } from './steps.ts';

export const onboardingProviders = { wecom, dingtalk, wibiclick };

export type Performed = Performing<OnboardingRequest, OnboardingFacts, Clients<typeof onboardingProviders>>;
export type Perform = (performed: Performed) => Promise<StepEnd>;
