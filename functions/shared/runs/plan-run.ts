import { createHash, randomUUID } from 'node:crypto';
import { fenceSettings } from '../budget.ts';
import { clock } from '../clock.ts';
import type { OperationError } from '../errors.ts';
import { digestOf } from './digest.ts';
import type { Run, RunKind, Steps } from './run.ts';
import { findRun, putNewRun, watchRun } from './run-store.ts';
import { runSettings } from './settings.ts';

const hourMs = 3_600_000;

/** What reading the providers gives for a request. It holds ids, flags and keyed prints, no personal data. */
export interface Draft<Facts = object> {
  /** All that the digest covers beside request, steps and times: tenants, the state of each account, whether takers exist. */
  facts: Facts;
  steps: Steps;
  warnings: string[];
  /** Why it cannot be applied as it is. */
  refusals: OperationError[];
  /** Removals that the plan makes, by provider. */
  removals: Record<string, number>;
  /** How many accounts the provider of a bulk run has, which is what the fence measures it by. */
  directory?: number;
  /** When it begins, if not at once: epoch milliseconds. */
  effectiveAt?: number;
}

export const withAdvice = <Facts>(draft: Draft<Facts>, advice: string[]): Draft<Facts> => ({
  ...draft,
  warnings: [...draft.warnings, ...advice],
});

export interface PlannedRun<Request, Facts> {
  kind: RunKind;
  requester: string;
  request: Request;
  /** Epoch milliseconds. */
  plannedAt: number;
  draft: Draft<Facts>;
  /** The request holds personal data, of which not even a digest may be told. */
  confidential?: true;
}

/** A plan from a draft. Whatever it stands on is in its digest: when that differs later, the plan has drifted. */
export function planFrom<Request extends object, Facts extends object>(
  id: string,
  { requester, request, plannedAt, draft, confidential }: PlannedRun<Request, Facts>,
) {
  const { facts, steps, warnings, removals, effectiveAt } = draft;
  const settings = runSettings();
  const expiresAt = plannedAt + settings.planHours * hourMs;
  const asked = confidential ? undefined : request;
  const ingredients = { id, requester, asked, facts, steps, effectiveAt, expiresAt, settings, fence: fenceSettings() };
  return {
    id,
    requester,
    request,
    plannedAt,
    facts,
    steps,
    stepOrder: Object.keys(steps),
    warnings,
    removals,
    ...(effectiveAt !== undefined && { effectiveAt }),
    expiresAt,
    digest: digestOf(ingredients),
    status: settings.approval === 'four-eyes' ? ('held' as const) : ('planned' as const),
  };
}

const keyedForMs = 24 * hourMs;

/** The one run id that a key gives. */
export function runIdOf(kind: RunKind, storedKey: string): string {
  const hex = createHash('sha256').update(`${kind} ${storedKey}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/**
 * The id of a new run. A request that is sent again with its key after it died on the way gets the same, so that it
 * finds what it had stored; the same key a day later, which is a new request, does not.
 */
async function idFor(
  kind: RunKind,
  storedKey: string | undefined,
): Promise<{ id: string; existing?: Run | undefined }> {
  if (storedKey === undefined) return { id: randomUUID() };
  const id = runIdOf(kind, storedKey);
  const existing = await findRun(id);
  if (!existing) return { id };
  return clock.now() - existing.createdAt < keyedForMs ? { id, existing } : { id: randomUUID() };
}

/**
 * Stores a new run; nothing is sent to a provider.
 * @param storedKey of a request with an `Idempotency-Key`
 * @param prepare stores what belongs to the run and must be there before it
 */
export async function createRun<Request extends object, Facts extends object>(
  planned: PlannedRun<Request, Facts>,
  storedKey: string | undefined,
  started: Partial<Run> = {},
  prepare?: (id: string, expiresAt: number) => Promise<void>,
): Promise<Run> {
  const { id, existing } = await idFor(planned.kind, storedKey);
  if (existing) return existing;
  const plan = planFrom(id, planned);
  await prepare?.(id, plan.expiresAt);
  // Before it is stored: when this dies in between, somebody looks after what was to begin.
  if (started.startedAt !== undefined) await watchRun({ id, kind: planned.kind });
  return putNewRun({ ...plan, kind: planned.kind, createdAt: clock.now(), signal: 0, generation: 0, ...started });
}
