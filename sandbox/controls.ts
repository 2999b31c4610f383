import { clock } from '../functions/shared/clock.ts';
import type { LoadedSchedule } from '../infra/operations.ts';
import type { Controls, Input } from './aws.ts';
import type { EventBus } from './event-bus.ts';
import { lambdaContext } from './gateway-event.ts';

/** Time for the functions, apart from that of the machine. */
function movableClock(): { advance(seconds: number): string } {
  let offset = 0;
  clock.now = () => Date.now() + offset;
  return {
    advance: (seconds) => {
      offset += seconds * 1000;
      return new Date(clock.now()).toISOString();
    },
  };
}

export interface Controlled {
  loadSchedules: () => Promise<LoadedSchedule[]>;
  bus: EventBus;
  /** Starts what is due by the new time, and is not waited for. */
  advanced: () => void;
}

/**
 * `POST /_sandbox/clock {advance: seconds}`, `POST /_sandbox/schedules/{name}`, `POST` and `GET /_sandbox/events`, and
 * `GET /_sandbox/dead-letters`. No schedule runs on its own here; whoever asks for the events gets them published before.
 */
export function sandboxControls({ loadSchedules, bus, advanced }: Controlled): Controls {
  const time = movableClock();
  const runSchedule = async (name: string): Promise<object | undefined> => {
    const schedule = (await loadSchedules()).find((candidate) => candidate.name === name);
    return schedule?.handler({}, lambdaContext(schedule.id));
  };
  return async (path, body, method) => {
    switch (path) {
      case '/_sandbox/clock': {
        const now = time.advance(secondsIn(body));
        advanced();
        return { now };
      }
      case '/_sandbox/events':
        if (method === 'POST') return putEvent(bus, body);
        await runSchedule('publish-events');
        return bus.events;
      case '/_sandbox/dead-letters':
        return bus.deadLetters;
      default: {
        const name = /^\/_sandbox\/schedules\/([\w-]+)$/.exec(path)?.[1];
        return name === undefined ? undefined : runSchedule(name);
      }
    }
  };
}

function secondsIn({ advance }: Input): number {
  if (typeof advance === 'number' && advance >= 0) return advance;
  throw new Error('advance must be a number of seconds, at least 0');
}

function putEvent(bus: EventBus, { source, 'detail-type': detailType, detail }: Input): Promise<object> {
  if (typeof source === 'string' && typeof detailType === 'string' && typeof detail === 'object' && detail !== null)
    return bus.put(source, detailType, detail);
  throw new Error('send {"source": "hr", "detail-type": "Leaver", "detail": {…}}');
}
