import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { clock } from './clock.ts';
import { env } from './env-names.ts';
import { OperationError } from './errors.ts';

export interface Key {
  pk: string;
  sk: string;
}

/** An item of the one table. `ttl` is in epoch seconds; `ipk` and `isk` put it into the index. */
export interface Item extends Key {
  ttl?: number;
  ipk?: string;
  isk?: string;
  [attribute: string]: unknown;
}

/** A condition over attributes, each given with its own name: `#owner = :owner`. */
export interface Condition {
  expression: string;
  names: Record<string, string>;
  values?: Record<string, unknown>;
}

export interface Change extends Required<Condition> {
  condition: string;
  /** It must not be made twice, so it is not sent again when its answer is lost. */
  once?: true;
}

export interface Page {
  items: Item[];
  /** Where the next page starts; null on the last. */
  cursor: string | null;
}

/** A page of DynamoDB ends at 1 MB anyway. */
const pageSize = 1_000;

const requestHandler = { connectionTimeout: 1_000, requestTimeout: 3_000 };
const clients: Record<number, DynamoDBClient> = {};

export function database(maxAttempts = 3): DynamoDBClient {
  clients[maxAttempts] ??= new DynamoDBClient({ maxAttempts, requestHandler });
  return clients[maxAttempts];
}

export function tableName(): string {
  const name = process.env[env.table];
  if (!name) throw new Error(`the environment lacks ${env.table}`);
  return name;
}

/**
 * The table (pk, sk, ttl, one index). No scan, no transactions.
 * @throws OperationError `store_unavailable` for every failure but a condition that does not hold
 */
