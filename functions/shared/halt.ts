import { OperationError } from './errors.ts';
import { type Item, store } from './store.ts';

/** Why nothing is written, and who said so. Times are epoch milliseconds. */
export interface Halt {
  reason: string;
  by: string;
  at: number;
}

const haltKey = { pk: 'halt', sk: 'halt' };

/** From now on no write begins in any function; each reads it right before it sends. */
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
