import { setTimeout } from 'node:timers/promises';

/** Waits for something that another process brings about. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 6_000; tries++) {
    if (await holds()) return;
    await setTimeout(10);
  }
  throw new Error('it did not come about within a minute');
}
