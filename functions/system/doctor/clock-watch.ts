import type { Finding } from '../../shared/checkup.ts';
import { clock } from '../../shared/clock.ts';
import type { Send } from '../../shared/outside.ts';
import type { Section } from './report.ts';

/** Tokens and leases are given minutes of margin; more than this is no delay of the network. */
const toleratedMs = 60_000;

/** Compares the provider's clock, as the `Date` header of its answers shows it, with ours. */
export class ClockWatch {
  #aheadMs: number | undefined;

  watch(send: Send): Send {
    return async (...args) => {
      const reply = await send(...args);
      const aheadMs = Date.parse(reply.headers.date ?? '') - clock.now();
      if (Number.isFinite(aheadMs)) this.#aheadMs = aheadMs;
      return reply;
    };
  }

  /** Nothing is checked when no answer had a `Date`. */
  section(): Section {
    if (this.#aheadMs === undefined) return { findings: [], checked: [] };
    const isTolerated = Math.abs(this.#aheadMs) <= toleratedMs;
    return { findings: isTolerated ? [] : [skew(this.#aheadMs)], checked: ['clock'] };
  }
}

const skew = (aheadMs: number): Finding => ({
  code: 'provider_unexpected',
  severity: 'error',
  what: `clock: its answers are dated ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'after' : 'before'} our time`,
  fix: 'Compare both with a time server: set our clock if it is wrong, else look for a proxy at the base URL that gives out old answers.',
});
