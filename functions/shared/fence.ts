import { clock } from './clock.ts';
import { env, protectedEnv } from './env-names.ts';
import { OperationError } from './errors.ts';
import { logger } from './log.ts';
import { absent, epochSeconds, equals, type Item, store } from './store.ts';

const hourMs = 3_600_000;
/** The hour under way and the 24 before it: a removal counts for at least 24 hours. */
const countedHours = 25;
const haltKey = { pk: 'halt', sk: 'halt' };

/** The removals of one provider by the hour, and their sum. */
interface Budget extends Item {
  hour: number;
  used: number;
  counts: Record<string, number>;
}

export interface Passage {
  /** Whether the write takes access away from somebody, which the budget counts. */
  removesAccess: boolean;
  /** Gives access back, as a cancelled run does, and is let through whatever is halted. */
  evenHalted?: boolean;
  /** Somebody has approved exactly this: it is counted, but no number holds it back. */
  approved?: boolean;
}

const budgetKey = (provider: string) => ({ pk: `budget#${provider}`, sk: 'day' });

/**
 * Lets a write through unless everything is halted, and reserves a removal in the budget of the last 24 hours before
 * it is sent.
 * @returns the hour of the reservation, to be given back when the write was not applied
 * @throws OperationError `halted`, `fence_tripped`, `store_unavailable`
 */
export async function passFence(provider: string, passage: Passage): Promise<number | undefined> {
  if (!passage.evenHalted) await refuseHalted();
  return passage.removesAccess ? reserve(provider, passage) : undefined;
}

/** @throws OperationError `halted` */
export async function refuseHalted(): Promise<void> {
  const halt = await store.get(haltKey);
  if (halt) throw halted(halt);
}

/**
 * Looks whether so many removals would fit into the budgets now; nothing is reserved.
 * @throws OperationError `fence_tripped` with the numbers
 */
export async function requireBudget(removals: Record<string, number>): Promise<void> {
  const { perDay } = fenceSettings();
  const hour = Math.floor(clock.now() / hourMs);
  for (const [provider, needed] of Object.entries(removals)) {
    const budget = await store.get<Budget>(budgetKey(provider));
    const counts = recentCounts(budget, hour);
    const used = sumOf(counts);
    if (used + needed > perDay) throw tripped(provider, { used, counts }, perDay, needed);
  }
}

/** Gives a reservation back. A failure leaves the budget smaller than it could be, which harms nobody. */
export async function giveBack(provider: string, hour: number): Promise<void> {
  try {
    await store.update(budgetKey(provider), {
      expression: 'SET #used = #used - :one, #counts.#hour = #counts.#hour - :one',
      condition: 'attribute_exists(#counts.#hour)',
      names: { '#used': 'used', '#counts': 'counts', '#hour': String(hour) },
      values: { ':one': 1 },
    });
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    logger.warn('a reservation was not given back', { provider, code: error.code });
  }
}

/** @throws OperationError `protected` when the setting lists this id, ignoring case */
export function refuseProtected(provider: string, id: string): void {
  for (const refusal of protection(provider, id)) throw refusal;
}

/** @returns the refusal when the setting `protected` lists this id, ignoring case; else nothing */
export function protection(provider: string, id: string): OperationError[] {
  const listed = (process.env[protectedEnv(provider)] ?? '').toLowerCase().split(' ');
  return listed.includes(id.toLowerCase()) ? [protectedAccount(provider, id, 'the setting `protected` lists it')] : [];
}

export const protectedAccount = (provider: string, id: string, why: string): OperationError =>
  new OperationError('protected', `${id} must not be removed: ${why}`, {
    provider: { name: provider },
    fix: 'If this account shall really go, remove what protects it first, or do it in the console of the provider.',
  });

async function reserve(provider: string, { approved }: Passage): Promise<number> {
  const perDay = approved ? Number.MAX_SAFE_INTEGER : fenceSettings().perDay;
  for (;;) {
    const hour = Math.floor(clock.now() / hourMs);
    if (await countOne(provider, hour, perDay)) return hour;
    const budget = await store.get<Budget>(budgetKey(provider));
    if (budget?.hour === hour && budget.used >= perDay) throw tripped(provider, budget, perDay);
    if (budget?.hour !== hour && (await openHour(provider, hour, budget, perDay))) return hour;
  }
}

/** One atomic step, however many functions do it at once: the hour and the sum, if there is room. */
const countOne = (provider: string, hour: number, perDay: number): Promise<Item | undefined> =>
  store.update(budgetKey(provider), {
    expression: 'SET #used = #used + :one, #counts.#slot = #counts.#slot + :one',
    condition: '#hour = :hour AND #used < :perDay',
    names: { '#used': 'used', '#counts': 'counts', '#slot': String(hour), '#hour': 'hour' },
    values: { ':one': 1, ':hour': hour, ':perDay': perDay },
  });

/**
 * Counts the first removal of an hour and forgets the old ones. Whoever is first does it for all, clocks that differ too.
 * @returns false when somebody else was first
 */
async function openHour(provider: string, hour: number, budget: Budget | undefined, perDay: number): Promise<boolean> {
  const counts = recentCounts(budget, hour);
  const used = sumOf(counts);
  const next: Budget = {
    ...budgetKey(provider),
    hour,
    used: used + 1,
    counts: { ...counts, [hour]: (counts[hour] ?? 0) + 1 },
    ttl: epochSeconds(2 * countedHours * hourMs),
  };
  if (used >= perDay) throw tripped(provider, { used, counts }, perDay);
  return store.put(next, budget ? equals('hour', budget.hour) : absent);
}

const recentCounts = (budget: Budget | undefined, hour: number): Record<string, number> =>
  Object.fromEntries(Object.entries(budget?.counts ?? {}).filter(([slot]) => Number(slot) > hour - countedHours));

const sumOf = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Set by the stack; the defaults are those of the README. */
export function fenceSettings(): { perDay: number } {
  return { perDay: 50, ...JSON.parse(process.env[env.fence] ?? '{}') };
}

const halted = ({ reason, by }: Item): OperationError =>
  new OperationError('halted', `Usher was halted by ${by}: ${reason}`, {
    fix: 'Lift the halt with DELETE /halt when its reason is gone.',
  });

function tripped(
  provider: string,
  { used, counts }: Pick<Budget, 'used' | 'counts'>,
  perDay: number,
  needed = 1,
): OperationError {
  const oldest = Math.min(...Object.keys(counts).map(Number), Math.floor(clock.now() / hourMs));
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
