import { clock } from '../functions/shared/clock.ts';
import type { LoadedSchedule } from '../infra/operations.ts';
import type { Controls } from './aws.ts';
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

/**
 * `POST /_sandbox/clock {advance: seconds}` and `POST /_sandbox/schedules/{name}`. No schedule runs on its own here.
 * `advanced` starts what is due by the new time, and is not waited for.
 */
export function sandboxControls(loadSchedules: () => Promise<LoadedSchedule[]>, advanced: () => void): Controls {
  const time = movableClock();
  return async (path, { advance }) => {
    if (path === '/_sandbox/clock') {
      if (typeof advance !== 'number' || advance < 0)
        throw new Error('advance must be a number of seconds, at least 0');
      const now = time.advance(advance);
      advanced();
      return { now };
    }
    const name = /^\/_sandbox\/schedules\/([\w-]+)$/.exec(path)?.[1];
    const schedule = name && (await loadSchedules()).find((candidate) => candidate.name === name);
    return schedule ? schedule.handler({}, lambdaContext(schedule.id)) : undefined;
  };
}
