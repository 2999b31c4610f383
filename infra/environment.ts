import { env, protectedEnv } from '../functions/shared/env-names.ts';
import type { RunSettings } from '../functions/shared/runs/settings.ts';
import type { BundledOperation } from './bundle.ts';
import type { Settings } from './settings.ts';

/** The settings that a function gets: those that the code in its bundle reads. */
export function environmentOf(
  { inputs }: BundledOperation,
  providers: string[],
  settings: Settings,
): Record<string, string> {
  const holds = (file: string) => inputs.includes(`functions/${file}.ts`);
  return {
    [env.stage]: settings.stage,
    ...(holds('shared/ledger') && { [env.ledgerDays]: String(settings.ledgerDays) }),
    ...(holds('shared/caller') && { [env.trustSessionName]: String(settings.trustSessionName) }),
    ...(holds('shared/budget') && { [env.fence]: JSON.stringify(settings.fence) }),
    ...(holds('shared/fence') && protectedIds(providers, settings)),
    ...(holds('shared/runs/settings') && { [env.runs]: JSON.stringify(runSettingsOf(settings)) }),
    ...(holds('cleanup/policies/settings') && { [env.policies]: JSON.stringify(settings.policies) }),
    ...(holds('dingtalk/client/api') && { [env.dingtalkCallsPerSecond]: String(settings.dingtalkCallsPerSecond) }),
  };
}

const runSettingsOf = ({ approval, graceDays, planHours }: Settings): RunSettings => ({
  approval,
  graceDays,
  planHours,
});

const protectedIds = (providers: string[], { protected: lists }: Settings): Record<string, string> =>
  Object.fromEntries(
    Object.entries(lists)
      .filter(([provider]) => providers.includes(provider))
      .map(([provider, ids]) => [protectedEnv(provider), ids.join(' ')]),
  );
