import { refuseBegunByPeople } from '../../offboarding/event/begun-by-people.ts';
import { BadEvent } from '../../shared/bad-event.ts';
import { hr } from '../../shared/event-fields.ts';
import {
  type HrEvent,
  isRepeated,
  type LastEvents,
  lastEvents,
  takeTurns,
  usedTwice,
} from '../../shared/last-event.ts';
import { cancelRun } from '../../shared/runs/cancel-run.ts';
import { runIdOf } from '../../shared/runs/plan-run.ts';
import { endedStatuses, type Run } from '../../shared/runs/run.ts';
import { findRun } from '../../shared/runs/run-store.ts';
import { startRun } from '../../shared/runs/start-run.ts';
import { plannedOnboarding } from '../workflow/plan.ts';
import type { OnboardingRequest } from '../workflow/request.ts';

/** The offboardings that this event takes back, by the account for which it does. */
type Leavers = Map<string, Run>;

/**
 * Cancels the offboardings that an earlier event began for these accounts, and opens those that are not given back so.
 * @param accountsToMake those that are left, by the providers whose accounts are given back
 * @throws BadEvent, or OperationError `conflict` when removing begins at the same moment
 */
export async function join(
  event: HrEvent,
  accountsToMake: (givenBack: string[]) => OnboardingRequest['accounts'] | undefined,
): Promise<object> {
  const last = await lastEvents(event);
  const found = await findRun(runIdOf('onboarding', event.eventId));
  if (found && !isRepeated(event, last)) throw usedTwice();
  const leavers = await findLeavers(event, last);
  // Before anything can refuse it: a Leaver that is older, and comes later, must find it.
  await takeTurns(event, last, (subject) => leavers.get(subject)?.id);
  await refuseBegunByPeople(event);
  const accounts = accountsToMake([...leavers.keys()].map((subject) => subject.split(':')[0] ?? ''));
  for (const run of leavers.values()) requireNothingRemoved(run);

  const cancelled = [...new Map([...leavers.values()].map((run) => [run.id, run])).values()];
  for (const run of cancelled) if (!isGivingBack(run)) await cancelRun(run, hr);
  const onboarding = accounts && (await begin(event, accounts, found));
  return { cancelled: cancelled.map(({ id }) => id), ...(onboarding && { runId: onboarding.id }) };
}

/** Those that are under way, and when this event comes again, those that it has cancelled before. */
async function findLeavers({ eventId }: HrEvent, last: LastEvents): Promise<Leavers> {
  const leavers: Leavers = new Map();
  for (const [subject, before] of last) {
    const run = before?.runId === undefined ? undefined : await findRun(before.runId);
    if (run && (before?.eventId === eventId || !isOver(run))) leavers.set(subject, run);
  }
  return leavers;
}

/** What is left to a person after all accounts were removed does not keep anybody out. */
function isOver({ status, steps }: Run): boolean {
  if (status !== 'needs_attention') return endedStatuses.includes(status);
  return Object.values(steps).every((step) => step.action !== 'remove' || step.status === 'succeeded');
}

const isGivingBack = ({ status, cancelledAt }: Run): boolean => status === 'cancelled' || cancelledAt !== undefined;

function requireNothingRemoved({ id, status, removingAt }: Run): void {
  if (removingAt === undefined) return;
  const since = new Date(removingAt).toISOString();
  throw new BadEvent(`accounts: the offboarding ${id} is ${status} and has begun to remove at ${since}`);
}

function begin({ eventId }: HrEvent, accounts: OnboardingRequest['accounts'], found: Run | undefined): Promise<Run> {
  if (found && (found.begun || endedStatuses.includes(found.status))) return Promise.resolve(found);
  return startRun(plannedOnboarding({ accounts, onFailure: 'keep' }, hr), eventId);
}
