import { randomUUID } from 'node:crypto';
import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyInconsistentStateError,
  IdempotencyItemAlreadyExistsError,
  IdempotencyItemNotFoundError,
  IdempotencyPersistenceLayerError,
  IdempotencyValidationError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency';
import { BasePersistenceLayer, IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { OperationError } from './errors.ts';
import { type Item, type Key, store } from './store.ts';

type Answer = APIGatewayProxyStructuredResultV2;

export interface KeyedRequest {
  key: string;
  caller: string;
  route: string;
  /** Path, query and body. */
  payload: object;
}

export interface KeyedRun {
  /** The stored key, under which the ledger files the write. */
  storedKey: string;
  /** An earlier request with this key never ended: what it did stands in the ledger, if anywhere. */
  takenOver: boolean;
}

const keptSeconds = 24 * 3600;

/**
 * Answers the same request with the same key once: a replay within 24 hours gets the stored answer. `run` returns its
 * answer, errors too, since a throw would let the same key run again; it throws `Unstored` for the few answers that
 * must not be kept.
 * @throws OperationError `idempotency_mismatch`, `idempotency_in_progress`, `store_unavailable` with nothing sent
 */
export async function oncePerKey(
  { key, caller, route, payload }: KeyedRequest,
  context: Context,
  run: (keyed: KeyedRun) => Promise<Answer>,
): Promise<Answer> {
  let answer: Answer | undefined;
  const records = new StoredRecords();
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'id',
    payloadValidationJmesPath: 'payload',
    throwOnNoIdempotencyKey: true,
    expiresAfterSeconds: keptSeconds,
    hashFunction: 'sha256',
    lambdaContext: context,
    responseHook: (stored) => replayed(stored as Answer),
  });
  const once = makeIdempotent(
    async (_request: unknown) => {
      answer = await run({ storedKey: records.storedKey, takenOver: records.takenOver });
      return answer;
    },
    { persistenceStore: records, config, keyPrefix: 'usher' },
  );
  try {
    return await once({ id: JSON.stringify([caller, route, key]), payload });
  } catch (error) {
    if (error instanceof Unstored) return error.answer;
    // The answer is there but could not be stored: the caller gets it, and a replay finds the write in the ledger.
    if (answer && error instanceof IdempotencyPersistenceLayerError) return answer;
    throw toOperationError(error);
  }
}

const replayed = ({ headers, ...stored }: Answer) => ({
  ...stored,
  headers: { ...headers, 'idempotent-replayed': 'true' },
});

/** Carries an answer past the store: the same key may run again. */
export class Unstored extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('not stored');
    this.answer = answer;
  }
}

function toOperationError(error: unknown): unknown {
  if (error instanceof IdempotencyValidationError) {
    return new OperationError('idempotency_mismatch', 'the Idempotency-Key belongs to a request with other content', {
      fix: 'Use a new key for each new request.',
    });
  }
  // The last two: the record that stood in the way expired, or was deleted, before it could be read.
  if (
    error instanceof IdempotencyAlreadyInProgressError ||
    error instanceof IdempotencyInconsistentStateError ||
    error instanceof IdempotencyItemNotFoundError
  ) {
    return new OperationError('idempotency_in_progress', 'a request with this Idempotency-Key is under way', {
      retryAfter: 5,
      fix: 'Wait for its answer, or send the same request again in a few seconds.',
    });
  }
  return error instanceof IdempotencyPersistenceLayerError ? error.cause : error;
}

/** The records of the Powertools in our table. */
class StoredRecords extends BasePersistenceLayer {
  storedKey = '';
  #takenOver: Item | undefined;
  readonly #owner = randomUUID();

  get takenOver(): boolean {
    return this.#takenOver !== undefined;
  }

  protected override async _putRecord(record: IdempotencyRecord): Promise<void> {
    this.storedKey = record.idempotencyKey;
    const { stored, before } = await store.exchange(this.#toItem(record), {
      expression:
        'attribute_not_exists(#pk) OR #ttl < :now OR #owner = :owner OR ' +
        '(#status = :inProgress AND #inProgressUntil < :nowMs AND #payloadHash = :payloadHash)',
      names: {
        '#pk': 'pk',
        '#ttl': 'ttl',
        '#owner': 'owner',
        '#status': 'status',
        '#inProgressUntil': 'inProgressUntil',
        '#payloadHash': 'payloadHash',
      },
      values: {
        ':now': Math.floor(Date.now() / 1000),
        ':nowMs': Date.now(),
        ':owner': this.#owner,
        ':inProgress': 'INPROGRESS',
        ':payloadHash': record.payloadHash ?? '',
      },
    });
    if (!stored) throw new IdempotencyItemAlreadyExistsError();
    // Our own record too: when the answer of a first attempt was lost, it may stand where a dead request's stood.
    if (before?.status === 'INPROGRESS') this.#takenOver = before;
  }

  protected override async _getRecord(idempotencyKey: string): Promise<IdempotencyRecord> {
    const item = await store.get<RecordItem>(keyOf(idempotencyKey));
    if (!item) throw new IdempotencyItemNotFoundError();
    const { status, ttl, inProgressUntil, payloadHash, answer } = item;
    return new IdempotencyRecord({
      idempotencyKey,
      status,
      ...(ttl !== undefined && { expiryTimestamp: ttl }),
      ...(inProgressUntil !== undefined && { inProgressExpiryTimestamp: inProgressUntil }),
      ...(payloadHash !== undefined && { payloadHash }),
      ...(answer !== undefined && { responseData: JSON.parse(answer) }),
    });
  }

  protected override async _updateRecord(record: IdempotencyRecord): Promise<void> {
    await store.put(this.#toItem(record));
  }

  /** What a dead request did may still be unsettled, so the next replay takes its record over as this one did. */
  protected override async _deleteRecord(record: IdempotencyRecord): Promise<void> {
    if (this.#takenOver) await store.put({ ...this.#takenOver, inProgressUntil: 0 });
    else await store.delete(keyOf(record.idempotencyKey));
  }

  #toItem(record: IdempotencyRecord): RecordItem {
    return {
      ...keyOf(record.idempotencyKey),
      owner: this.#owner,
      status: record.getStatus(),
      ...(record.expiryTimestamp !== undefined && { ttl: record.expiryTimestamp }),
      ...(record.inProgressExpiryTimestamp !== undefined && { inProgressUntil: record.inProgressExpiryTimestamp }),
      ...(record.payloadHash !== undefined && { payloadHash: record.payloadHash }),
      ...(record.responseData !== undefined && { answer: JSON.stringify(record.responseData) }),
    };
  }
}

interface RecordItem extends Item {
  owner: string;
  status: ReturnType<IdempotencyRecord['getStatus']>;
  inProgressUntil?: number;
  payloadHash?: string;
  answer?: string;
}

const keyOf = (idempotencyKey: string): Key => ({ pk: `idempotency#${idempotencyKey}`, sk: 'record' });
