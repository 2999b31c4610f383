import type { ItemEndStatus } from './items.ts';

export type Counts = Record<ItemEndStatus, number>;

/** How far a job is, as its worker last noted it. Whatever is noted here is in the items already. */
export interface Progress {
  /** All rows before this one have ended, … */
  low: number;
  /** … which are these. */
  ended: Counts;
  /** No row from here on was ever begun. */
  claimed: number;
  /** All rows that have ended. */
  counts: Counts;
  ratePerSecond?: number;
  etaSeconds?: number | null;
}

const noCounts: Counts = { succeeded: 0, failed: 0, skipped: 0, unknown: 0 };
export const noProgress: Progress = { low: 0, ended: noCounts, claimed: 0, counts: noCounts };

export const countsOf = (progress: Progress | undefined): Counts => progress?.counts ?? noCounts;

export const sumOf = ({ succeeded, failed, skipped, unknown }: Counts): number =>
  succeeded + failed + skipped + unknown;
