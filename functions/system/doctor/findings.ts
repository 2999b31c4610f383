import type { Check, Finding } from '../../shared/checkup.ts';
import { type ErrorCode, OperationError } from '../../shared/errors.ts';
import type { Section } from './report.ts';

/** How far a failure reaches. One that is not here holds for every call to the provider. */
const reach: Partial<Record<ErrorCode, 'call' | 'credential'>> = {
  provider_permission: 'call',
  not_found: 'call',
  provider_credentials: 'credential',
  provider_ip_refused: 'credential',
};

const usualFix: Partial<Record<ErrorCode, string>> = {
  provider_unexpected: 'Check the base URL in the secret: what answers there is not the provider.',
  provider_rate_limited: 'Wait, and see what else calls the provider with this credential or from this address.',
  provider_unavailable: 'Try again later; if it lasts, ask the support of the provider.',
};

/** Runs checks one after the other, leaving out those that would fail for a reason that is known by then. */
export async function runChecks(checks: Check[]): Promise<Section> {
  const section: Section = { findings: [], checked: [] };
  const refused = new Set<string>();
  for (const check of checks) {
    if (refused.has(check.credential)) continue;
    section.checked.push(check.name);
    const failure = await check.run().then(() => undefined, expectedFailure);
    if (!failure) continue;
    section.findings.push(findingOf(failure, check));
    if (reach[failure.code] === undefined) break;
    if (reach[failure.code] === 'credential') refused.add(check.credential);
  }
  return section;
}

/** @throws what is no expected failure: a bug */
export function expectedFailure(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  throw error;
}

export function findingOf(
  { code, message, options }: OperationError,
  { name, onlyFor }: Pick<Check, 'name' | 'onlyFor'>,
): Finding {
  const limited = onlyFor !== undefined && reach[code] === 'call';
  return {
    code,
    severity: limited ? 'warning' : 'error',
    what: `${name}: ${message}${limited ? `; only ${onlyFor} needs it` : ''}`,
    fix: options.fix ?? usualFix[code] ?? 'Look the code up in the documentation of the provider.',
  };
}
