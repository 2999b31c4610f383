import { setTimeout } from 'node:timers/promises';

/** Time and chance, the only two things that tests replace. Times are epoch milliseconds. */
export const clock = {
  now: (): number => Date.now(),
  sleep: (ms: number): Promise<void> => setTimeout(ms),
  random: (): number => Math.random(),
};

/** Milliseconds to wait after so many failures: growing, at least `atLeast`, with up to half as much again by chance. */
export const backoff = (failures: number, atLeast = 0): number =>
  Math.max(atLeast, 200 * 2 ** failures) * (1 + clock.random() / 2);

/** The moment at which an invocation must have its answer. */
export class Deadline {
  readonly #at: number;
  /** Asked right before each write is sent; rejects when no further one may begin. */
  readonly permit: () => Promise<void>;

  constructor(msFromNow: number, permit = async () => {}) {
    this.#at = clock.now() + msFromNow;
    this.permit = permit;
  }

  get msLeft(): number {
    return Math.max(0, this.#at - clock.now());
  }

  /** Aborts after `maxMs`, or at the deadline when that comes first. */
  signal(maxMs: number): AbortSignal {
    return AbortSignal.timeout(Math.min(maxMs, this.msLeft));
  }
}
