import { BadEvent } from '../../shared/bad-event.ts';
import { OperationError } from '../../shared/errors.ts';
import { hr } from '../../shared/event-fields.ts';
import type { HrEvent } from '../../shared/last-event.ts';
import { endedStatuses, type RunStatus } from '../../shared/runs/run.ts';
import { offboardingsUnderWay } from '../progress/under-way.ts';
import { subjectsOf } from './subjects.ts';

const idle: RunStatus[] = ['planned', 'held', ...endedStatuses];

/**
 * An offboarding that a person has applied is for people to cancel: no event takes it back, and none begins a second one
 * beside it, since neither would know what the other had done.
 * @throws BadEvent with its id, or OperationError `locked` while it is cancelled
 */
export async function refuseBegunByPeople({ subjects }: HrEvent): Promise<void> {
  for await (const { id, requester, status, facts } of offboardingsUnderWay()) {
    if (requester === hr || idle.includes(status)) continue;
    const shared = subjectsOf(facts).filter((subject) => subjects.includes(subject));
    if (shared.length === 0) continue;
    throw underWay(`the offboarding ${id} of ${shared.join(', ')}, which a person began,`, status);
  }
}

/** What a cancel gives back is there in a moment, so the next attempt may find it over. */
export function underWay(what: string, status: RunStatus): Error {
  if (status === 'cancelling') return new OperationError('locked', `${what} is cancelling`);
  return new BadEvent(`accounts: ${what} is ${status}; cancel it first if this event shall count`);
}
