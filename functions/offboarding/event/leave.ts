import { BadEvent } from '../../shared/bad-event.ts';
import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { hr } from '../../shared/event-fields.ts';
import {
  type HrEvent,
  isRepeated,
  type LastEvents,
  lastEvents,
  takeTurns,
  usedTwice,
} from '../../shared/last-event.ts';
import { countOf, logger } from '../../shared/log.ts';
import { createRun, runIdOf } from '../../shared/runs/plan-run.ts';
import { endedStatuses, type Run, toRunAnswer } from '../../shared/runs/run.ts';
import { findRun, loadRun } from '../../shared/runs/run-store.ts';
import type { OffboardingFacts } from '../accounts/account.ts';
import type { OffboardingClients } from '../accounts/clients.ts';
import { applyOffboarding } from '../plan/apply.ts';
import { draftWithAdvice } from '../plan/plan.ts';
import type { OffboardingRequest } from '../request/request.ts';
import { refuseBegunByPeople, underWay } from './begun-by-people.ts';

type LeaverRun = Run<OffboardingRequest, OffboardingFacts>;

/**
 * Plans an offboarding and applies it, both once for an event, however often it comes. A plan that somebody must approve,
 * or that the fence stops, stays `held`.
 * @throws BadEvent, or OperationError for whatever forbids the plan
 */
export async function leave(
  event: HrEvent,
  request: OffboardingRequest,
  clients: OffboardingClients,
): Promise<{ runId: string; status: string }> {
  const last = await lastEvents(event);
  const runId = runIdOf('offboarding', event.eventId);
  const found = await findRun<OffboardingRequest, OffboardingFacts>(runId);
  if (found && !isRepeated(event, last)) throw usedTwice();
  const run = found ?? (await plan(event, { runId, last, request }, clients));
  const { status } = await applyItself(run, clients);
  return { runId, status };
}

interface Planning {
  runId: string;
  last: LastEvents;
  request: OffboardingRequest;
}

async function plan(
  event: HrEvent,
  { runId, last, request }: Planning,
  clients: OffboardingClients,
): Promise<LeaverRun> {
  for (const { eventId, runId: earlier } of [...last.values()].filter((one) => one !== undefined))
    if (eventId !== event.eventId && earlier !== undefined) await requireOver(earlier);
  await refuseBegunByPeople(event);
  const plannedAt = clock.now();
  const draft = await draftWithAdvice(request, clients, plannedAt);
  for (const refusal of draft.refusals) throw refusal;
  requireGrace(draft.facts);
  await takeTurns(event, last, () => runId);
  const planned = { kind: 'offboarding' as const, requester: hr, request, plannedAt, draft };
  await createRun(planned, event.eventId);
  // The same event may have come twice at once, and then the other's plan may be the one that stands.
  return loadRun(runId, 'offboarding');
}

/** Of two offboardings of one account at once, neither would know what the other had done. */
async function requireOver(runId: string): Promise<void> {
  const run = await findRun(runId);
  const status = run && toRunAnswer(run, clock.now()).status;
  if (status === undefined || endedStatuses.includes(status)) return;
  throw underWay(`the offboarding ${runId}, which an earlier event began,`, status);
}

function requireGrace({ graceDays }: OffboardingFacts): void {
  for (const [provider, days] of Object.entries(graceDays))
    if (days < 1) throw new BadEvent(`graceDays: is ${days} for ${provider}; an event leaves at least 1 day of grace`);
}

/** Not one that somebody has looked at: that is for people to apply. */
async function applyItself(run: LeaverRun, clients: OffboardingClients): Promise<Run> {
  if (run.status !== 'planned' || run.approval) return run;
  // The setting may have changed since it was planned.
  requireGrace(run.facts);
  try {
    return await applyOffboarding(run, { caller: hr, digest: run.digest }, clients);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    // There is a fresh plan now, which the next attempt applies.
    if (error.code === 'plan_drifted') throw error.with({ retryable: true });
    if (error.code === 'fence_tripped') logger.warn('a plan is held', { runId: run.id, ...countOf('fence_tripped') });
    const current = await loadRun(run.id, 'offboarding');
    if (current.status !== 'planned') return current;
    throw error;
  }
}
