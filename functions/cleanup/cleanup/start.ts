import { clock } from '../../shared/clock.ts';
import { invalidInput } from '../../shared/errors.ts';
import type { Step, Steps } from '../../shared/runs/run.ts';
import { startRun } from '../../shared/runs/start-run.ts';
import { type Policy, policySettings } from '../policies/settings.ts';
import type { RosterProvider } from '../rosters/roster.ts';
import type { Cleanup, CleanupFacts, CleanupRequest } from './cleanup.ts';

const providersOf: Record<Policy, RosterProvider[]> = {
  roster: ['wecom', 'dingtalk', 'wibiclick'],
  'wecom-disabled': ['wecom'],
  'dingtalk-dismissed': ['wecom', 'wibiclick'],
};

/**
 * Starts a cleanup, with a step for each provider.
 * @param storedKey of a request with an `Idempotency-Key`
 * @throws OperationError `invalid_input` when the policy has nothing to do with the provider, or as `startRun` does
 */
export async function startCleanup(
  request: CleanupRequest,
  requester: string,
  storedKey: string | undefined,
): Promise<Cleanup> {
  const { policy } = request;
  const settings = policySettings();
  const { mode = settings[policy] } = request;
  const facts: CleanupFacts = { policy, mode, disabledDays: settings.disabledDays };
  const draft = { facts, steps: stepsFor(request, facts), warnings: [], refusals: [], removals: {} };
  const planned = { kind: 'cleanup' as const, requester, request, plannedAt: clock.now(), draft };
  return (await startRun(planned, storedKey)) as Cleanup;
}

function stepsFor({ policy, provider }: CleanupRequest, facts: CleanupFacts): Steps {
  const possible = providersOf[policy];
  if (provider && !possible.includes(provider))
    throw invalidInput([{ path: 'provider', message: `must be ${possible.join(' or ')} for ${policy}` }]);
  const chosen = provider ? [provider] : possible;
  return Object.fromEntries(chosen.map((name) => [`${policy}.${name}`, stepOf(name, facts)]));
}

const stepOf = (provider: RosterProvider, { policy, mode, disabledDays }: CleanupFacts): Step => ({
  provider,
  action: policy,
  what: `Find ${whom(policy, provider, disabledDays)}, and ${mode === 'report' ? 'report them' : 'remove them by a job'}`,
  undo: mode === 'report' ? 'Changes nothing.' : 'What the job has removed cannot be brought back. Cancel the job.',
  status: 'pending',
  after: [],
  delays: 0,
});

function whom(policy: Policy, provider: RosterProvider, disabledDays: number): string {
  if (policy === 'roster') return `accounts of ${provider} that are not on its roster`;
  if (policy === 'wecom-disabled')
    return `members of ${provider} that were disabled ${disabledDays} days ago or earlier`;
  return `accounts of ${provider} of people whom HR dismissed in DingTalk`;
}
