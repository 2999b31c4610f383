import { randomUUID } from 'node:crypto';
import { clock } from './clock.ts';
import { env, protectedEnv } from './env-names.ts';
import { OperationError } from './errors.ts';
import { logger } from './log.ts';
import { absent, epochSeconds, equals, type Item, store } from './store.ts';

const dayMs = 86_400_000;
const maxTries = 20;
const haltKey = { pk: 'halt', sk: 'halt' };

interface Reservation {
  id: string;
  /** Epoch milliseconds. */
  at: number;
  count: number;
}

/** The removals of the last 24 hours of one provider. */
interface Budget extends Item {
  version: number;
  reservations: Reservation[];
}

const budgetKey = (provider: string) => ({ pk: `budget#${provider}`, sk: 'day' });

/**
 * Lets a write through unless everything is halted, and reserves a removal in the budget of the last 24 hours before
 * it is sent.
 * @returns the reservation, to be given back when the write was not applied
 * @throws OperationError `halted`, `fence_tripped`, `store_unavailable`
 */
export async function passFence(provider: string, removesAccess: boolean): Promise<string | undefined> {
  const keys = removesAccess ? [haltKey, budgetKey(provider)] : [haltKey];
  const [halt, budget] = await store.getAll(keys);
  if (halt) throw halted(halt);
  return removesAccess ? reserve(provider, budget as Budget | undefined) : undefined;
}

/** Gives a reservation back. A failure leaves the budget smaller than it could be, which harms nobody. */
export async function giveBack(provider: string, id: string): Promise<void> {
  try {
    await change(provider, await store.get<Budget>(budgetKey(provider)), (reservations) =>
      reservations.filter((reservation) => reservation.id !== id),
    );
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    logger.warn('a reservation was not given back', { provider, code: error.code });
  }
}

/** @throws OperationError `protected` when the setting lists this id, ignoring case */
export function refuseProtected(provider: string, id: string): void {
  const listed = (process.env[protectedEnv(provider)] ?? '').toLowerCase().split(' ');
  if (listed.includes(id.toLowerCase())) throw protectedAccount(provider, id, 'the setting `protected` lists it');
}

export const protectedAccount = (provider: string, id: string, why: string): OperationError =>
  new OperationError('protected', `${id} must not be removed: ${why}`, {
    provider: { name: provider },
    fix: 'If this account shall really go, remove what protects it first, or do it in the console of the provider.',
  });

async function reserve(provider: string, known: Budget | undefined): Promise<string> {
  const { perDay } = fenceSettings();
  const id = randomUUID();
  await change(provider, known, (reservations) => {
    if (reservations.some((reservation) => reservation.id === id)) return reservations;
    const used = reservations.reduce((sum, { count }) => sum + count, 0);
    if (used >= perDay) throw tripped(provider, used, perDay, reservations[0]?.at ?? clock.now());
    return [...reservations, { id, at: clock.now(), count: 1 }];
  });
  return id;
}

/** Changes the budget against whoever else does: read, compare by version, put. */
async function change(
  provider: string,
  known: Budget | undefined,
  next: (reservations: Reservation[]) => Reservation[],
): Promise<void> {
  let budget = known;
  for (let tries = 1; tries <= maxTries; tries++) {
    const version = budget?.version ?? 0;
    const recent = (budget?.reservations ?? []).filter(({ at }) => at > clock.now() - dayMs);
    const item: Budget = {
      ...budgetKey(provider),
      version: version + 1,
      reservations: next(recent),
      ttl: epochSeconds(2 * dayMs),
    };
    if (await store.put(item, budget ? equals('version', version) : absent)) return;
    await clock.sleep(20 * tries * clock.random());
    budget = await store.get<Budget>(budgetKey(provider));
  }
  throw new OperationError('store_unavailable', 'the budget of removals changes too fast to reserve one', {
    retryAfter: 5,
    fix: 'Send fewer removals at a time.',
  });
}

/** Set by the stack; the defaults are those of the README. */
function fenceSettings(): { perDay: number } {
  return { perDay: 50, ...JSON.parse(process.env[env.fence] ?? '{}') };
}

const halted = ({ reason, by }: Item): OperationError =>
  new OperationError('halted', `Usher was halted by ${by}: ${reason}`, {
    fix: 'Lift the halt with DELETE /halt when its reason is gone.',
  });

const tripped = (provider: string, used: number, perDay: number, oldest: number): OperationError =>
  new OperationError(
    'fence_tripped',
    `${used} of ${perDay} removals from ${provider} within 24 hours are used up; this one was not sent`,
    {
      provider: { name: provider },
      retryAfter: Math.max(1, Math.ceil((oldest + dayMs - clock.now()) / 1000)),
      fix: 'If so many people really left, wait, or raise the setting fence.perDay and deploy.',
    },
  );
