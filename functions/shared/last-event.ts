import { BadEvent } from './bad-event.ts';
import { OperationError } from './errors.ts';
import { runKeptMs } from './ledger.ts';
import { absent, epochSeconds, equals, type Item, type Key, store } from './store.ts';

export interface HrEvent {
  eventId: string;
  type: 'Joiner' | 'Leaver';
  /** Epoch milliseconds. */
  occurredAt: number;
  /** `<provider>:<id>` of each account that it is about. */
  subjects: string[];
}

/** The last event of one account. */
export interface LastEvent extends Item, Pick<HrEvent, 'eventId' | 'type' | 'occurredAt'> {
  /** The offboarding that a Leaver began, or that a Joiner has cancelled. */
  runId?: string;
}

/** By subject. */
export type LastEvents = Map<string, LastEvent | undefined>;

const keyOf = (subject: string): Key => ({ pk: `member#${subject}`, sk: 'event' });

/**
 * The last event of each account of this one, which may be this one.
 * @throws BadEvent when one of them is newer, or has the same id and is another
 */
export async function lastEvents(event: HrEvent): Promise<LastEvents> {
  const { subjects } = event;
  const found = await Promise.all(subjects.map((subject) => store.get<LastEvent>(keyOf(subject))));
  for (const [index, last] of found.entries()) if (last) requireOrder(event, last, subjects[index]);
  return new Map(subjects.map((subject, index) => [subject, found[index]]));
}

function requireOrder({ eventId, type, occurredAt }: HrEvent, last: LastEvent, subject = ''): void {
  const isSame = last.eventId === eventId;
  if (isSame && (last.type !== type || last.occurredAt !== occurredAt)) throw usedTwice();
  const isCorrection = type === 'Joiner' && last.type === 'Joiner' && last.occurredAt === occurredAt;
  if (isSame || isCorrection || last.occurredAt < occurredAt) return;
  const than = `the last event of ${subject}, a ${last.type} of ${new Date(last.occurredAt).toISOString()}`;
  throw new BadEvent(`occurredAt: is older than ${than}`);
}

export const usedTwice = (): BadEvent => new BadEvent('eventId: was used for another event');

/** Whether this event has had the turn of all its accounts before, so that what it began may be there. */
export const isRepeated = ({ eventId }: HrEvent, last: LastEvents): boolean =>
  [...last.values()].every((one) => one?.eventId === eventId);

/**
 * Makes this the last event of each account, unless it is already. What it began is found by `runIdOf`.
 * @throws OperationError `locked` when another event came in between: the next attempt finds that one
 */
export async function takeTurns(
  { eventId, type, occurredAt }: HrEvent,
  last: LastEvents,
  runIdOf: (subject: string) => string | undefined,
): Promise<void> {
  for (const [subject, before] of last) {
    if (before?.eventId === eventId) continue;
    const ttl = epochSeconds(runKeptMs());
    const next: LastEvent = { ...keyOf(subject), ttl, eventId, type, occurredAt };
    const runId = runIdOf(subject);
    const taken = await store.put(
      { ...next, ...(runId !== undefined && { runId }) },
      before ? equals('eventId', before.eventId) : absent,
    );
    if (!taken) throw new OperationError('locked', `another event of ${subject} came at the same time`);
  }
}
