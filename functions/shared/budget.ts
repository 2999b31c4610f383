import { randomUUID } from 'node:crypto';
import { clock } from './clock.ts';
import { env } from './env-names.ts';
import { OperationError } from './errors.ts';
import { logger } from './log.ts';
import { absent, type Condition, epochSeconds, type Item, store } from './store.ts';

const hourMs = 3_600_000;
/** The hour under way and the 24 before it: a removal counts for at least 24 hours. */
const countedHours = 25;

/** The removals of one provider by the hour, and their sum. */
interface Budget extends Item {
  hour: number;
  used: number;
  counts: Record<string, number>;
  /** The reservation that was counted last. */
  last?: string;
}

/** So many removals, counted in one hour since the epoch. */
export interface Reservation {
  hour: number;
  count: number;
}

export interface Wanted {
  count: number;
  /** Somebody has approved exactly this: it is counted, but no number holds it back. */
  approved?: boolean;
}

export interface FenceSettings {
  /** Removals of one run at most, … */
  perRun: number;
  /** … and at most this share of the directory; one is always allowed. */
  percent: number;
  /** Removals from one provider in 24 hours, of all runs and single calls. */
  perDay: number;
}

/** Set by the stack; the defaults are those of the README. */
export const fenceSettings = (): FenceSettings => ({
  perRun: 20,
  percent: 10,
  perDay: 50,
  ...JSON.parse(process.env[env.fence] ?? '{}'),
});

const budgetKey = (provider: string) => ({ pk: `budget#${provider}`, sk: 'day' });

/**
 * Counts removals before they are sent, all of them or none, however many functions do it at once.
 * @throws OperationError `fence_tripped` with the numbers, `store_unavailable`
 */
export async function reserve(provider: string, { count, approved }: Wanted): Promise<Reservation> {
  const limit = approved ? Number.MAX_SAFE_INTEGER : fenceSettings().perDay;
  // An answer of the store may be lost, and then it is found by its id.
  const id = randomUUID();
  for (;;) {
    const hour = hourNow();
    const reservation = { hour, count };
    if (await countIn(provider, { ...reservation, id }, limit)) return reservation;
    const budget = await store.get<Budget>(budgetKey(provider));
    if (budget?.last === id) return reservation;
    if (budget?.hour === hour && budget.used + count > limit) throw tripped(provider, budget, limit, count);
    if (budget?.hour !== hour && (await openHour(provider, { ...reservation, id }, budget, limit))) return reservation;
  }
}

/**
 * Lets what was reserved earlier and is not used up count from now on, since it counts for 24 hours after it is sent.
 * @throws OperationError `fence_tripped` when it was reserved so long ago that it is forgotten, and there is no room
 */
export async function renew(provider: string, reserved: Reservation, approved: boolean): Promise<Reservation> {
  const hour = hourNow();
  if (reserved.hour === hour) return reserved;
  const renewed = await reserve(provider, {
    count: reserved.count,
    approved: approved || isCounted(reserved.hour, hour),
  });
  await giveBack(provider, reserved);
  return renewed;
}

/**
 * Looks whether so many removals would fit into the budgets now; nothing is reserved.
 * @throws OperationError `fence_tripped` with the numbers
 */
export async function requireBudget(removals: Record<string, number>): Promise<void> {
  const { perDay } = fenceSettings();
  for (const [provider, needed] of Object.entries(removals)) {
    const budget = await store.get<Budget>(budgetKey(provider));
    const counts = recentCounts(budget, hourNow());
    const used = sumOf(counts);
    if (used + needed > perDay) throw tripped(provider, { used, counts }, perDay, needed);
  }
}

/** How many removals one run may make in a directory of this size. */
export function allowedPerRun(directory: number): number {
  const { perRun, percent } = fenceSettings();
  return Math.max(1, Math.min(perRun, Math.floor((percent / 100) * directory)));
}

