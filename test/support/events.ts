import { randomUUID } from 'node:crypto';
import { handler as publishEvents } from '../../functions/cleanup/publish-events.ts';
import { handler as onLeaver } from '../../functions/offboarding/on-leaver.ts';
import { handler as onJoiner } from '../../functions/onboarding/on-joiner.ts';
import { clock } from '../../functions/shared/clock.ts';
import { env } from '../../functions/shared/env-names.ts';
import { loadEvents, loadLostEvents } from '../../infra/operations.ts';
import { startAws } from '../../sandbox/aws.ts';
import { EventBus } from '../../sandbox/event-bus.ts';
import type { RunningServer } from '../../sandbox/simulator.ts';
import { type Json, lambdaContext } from './invoke.ts';

const handlers = { Leaver: onLeaver, Joiner: onJoiner };
export type HrType = keyof typeof handlers;

/** A person whose name and phone must be found nowhere. */
export const person = { name: '李四', mobile: '13812345678', email: 'lisi@private.example' };

/** The bus and the queue of bad events, empty for each test, and the functions that events start. */
export function events() {
  let server: RunningServer;
  let bus: EventBus;
  /** Which events the bus refuses. */
  let refuses: (detailType: string) => boolean = () => false;

  beforeAll(async () => {
    const call = (name: string) => (input: Record<string, unknown>) => bus.actions().get(name)?.(input) ?? {};
    const putEvents = (input: Record<string, unknown>): object => refusing(call('AWSEvents.PutEvents'), input);
    server = await startAws(
      {},
      0,
      undefined,
      undefined,
      new Map([
        ['AWSEvents.PutEvents', putEvents],
        ['AmazonSQS.SendMessage', call('AmazonSQS.SendMessage')],
      ]),
    );
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_EVENTBRIDGE: server.url,
      AWS_ENDPOINT_URL_SQS: server.url,
      [env.eventBus]: 'usher-test',
      [env.eventDeadLetters]: `${server.url}/000000000000/usher-test-event-dead-letters`,
    });
  });
  beforeEach(() => {
    bus = new EventBus(loadEvents, loadLostEvents);
    refuses = () => false;
  });
  afterAll(() => server.close());

  /** As a bus does that has no room for some entries: the others are taken. */
  function refusing(put: (input: Record<string, unknown>) => object, input: Record<string, unknown>): object {
    const entries = input.Entries as Json[];
    const taken = entries.filter(({ DetailType }) => !refuses(DetailType));
    const answered: Json[] = taken.length > 0 ? (put({ Entries: taken }) as Json).Entries : [];
    const Entries = entries.map(({ DetailType }) =>
      refuses(DetailType) ? { ErrorCode: 'ThrottlingException', ErrorMessage: 'busy' } : answered.shift(),
    );
    return { Entries, FailedEntryCount: entries.length - taken.length };
  }

  const send = (type: HrType, detail: unknown): Promise<Json> =>
    handlers[type](
      { source: 'hr', 'detail-type': type, detail } as { detail: unknown },
      lambdaContext(),
    ) as Promise<Json>;
  const publish = (): Promise<Json> => publishEvents({}, lambdaContext());

  return {
    /** A detail as HR sends it; each has an id of its own. */
    detail: (accounts: object, changes: object = {}): Json => ({
      eventId: randomUUID(),
      occurredAt: inMs(0),
      person,
      accounts,
      ...changes,
    }),
    leaver: (detail: unknown) => send('Leaver', detail),
    joiner: (detail: unknown) => send('Joiner', detail),
    /** Puts an event on the bus, and waits for what comes of it, other attempts included. */
    put: (type: HrType, detail: object) => bus.put('hr', type, detail),
    deadLetters: (): Json[] => bus.deadLetters,
    publish,
    /** All that the bus was told, after what is in the outbox was published. */
    async told(): Promise<Json[]> {
      await publish();
      return bus.events;
    },
    /** From now on the bus refuses the events for which this holds. */
    refuse(which: (detailType: string) => boolean = () => true): void {
      refuses = which;
    },
  };
}

export const inMs = (ms: number): string => new Date(clock.now() + ms).toISOString();
