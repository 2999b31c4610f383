import { OperationError } from '../../shared/errors.ts';
import { type Draft, withAdvice } from '../../shared/runs/plan-run.ts';
import { runSettings } from '../../shared/runs/settings.ts';
import { type OffboardingFacts, type ProviderName, providers } from '../accounts/account.ts';
import { type OffboardingClients, tenantOf } from '../accounts/clients.ts';
import { planDingtalk } from '../accounts/dingtalk.ts';
import { adviseWecom, planWecom } from '../accounts/wecom.ts';
import { planWibiclick } from '../accounts/wibiclick.ts';
import { momentOf } from '../request/effective-at.ts';
import { namedIn, type OffboardingRequest, type Taker } from '../request/request.ts';

const dayMs = 86_400_000;

/**
 * Reads everything that an offboarding stands on, and says what it will do. It writes nothing to a provider.
 * @param plannedAt epoch milliseconds; the same request and the same accounts at the same time give the same draft
 */
export async function draftOffboarding(
  request: OffboardingRequest,
  clients: OffboardingClients,
  plannedAt: number,
): Promise<Draft<OffboardingFacts>> {
  const { wecom, dingtalk, wibiclick } = clients;
  const { accounts } = request;
  const effectiveAt = request.effectiveAt === undefined ? undefined : momentOf(request.effectiveAt);
  const identity = accounts.dingtalk && (await dingtalk.identities.find(accounts.dingtalk.userid));
  const canDisable: Record<ProviderName, boolean> = {
    wecom: true,
    dingtalk: identity?.enterprise ?? false,
    wibiclick: true,
  };
  const given = providers.filter((provider) => accounts[provider]);
  const graceDays = Object.fromEntries(
    given.map((provider) => [provider, graceOf(request, provider, canDisable[provider])]),
  );
  const removalAt = (effectiveAt ?? plannedAt) + (graceDays.dingtalk ?? 0) * dayMs;

  const [wecomPlan, dingtalkPlan, wibiclickPlan, takers, tenants] = await Promise.all([
    accounts.wecom && planWecom(request, wecom, graceDays.wecom ?? 0),
    accounts.dingtalk &&
      planDingtalk(request, dingtalk, { state: identity, graceDays: graceDays.dingtalk ?? 0, removalAt }),
    accounts.wibiclick && planWibiclick(request, wibiclick),
    findTakers(namedIn(request.handover ?? {}), clients),
    tenantsOf(given, clients),
  ]);
  const plans = [wecomPlan, dingtalkPlan, wibiclickPlan].filter((plan) => plan !== undefined);
  const missing = takers.filter(({ exists }) => !exists);
  const refusals = [...plans.flatMap((plan) => plan.refusals), ...(missing.length > 0 ? [missingTakers(missing)] : [])];
  return {
    facts: {
      tenants,
      accounts: {
        ...(wecomPlan && { wecom: wecomPlan.state }),
        ...(dingtalkPlan && { dingtalk: dingtalkPlan.state }),
        ...(wibiclickPlan && { wibiclick: wibiclickPlan.state }),
      },
      takers: Object.fromEntries(takers.map(({ provider, userid, exists }) => [`${provider}:${userid}`, exists])),
      graceDays,
    },
    steps: Object.assign({}, ...plans.map(({ steps }) => steps)),
    warnings: [
      ...plans.flatMap(({ warnings }) => warnings),
      ...earlyEnd(graceDays),
      ...refusals.map(({ code, message }) => `${code}: ${message}.`),
    ],
    refusals,
    ...(effectiveAt !== undefined && { effectiveAt }),
    removals: Object.fromEntries(
      [
        ['wecom', wecomPlan],
        ['dingtalk', dingtalkPlan],
        ['wibiclick', wibiclickPlan],
      ].flatMap(([provider, plan]) => (typeof plan === 'object' ? [[provider, plan.removals]] : [])),
    ),
  };
}

/** The same with what a person should know beside, which may change without the plan. */
export async function draftWithAdvice(
  request: OffboardingRequest,
  clients: OffboardingClients,
  plannedAt: number,
): Promise<Draft<OffboardingFacts>> {
  const [draft, advice] = await Promise.all([
    draftOffboarding(request, clients, plannedAt),
    adviseWecom(request, clients.wecom),
  ]);
  return withAdvice(draft, advice);
}

/** Urgent: nobody keeps access, so only an account that can be disabled has a grace, and only one that was asked for. */
function graceOf({ graceDays, urgent }: OffboardingRequest, provider: ProviderName, canDisable: boolean): number {
  const asked = typeof graceDays === 'object' ? graceDays[provider] : graceDays;
  if (urgent) return canDisable ? (asked ?? 0) : 0;
  return asked ?? runSettings().graceDays;
}

/** A run can be cancelled until its first deletion, whatever grace the other accounts have. */
function earlyEnd(graceDays: Partial<Record<ProviderName, number>>): string[] {
  const first = Math.min(graceDays.wecom ?? Number.POSITIVE_INFINITY, graceDays.dingtalk ?? Number.POSITIVE_INFINITY);
  const later = providers.filter((provider) => (graceDays[provider] ?? 0) > first);
  return later.length === 0
    ? []
    : [
        `cancel_ends_early: The run can be cancelled until its first deletion, ${first} days after disabling, so ${later.join(' and ')} cannot be given back by it for the whole grace.`,
      ];
}

function findTakers(
  takers: Taker[],
  { wecom, dingtalk }: OffboardingClients,
): Promise<(Taker & { exists: boolean })[]> {
  const find = { wecom: wecom.identities, dingtalk: dingtalk.identities };
  return Promise.all(
    takers.map(async (taker) => ({ ...taker, exists: (await find[taker.provider].find(taker.userid)) !== undefined })),
  );
}

const tenantsOf = async (given: ProviderName[], clients: OffboardingClients) =>
  Object.fromEntries(
    await Promise.all(given.map(async (provider) => [provider, await tenantOf(provider, clients)] as const)),
  );

const missingTakers = (missing: Taker[]): OperationError =>
  new OperationError(
    'provider_rejected',
    `${missing.map(({ provider, userid }) => `${userid} (${provider})`).join(', ')} cannot take over: there is no such member`,
    {
      errors: missing.map(({ path, userid, provider }) => ({
        path,
        message: `${userid} does not exist in ${provider}`,
      })),
      fix: 'Name somebody who exists.',
    },
  );
