import { clock } from '../../functions/shared/clock.ts';

/**
 * A clock of its own for a test without any real waiting: it goes to the next end of a sleep when nothing else is left
 * to do. Unlike the clock of the code under test it knows parts of a millisecond.
 */
export class VirtualTime {
  now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ at: this.now + ms, wake });
    });
  }

  /** Runs `work` to its end by this clock. Throws when it waits for something that never comes. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const real = { ...clock };
    Object.assign(clock, { now: () => Math.floor(this.now), sleep: (ms: number) => this.sleep(ms) });
    let working = true;
    const done = work().finally(() => {
      working = false;
    });
    try {
      for (await idle(); working; await idle()) this.#goOn();
      return await done;
    } finally {
      Object.assign(clock, real);
    }
  }

  #goOn(): void {
    this.#sleepers.sort((a, b) => a.at - b.at);
    const next = this.#sleepers.shift();
    if (!next) throw new Error('everything waits, and nothing is left to come');
    this.now = Math.max(this.now, next.at);
    next.wake();
  }
}

/** Until all that can go on without time has gone on. */
const idle = () => new Promise<void>((resolve) => setImmediate(resolve));
