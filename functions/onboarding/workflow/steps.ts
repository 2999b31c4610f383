import type { Run, Step } from '../../shared/runs/run.ts';
import type { OnboardingRequest } from './request.ts';

export interface OnboardingFacts {
  onFailure: 'keep' | 'undo';
}

export type OnboardingRun = Run<OnboardingRequest, OnboardingFacts>;
/** The steps that make the accounts. */
export function createSteps({ accounts }: OnboardingRequest): Record<string, Step> {
  const { wecom, dingtalk, wibiclick } = accounts;
  const undo = 'Removed again by onFailure "undo", if this run provably made it; else by an offboarding.';
  return {
    ...(wecom && { 'wecom.create': step('wecom', 'create', `Create the WeCom member ${wecom.userid}`, undo) }),
    ...(dingtalk && {
      'dingtalk.create': step('dingtalk', 'create', `Create the DingTalk user ${dingtalk.userid}`, undo),
    }),
    ...(wibiclick && {
      'wibiclick.create': step(
        'wibiclick',
        'connect',
        `Connect the WibiClick user ${wibiclick.userId} to the websites ${wibiclick.websites.join(', ')}`,
        undo,
      ),
    }),
  };
}

/** Takes back what a step of the same provider made. */
export const undoStep = ({ provider, what }: Step): Step =>
  step(provider, 'undo', `Take back: ${what}`, 'Onboard the person again.');

const step = (provider: string, action: string, what: string, undo: string): Step => ({
  provider,
  action,
  what,
  undo,
  status: 'pending',
  after: [],
  delays: 0,
});
