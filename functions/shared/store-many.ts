import {
  BatchWriteItemCommand,
  ProvisionedThroughputExceededException,
  ThrottlingException,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { inBatches } from './batches.ts';
import { database, type Item, type Key, reached, tableName, unavailable } from './store.ts';

/**
 * Puts any number of items with different keys, whatever stood there before. After a failure some of them are there
 * and others are not; doing it again puts them all.
 * @throws OperationError `store_unavailable`
 */
export const putAll = (items: Item[]): Promise<void> =>
  writeAll(items.map((item) => ({ PutRequest: { Item: marshall(item, { removeUndefinedValues: true }) } })));

/**
 * Deletes any number of items with different keys; one that is not there does not matter.
 * @throws OperationError `store_unavailable`
 */
export const deleteAll = (keys: Key[]): Promise<void> =>
  writeAll(keys.map(({ pk, sk }) => ({ DeleteRequest: { Key: marshall({ pk, sk }) } })));

async function writeAll(requests: WriteRequest[]): Promise<void> {
  const heldBack = await inBatches(requests, (batch) => reached(() => writeBatch(batch)));
  if (heldBack.length > 0) throw unavailable('it holds writes back');
}

/** @returns what DynamoDB held back */
async function writeBatch(batch: WriteRequest[]): Promise<WriteRequest[]> {
  const table = tableName();
  try {
    const { UnprocessedItems } = await database().send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }));
    return UnprocessedItems?.[table] ?? [];
  } catch (error) {
    if (error instanceof ProvisionedThroughputExceededException || error instanceof ThrottlingException) return batch;
    throw error;
  }
}
