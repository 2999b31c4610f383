import type { DingtalkIdentity } from '../../dingtalk/client/identity.ts';
import { OperationError } from '../../shared/errors.ts';
import { alreadyAbsent, type StepEnd } from '../../shared/runs/perform-step.ts';
import type { Run, Step, Steps } from '../../shared/runs/run.ts';
import type { Performing } from '../../shared/runs/workflow.ts';
import type { WecomIdentity } from '../../wecom/client/identity.ts';
import type { OffboardingRequest } from '../request/request.ts';
import type { OffboardingClients } from './clients.ts';

export const providers = ['wecom', 'dingtalk', 'wibiclick'] as const;
export type ProviderName = (typeof providers)[number];

/** What an offboarding stands on, as it was read for the plan. */
export interface OffboardingFacts {
  tenants: Partial<Record<ProviderName, object>>;
  /** null where there is no such account. */
  accounts: {
    wecom?: WecomIdentity | null;
    dingtalk?: DingtalkIdentity | null;
    wibiclick?: WibiclickState | null;
  };
  /** Whether those exist who shall take over, by `<provider>:<userid>`. */
  takers: Record<string, boolean>;
  graceDays: Partial<Record<ProviderName, number>>;
}

export interface WibiclickState {
  userId: string;
  /** All websites of the user, sorted. */
  websites: string[];
  /** Those to disconnect from. */
  chosen: string[];
}

/** What the plan says of one account. */
export interface AccountPlan {
  steps: Steps;
  warnings: string[];
  refusals: OperationError[];
  removals: number;
}

export type OffboardingRun = Run<OffboardingRequest, OffboardingFacts>;
export type Performed = Performing<OffboardingRequest, OffboardingFacts, OffboardingClients>;
export type Perform = (performed: Performed) => Promise<StepEnd>;

export const planned = (
  provider: ProviderName,
  action: string,
  step: Pick<Step, 'what' | 'undo'> & Partial<Pick<Step, 'status' | 'reason' | 'after' | 'waitsFor' | 'follows'>>,
): Step => ({ provider, action, status: 'pending', after: [], delays: 0, ...step });

export const cannotBeUndone = 'Cannot be undone.';
export const changesNothing = 'Changes nothing.';

export const departmentHead = (where: string, userid: string, departments: number[] = []): string[] =>
  departments.length === 0
    ? []
    : [`department_head: ${userid} leads the ${where} departments ${departments.join(', ')}. Name another head.`];

/** Why a plan cannot be applied: it names somebody who is not there. */
export const unknownAccount = (path: string, id: string, provider: ProviderName): OperationError =>
  new OperationError('not_found', `${provider} has no ${id}`, {
    provider: { name: provider },
    errors: [{ path, message: `does not exist in ${provider}` }],
    fix: 'Correct the id, or leave the account out.',
  });

export const needsAttention = (reason: string): StepEnd => ({ status: 'needs_attention', reason });

/** Nothing was taken from the account by this run. */
export const nothingToRestore: StepEnd = { status: 'skipped', reason: 'this run had not taken anything away' };

/** Whoever has the id now is somebody else: the account was gone when it was to be disabled. */
export const refuseNewcomer = ({ steps }: Performed['run'], provider: ProviderName): OperationError | undefined =>
  steps[`${provider}.disable`]?.result?.outcome === alreadyAbsent.outcome
    ? differs(['the account, which was gone when it was to be disabled,'])
    : undefined;

/** What must not happen without a person: the account is not the one of the plan, or not as we left it. */
export const differs = (what: string[]): OperationError =>
  new OperationError('conflict', `not as the plan saw it: ${what.join(' and ')} changed; nothing was sent`, {
    fix: 'Look at the account; if it shall leave as it is now, plan it anew.',
  });
