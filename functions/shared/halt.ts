import { clock } from './clock.ts';
import { OperationError } from './errors.ts';
import { type Item, store } from './store.ts';

/** Why nothing is written, and who said so. Times are epoch milliseconds. */
export interface Halt {
  reason: string;
  by: string;
  at: number;
}

const haltKey = { pk: 'halt', sk: 'halt' };

/** Within 5 s no write begins any more, in any function. */
export const halt = async ({ reason, by, at }: Halt): Promise<void> => {
  await store.put({ ...haltKey, reason, by, at });
};

export const lift = async (): Promise<void> => {
  await store.delete(haltKey);
};

export const currentHalt = (): Promise<(Item & Halt) | undefined> => store.get<Item & Halt>(haltKey);

/** @throws OperationError `halted` */
export async function refuseHalted(): Promise<void> {
  const found = await currentHalt();
  if (!found) return;
  throw new OperationError('halted', `Usher was halted by ${found.by}: ${found.reason}`, {
    fix: 'Lift the halt with DELETE /halt when its reason is gone.',
  });
}

/** So long what was read of a halt holds: a halt takes hold within 5 s. */
const freshMs = 3_000;

/**
 * Looks at the halt again before a write that was long on its way to the provider, or is repeated. The fence has looked
 * when it let the write through.
 * @returns a permit for a `Deadline`, which throws `halted`
 */
export function haltPermit(): () => Promise<void> {
  let lookedAt = clock.now();
  return async () => {
    if (clock.now() - lookedAt <= freshMs) return;
    await refuseHalted();
    lookedAt = clock.now();
  };
}
