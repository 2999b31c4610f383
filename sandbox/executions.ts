import { DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import { tableSchema } from '../infra/table-schema.ts';
import type { DurableError, DurableOperation } from './durable-operations.ts';
import { createTable } from './dynamodb.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED';

/** Times are epoch milliseconds. */
export interface Execution {
  arn: string;
  name: string;
  functionName: string;
  /** The version or alias by which it was started. */
  qualifier: string;
  input: string;
  status: ExecutionStatus;
  result?: string;
  error?: DurableError;
  startedAt: number;
  endedAt?: number;
  /** Nothing is to be done until an operation is due or a callback comes. */
  parked: boolean;
}

/** An execution as it is now, and its operations that changed. */
export interface Change {
  execution: Execution;
  operations: DurableOperation[];
}

/** What happened to one execution, and the number of its next change. */
export interface Journal {
  changes: Change[];
  next: number;
}

interface Item {
  pk: string;
  sk: string;
  /** How many items hold the change. */
  parts: number;
  bytes: Uint8Array;
}

const partBytes = 300_000; // an item of DynamoDB takes 400 KB
const { partitionKey, sortKey } = tableSchema;

/** A journal in DynamoDB: the changes of each execution in order. One that was not written to its end never happened. */
export class ExecutionStore {
  readonly #endpoint: string;
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(endpoint: string, table: string) {
    this.#endpoint = endpoint;
    this.#table = table;
    const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' };
    this.#client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region: 'us-east-1', credentials }));
  }

  /** Creates the table when it is not there. */
  async open(): Promise<void> {
    await createTable(this.#endpoint, this.#table).catch((error) => {
      if (!(error instanceof ResourceInUseException)) throw error;
    });
  }

  async append(number: number, change: Change): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(change));
    const parts = Math.ceil(bytes.length / partBytes);
    for (let part = 0; part < parts; part += 1) {
      const Item = {
        [partitionKey]: change.execution.arn,
        [sortKey]: `${padded(number)}.${padded(part)}`,
        parts,
        bytes: bytes.subarray(part * partBytes, (part + 1) * partBytes),
      };
      await this.#client.send(new PutCommand({ TableName: this.#table, Item }));
    }
  }

  async read(): Promise<Journal[]> {
    const items: Item[] = [];
    for await (const page of paginateScan({ client: this.#client }, { TableName: this.#table, ConsistentRead: true })) {
      items.push(...((page.Items ?? []) as Item[]));
    }
    return [...Map.groupBy(items, ({ pk }) => pk).values()].map(journalOf);
  }

  close(): void {
    this.#client.destroy();
  }
}

function journalOf(items: Item[]): Journal {
  const ordered = items.toSorted((one, other) => (one.sk < other.sk ? -1 : 1));
  const changes = [...Map.groupBy(ordered, ({ sk }) => numberOf(sk)).values()]
    .filter((parts) => parts.length === parts[0]?.parts)
    .map((parts) => JSON.parse(Buffer.concat(parts.map(({ bytes }) => bytes)).toString()) as Change);
  return { changes, next: numberOf(ordered.at(-1)?.sk ?? '') + 1 };
}

const numberOf = (sk: string): number => Number.parseInt(sk, 10);
const padded = (number: number): string => String(number).padStart(8, '0');
