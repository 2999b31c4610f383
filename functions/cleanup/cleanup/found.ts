import { chunksOf } from '../../shared/chunks.ts';
import { runKeptMs } from '../../shared/ledger.ts';
import { epochSeconds, store } from '../../shared/store.ts';
import { putAll } from '../../shared/store-many.ts';

const listed = 1_000;
/** At most 256 KB, where DynamoDB takes 400 KB: an id has up to 128 characters of 4 bytes. */
const chunkSize = 500;

const partitionOf = (runId: string): string => `run#${runId}`;
const prefixOf = (stepId: string): string => `found#${stepId}#`;

/** Keeps the first ids that a step found. They stay out of the run, which is read whenever runs are listed. */
export const saveFound = (runId: string, stepId: string, ids: string[]): Promise<void> =>
  putAll(
    chunksOf(ids.slice(0, listed), chunkSize).map((chunk, index) => ({
      pk: partitionOf(runId),
      sk: `${prefixOf(stepId)}${index}`,
      ttl: epochSeconds(runKeptMs()),
      ids: chunk,
    })),
  );

/** At most 1,000. */
export async function loadFound(runId: string, stepId: string): Promise<string[]> {
  const chunks = await Array.fromAsync(store.queryAll(partitionOf(runId), prefixOf(stepId)));
  return chunks.toReversed().flatMap(({ ids }) => ids as string[]);
}
