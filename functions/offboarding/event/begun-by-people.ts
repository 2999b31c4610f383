import { BadEvent } from '../../shared/bad-event.ts';
import { hr } from '../../shared/event-fields.ts';
import type { HrEvent } from '../../shared/last-event.ts';
import { endedStatuses, type RunStatus } from '../../shared/runs/run.ts';
import { offboardingsUnderWay } from '../progress/under-way.ts';
import { subjectsOf } from './subjects.ts';

const idle: RunStatus[] = ['planned', 'held', ...endedStatuses];

/**
 * An offboarding that a person has applied is for people to cancel: no event takes it back, and none begins a second one
 * beside it, since neither would know what the other had done.
 * @throws BadEvent with its id
 */
export async function refuseBegunByPeople({ subjects }: HrEvent): Promise<void> {
  for await (const { id, requester, status, facts } of offboardingsUnderWay()) {
    if (requester === hr || idle.includes(status)) continue;
    const shared = subjectsOf(facts).filter((subject) => subjects.includes(subject));
    if (shared.length === 0) continue;
    const what = `the offboarding ${id} of ${shared.join(', ')}, which a person began, is ${status}`;
    throw new BadEvent(`accounts: ${what}; cancel it first if this event shall count`);
  }
}