/** @throws OperationError `fence_tripped` with the numbers, when one run would remove too many at once */
export function requireAllowedPerRun(provider: string, needed: number, directory: number): void {
  const allowed = allowedPerRun(directory);
  if (needed <= allowed) return;
  const { perRun, percent } = fenceSettings();
  throw new OperationError(
    'fence_tripped',
    `${needed} removals from ${provider} are asked for at once, and ${allowed} ${allowed === 1 ? 'is' : 'are'} allowed: at most ${perRun} in one run, and ${percent} % of the ${directory} accounts; nothing was sent`,
    {
      provider: { name: provider },
      members: { used: 0, limit: allowed, asked: needed },
      retryable: false,
      fix: 'If so many people really left, let somebody approve it.',
    },
  );
}

/** Gives a reservation back. A failure leaves the budget smaller than it could be, which harms nobody. */
export async function giveBack(provider: string, { hour, count }: Reservation): Promise<void> {
  try {
    await store.update(budgetKey(provider), {
      expression: 'SET #used = #used - :count, #counts.#hour = #counts.#hour - :count',
      condition: '#counts.#hour >= :count',
      once: true,
      names: { '#used': 'used', '#counts': 'counts', '#hour': String(hour) },
      values: { ':count': count },
    });
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    logger.warn('a reservation was not given back', { provider, code: error.code });
  }
}

const hourNow = (): number => Math.floor(clock.now() / hourMs);

/** One atomic step, however many functions do it at once: the hour and the sum, if there is room. */
const countIn = (
  provider: string,
  { hour, count, id }: Reservation & { id: string },
  limit: number,
): Promise<Item | undefined> =>
  store.update(budgetKey(provider), {
    expression: 'SET #used = #used + :count, #counts.#slot = #counts.#slot + :count, #last = :id',
    condition: '#hour = :hour AND #used <= :room AND #last <> :id',
    names: { '#used': 'used', '#counts': 'counts', '#slot': String(hour), '#hour': 'hour', '#last': 'last' },
    values: { ':count': count, ':hour': hour, ':room': limit - count, ':id': id },
  });

/**
 * Counts the first removals of an hour and forgets the old ones. Whoever is first does it for all, clocks that differ too.
 * @returns false when somebody else was first
 */
async function openHour(
  provider: string,
  { hour, count, id }: Reservation & { id: string },
  budget: Budget | undefined,
  limit: number,
): Promise<boolean> {
  const counts = recentCounts(budget, hour);
  const used = sumOf(counts);
  if (used + count > limit) throw tripped(provider, { used, counts }, limit, count);
  const next: Budget = {
    ...budgetKey(provider),
    hour,
    used: used + count,
    counts: { ...counts, [hour]: (counts[hour] ?? 0) + count },
    last: id,
    ttl: epochSeconds(2 * countedHours * hourMs),
  };
  return store.put(next, budget ? unchanged(budget) : absent);
}

/** Nobody has counted anything since it was read. */
const unchanged = ({ hour, used }: Budget): Condition => ({
  expression: '#hour = :hour AND #used = :used',
  names: { '#hour': 'hour', '#used': 'used' },
  values: { ':hour': hour, ':used': used },
});

const isCounted = (hour: number, now: number): boolean => hour > now - countedHours;

const recentCounts = (budget: Budget | undefined, hour: number): Record<string, number> =>
  Object.fromEntries(Object.entries(budget?.counts ?? {}).filter(([slot]) => isCounted(Number(slot), hour)));

const sumOf = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

function tripped(
  provider: string,
  { used, counts }: Pick<Budget, 'used' | 'counts'>,
  perDay: number,
  needed: number,
): OperationError {
  const oldest = Math.min(...Object.keys(counts).map(Number), hourNow());
  return new OperationError(
    'fence_tripped',
    `${used} of ${perDay} removals from ${provider} within 24 hours are used up, and ${needed} more ${needed === 1 ? 'is' : 'are'} asked for; nothing was sent`,
    {
      provider: { name: provider },
      members: { used, limit: perDay, asked: needed },
      retryAfter: Math.ceil(((oldest + countedHours) * hourMs - clock.now()) / 1000),
      fix: 'If so many people really left, wait, or raise the setting fence.perDay and deploy.',
    },
  );
}
