import { chunksOf } from './chunks.ts';
import { backoff, clock } from './clock.ts';

/** The most that one BatchWriteItem takes; of items of 400 KB too. */
const size = 25;
const lanes = 4;
/** Between them a batch waits 9 s at most. */
const tries = 5;

/**
 * Sends any number of requests, 25 at a time and some batches side by side. What `send` returns was held back, and is
 * sent again after a growing wait.
 * @returns what was held back to the end, in which case the batches that remained were not sent
 */
export async function inBatches<T>(requests: T[], send: (batch: T[]) => Promise<T[]>): Promise<T[]> {
  const waiting = chunksOf(requests, size);
  const heldBack: T[] = [];
  const lane = async (): Promise<void> => {
    for (let batch = waiting.shift(); batch && heldBack.length === 0; batch = waiting.shift()) {
      heldBack.push(...(await sendAgain(batch, send)));
    }
  };
  const endOthers = (error: unknown) => {
    waiting.length = 0;
    throw error;
  };
  // All are waited for, so that nothing is written any more once a failure is told.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, () => lane().catch(endOthers)));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return heldBack;
}

async function sendAgain<T>(batch: T[], send: (batch: T[]) => Promise<T[]>): Promise<T[]> {
  let rest = await send(batch);
  for (let failures = 1; failures < tries && rest.length > 0; failures++) {
    await clock.sleep(backoff(failures));
    rest = await send(rest);
  }
  return rest;
}
