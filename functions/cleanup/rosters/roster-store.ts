import { randomUUID } from 'node:crypto';
import { chunksOf } from '../../shared/chunks.ts';
import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';

import { logger } from '../../shared/log.ts';
import { type Item, type Key, sortableTime, store } from '../../shared/store.ts';
import { deleteAll, putAll } from '../../shared/store-many.ts';
import type { RosterProvider, Upload } from './roster.ts';

/** At most 200 KB, where DynamoDB takes 400 KB: an id has up to 128 characters of 3 bytes. */
const chunkSize = 500;
/** Longer than any function runs: what began before that is no upload under way. */
const uploadMs = 60_000;

/** Names the chunks that make up the roster. */
interface Head extends Upload {
  version: string;
  chunks: number;
}

interface Chunk extends Item {
  ids: string[];
}

export interface Roster extends Upload {
  /** WeCom ids in lower case. */
  ids: Set<string>;
}

const partition = (provider: RosterProvider): string => `roster#${provider}`;
const headKey = (provider: RosterProvider): Key => ({ pk: partition(provider), sk: 'head' });
const chunkPrefix = 'chunk#';

/**
 * Puts a roster in the place of the one before. The head comes last, so that a crash leaves the old roster whole; the
 * chunks that it left behind go with those of the old roster.
 */
export async function saveRoster(provider: RosterProvider, ids: string[], uploadedBy: string): Promise<Head> {
  const uploadedAt = clock.now();
  const version = `${sortableTime(uploadedAt)}-${randomUUID()}`;
  const chunks = chunksOf(ids, chunkSize).map(
    (ids, index): Chunk => ({
      pk: partition(provider),
      sk: `${chunkPrefix}${version}#${String(index + 1).padStart(5, '0')}`,
      ids,
    }),
  );
  const head: Head = { version, rows: ids.length, chunks: chunks.length, uploadedAt, uploadedBy };
  await putAll(chunks);
  await store.put({ ...headKey(provider), ...head });
  await deleteBefore(provider, uploadedAt - uploadMs);
  return head;
}

/** Leaves the chunks of an upload that is under way, or has just ended. What a failure leaves goes after the next one. */
async function deleteBefore(provider: RosterProvider, time: number): Promise<void> {
  try {
    const chunks = await Array.fromAsync(store.queryAll(partition(provider), chunkPrefix));
    await deleteAll(chunks.filter(({ sk }) => sk < `${chunkPrefix}${sortableTime(time)}`));
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    logger.warn('an old roster was not deleted', { provider, code: error.code });
  }
}

export const loadHead = (provider: RosterProvider): Promise<(Item & Head) | undefined> =>
  store.get<Item & Head>(headKey(provider));

/**
 * The roster with all its ids; undefined when none was uploaded.
 * @throws OperationError `conflict` when not every id is there: who is missing from such a roster may well have stayed
 */
export async function loadRoster(provider: RosterProvider): Promise<Roster | undefined> {
  const head = await loadHead(provider);
  if (!head) return undefined;
  const { version, rows, uploadedAt, uploadedBy } = head;
  const chunks = await Array.fromAsync(store.queryAll(partition(provider), `${chunkPrefix}${version}#`));
  const ids = new Set((chunks as Chunk[]).flatMap((chunk) => chunk.ids));
  if (chunks.length === head.chunks && ids.size === rows) return { ids, rows, uploadedAt, uploadedBy };
  throw new OperationError(
    'conflict',
    `the roster of ${provider} is not complete: ${ids.size} of ${rows} ids are there`,
    {
      fix: 'If it was just replaced, try again. Else upload it again.',
    },
  );
}