export const store = {
  /** A consistent read. */
  async get<T extends Item>({ pk, sk }: Key): Promise<T | undefined> {
    const input = { TableName: tableName(), Key: marshall({ pk, sk }), ConsistentRead: true };
    const { Item } = await reached(() => database().send(new GetItemCommand(input)));
    return Item && (unmarshall(Item) as T);
  },

  /** @returns whether it was put: false when the condition does not hold */
  async put(item: Item, condition?: Condition): Promise<boolean> {
    const { stored } = await store.exchange(item, condition);
    return stored;
  },

  /** Like `put`, with the item that stood there before, if any. */
  async exchange(item: Item, condition?: Condition): Promise<{ stored: boolean; before: Item | undefined }> {
    const input: PutItemCommandInput = {
      TableName: tableName(),
      Item: marshall(item, { removeUndefinedValues: true }),
      ReturnValues: 'ALL_OLD',
      ...conditionInput(condition),
    };
    const answer = await reached(() => ifConditionHolds(() => database().send(new PutItemCommand(input))));
    return { stored: answer !== undefined, before: answer?.Attributes && (unmarshall(answer.Attributes) as Item) };
  },

  /** @returns the item as it is now; undefined when the condition does not hold, and nothing was changed */
  async update<T extends Item>({ pk, sk }: Key, change: Change): Promise<T | undefined> {
    const input: UpdateItemCommandInput = {
      TableName: tableName(),
      Key: marshall({ pk, sk }),
      UpdateExpression: change.expression,
      ConditionExpression: change.condition,
      ExpressionAttributeNames: change.names,
      ExpressionAttributeValues: marshall(change.values, { removeUndefinedValues: true }),
      ReturnValues: 'ALL_NEW',
    };
    const answer = await reached(() =>
      ifConditionHolds(() => database(change.once && 1).send(new UpdateItemCommand(input))),
    );
    return answer && (unmarshall(answer.Attributes ?? {}) as T);
  },

  /** @returns whether it was deleted: false when the condition does not hold */
  async delete({ pk, sk }: Key, condition?: Condition): Promise<boolean> {
    const input = { TableName: tableName(), Key: marshall({ pk, sk }), ...conditionInput(condition) };
    const answer = await reached(() => ifConditionHolds(() => database().send(new DeleteItemCommand(input))));
    return answer !== undefined;
  },

  /** Items of one partition whose sort key starts with `prefix`, newest (greatest) first. */
  query(pk: string, prefix: string, limit: number, cursor?: string): Promise<Page> {
    return queryPage({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: marshall({ ':pk': pk, ':prefix': prefix }),
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: limit,
      ...(cursor && { ExclusiveStartKey: marshall({ pk, sk: cursor }) }),
    });
  },

  /** Items of one partition with sort keys from `from` to `to`, least first. */
  queryUp(pk: string, { from, to }: { from: string; to: string }, limit: number): Promise<Page> {
    return queryPage({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: marshall({ ':pk': pk, ':from': from, ':to': to }),
      ConsistentRead: true,
      Limit: limit,
    });
  },

  /** All items of one partition whose sort key starts with `prefix`, newest (greatest) first. */
  async *queryAll(pk: string, prefix: string): AsyncGenerator<Item> {
    let cursor: string | undefined;
    do {
      const page = await this.query(pk, prefix, pageSize, cursor);
      yield* page.items;
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
  },

  /** Items of one index partition before `isk`, greatest first. The index is eventually consistent. */
  queryIndexBackwards(ipk: string, isk: string, limit: number): Promise<Page> {
    return queryPage({
      IndexName: 'index',
      KeyConditionExpression: 'ipk = :ipk AND isk < :isk',
      ExpressionAttributeValues: marshall({ ':ipk': ipk, ':isk': isk }),
      ScanIndexForward: false,
      Limit: limit,
    });
  },

  /** Items of one index partition up to `isk`, least first, of those behind `after`. The index is eventually consistent. */
  queryIndex(ipk: string, isk: string, limit: number, after?: Item): Promise<Page> {
    return queryPage({
      IndexName: 'index',
      KeyConditionExpression: 'ipk = :ipk AND isk <= :isk',
      ExpressionAttributeValues: marshall({ ':ipk': ipk, ':isk': isk }),
      Limit: limit,
      ...(after && { ExclusiveStartKey: marshall({ pk: after.pk, sk: after.sk, ipk: after.ipk, isk: after.isk }) }),
    });
  },
};

/** The condition that no item stands there yet. */
export const absent: Condition = { expression: 'attribute_not_exists(#pk)', names: { '#pk': 'pk' } };

/** The condition that the item is the one whose attribute `name` has this value. */
export const equals = (name: string, value: unknown): Condition => ({
  expression: `#${name} = :${name}`,
  names: { [`#${name}`]: name },
  values: { [`:${name}`]: value },
});

/** Milliseconds as text of one length, so that texts sort as times do. */
export const sortableTime = (ms: number): string => String(ms).padStart(15, '0');

export const epochSeconds = (afterMs: number): number => Math.ceil((clock.now() + afterMs) / 1000);

const conditionInput = (condition: Condition | undefined) =>
  condition && {
    ConditionExpression: condition.expression,
    ExpressionAttributeNames: condition.names,
    ...(condition.values && { ExpressionAttributeValues: marshall(condition.values) }),
  };

async function queryPage(input: Omit<ConstructorParameters<typeof QueryCommand>[0], 'TableName'>): Promise<Page> {
  const answer = await reached(() => database().send(new QueryCommand({ TableName: tableName(), ...input })));
  const items = (answer.Items ?? []).map((item) => unmarshall(item) as Item);
  return { items, cursor: answer.LastEvaluatedKey ? String(unmarshall(answer.LastEvaluatedKey).sk) : null };
}

async function ifConditionHolds<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

export async function reached<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw unavailable(Error.isError(error) ? error.name : 'unknown reason');
  }
}

export const unavailable = (reason: string): OperationError =>
  new OperationError('store_unavailable', `the store cannot be used (${reason})`, {
    retryAfter: 5,
    fix: 'Try again later. If it lasts, check the table of this stage and the rights of the function.',
  });
