import { clock } from './clock.ts';
import { OperationError } from './errors.ts';

/** So many calls in so many milliseconds. */
export interface Rate {
  calls: number;
  ms: number;
}

/**
 * Paces the calls of one class at a published rate, first come, first served. A call takes a place until `ms` after its
 * end, so whenever on its way a provider counts it, no `ms` ever hold more than `calls`.
 */
export class Pace {
  readonly #rate: Rate;
  /** When the places of ended calls come free, the earliest first. */
  readonly #freeAt: number[] = [];
  #underWay = 0;
  #callEnded = () => {};
  #turns: Promise<void> = Promise.resolve();
  #slowed: { at: number; to: number };

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#slowed = { at: Number.NEGATIVE_INFINITY, to: rate.calls };
  }

  /**
   * Makes `call` in its turn. When it fails with `provider_rate_limited`, the limit halves for the calls after it, and
   * grows back by a tenth of the published one for every `ms` without another such failure.
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.#turns = this.#turns.then(() => this.#takePlace());
    await this.#turns;
    const startedAt = clock.now();
    try {
      return await call();
    } catch (error) {
      if (error instanceof OperationError && error.code === 'provider_rate_limited') this.#slowDown(startedAt);
      throw error;
    } finally {
      this.#underWay -= 1;
      this.#freeAt.push(clock.now() + this.#rate.ms + 1); // clocks leave out what is less than a millisecond
      this.#callEnded();
    }
  }

  async #takePlace(): Promise<void> {
    while (this.#taken() >= this.#limit()) await this.#untilOneIsFree();
    this.#underWay += 1;
  }

  #taken(): number {
    const now = clock.now();
    while (this.#freeAt[0] !== undefined && this.#freeAt[0] <= now) this.#freeAt.shift();
    return this.#underWay + this.#freeAt.length;
  }

  #limit(): number {
    const { calls, ms } = this.#rate;
    const steps = Math.floor((clock.now() - this.#slowed.at) / ms);
    return Math.min(calls, this.#slowed.to + steps * Math.ceil(calls / 10));
  }

  #untilOneIsFree(): Promise<void> {
    const [earliest] = this.#freeAt;
    if (earliest !== undefined) return clock.sleep(earliest - clock.now());
    return new Promise((resolve) => {
      this.#callEnded = resolve;
    });
  }

  /** Once for all the calls of a burst: those that had started before say nothing of the new limit. */
  #slowDown(startedAt: number): void {
    if (startedAt <= this.#slowed.at) return;
    this.#slowed = { at: clock.now(), to: Math.max(1, Math.floor(this.#limit() / 2)) };
  }
}

/** A pace for each class of calls, all at the same rate. */
export class Paces {
  readonly #rate: () => Rate;
  readonly #paces = new Map<string, Pace>();

  /** @param rate asked when a class is first called, so that importing a module reads no environment */
  constructor(rate: () => Rate) {
    this.#rate = rate;
  }

  run<T>(name: string, call: () => Promise<T>): Promise<T> {
    const pace = this.#paces.get(name) ?? new Pace(this.#rate());
    this.#paces.set(name, pace);
    return pace.run(call);
  }
}
