import { clock } from '../../functions/shared/clock.ts';

const real = { ...clock };
let offset = 0;
let heldAt: number | undefined;

/** Sleeping takes no time but moves the clock; `waits` are the milliseconds of each sleep. Chance is always a half. */
export const time = {
  waits: [] as number[],
  /** How far the clock goes ahead, in milliseconds. */
  get ahead(): number {
    return offset;
  },
  advance(ms: number): void {
    offset += ms;
  },
  /** Until the end of the test the clock moves only when it is told to. */
  hold(): void {
    heldAt = real.now();
  },
};

clock.now = () => (heldAt ?? real.now()) + offset;
clock.random = () => 0.5;
clock.sleep = async (ms) => {
  time.waits.push(ms);
  offset += ms;
};

beforeEach(() => {
  time.waits = [];
  heldAt = undefined;
  // Past the life of every secret, token and ban that an earlier test left in memory.
  offset += 3 * 3_600_000;
});
