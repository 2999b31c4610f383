import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { clock } from './clock.ts';
import { env } from './env-names.ts';
import { OperationError } from './errors.ts';
import { inOutbox } from './outbox.ts';
import { documented } from './schema.ts';
import { absent, epochSeconds, equals, type Item, type Key, sortableTime, store } from './store.ts';

const dayMs = 86_400_000;
/** How long after its deadline a function may still be at work. */
const leaseMs = 30_000;
const intentPartition = 'intents';

/** What reading the provider shows once a write has taken effect. It holds ids, flags and keyed prints only. */
export type Expectation = object;

/** A write that is under way: the lock of its subject and the record of what was meant, in one item. */
export interface Intent {
  id: string;
  /** Epoch milliseconds. */
  at: number;
  leaseEndsAt: number;
  caller: string;
  /** `<provider>:<id>`, lower case where the provider ignores case. */
  subject: string;
  operation: string;
  requestId: string;
  runId?: string;
  /** What a success is called. */
  outcome: string;
  expects: Expectation;
  /** The stored idempotency key of the request, if it had one. */
  key?: string;
}

export const ledgerState = z.enum(['intended', 'succeeded', 'failed', 'unknown']);
export type LedgerState = z.infer<typeof ledgerState>;

/** One write as the ledger tells it. Times are ISO 8601 in UTC. */
export const ledgerEntry = z.object({
  id: z.string(),
  at: z.string(),
  caller: z.string(),
  subject: z.string(),
  operation: z.string(),
  requestId: z.string(),
  runId: z.optional(z.string()),
  state: ledgerState,
  provider: z.optional(z.object({ code: z.string() })),
  settledAt: documented(z.optional(z.string()), {
    description: 'When the effect was read from the provider afterwards, because no answer had arrived',
  }),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

const openKey = (subject: string): Key => ({ pk: `member#${subject}`, sk: 'open' });
const entryPrefix = 'entry#';

/**
 * Takes the lock of the subject and records the intent, by one conditional put.
 * @throws OperationError `locked` while another write to the subject is open, `store_unavailable`
 */
export async function openIntent(
  intent: Omit<Intent, 'id' | 'at' | 'leaseEndsAt'>,
  msToDeadline: number,
): Promise<Intent> {
  const at = clock.now();
  const opened: Intent = { id: randomUUID(), at, leaseEndsAt: at + msToDeadline + leaseMs, ...intent };
  const item: Item = {
    ...openKey(intent.subject),
    ...opened,
    ipk: intentPartition,
    isk: sortableTime(opened.leaseEndsAt),
  };
  // Our own id: when the answer of a first attempt is lost, the SDK's second finds our own item.
  const free = {
    ...absent,
    expression: `${absent.expression} OR #id = :id`,
    names: { ...absent.names, '#id': 'id' },
    values: { ':id': opened.id },
  };
  if (await store.put(item, free)) return opened;
  throw locked(intent.subject);
}

/** @throws OperationError `locked` while a write of this run to the subject is open */
export async function requireSettled(subject: string, runId: string): Promise<void> {
  const open = await store.get<Item & Intent>(openKey(subject));
  if (open?.runId === runId) throw locked(subject);
}

const locked = (subject: string): OperationError =>
  new OperationError('locked', `another write to ${subject} is open`, {
    retryAfter: 60,
    fix: 'Wait for it to end. If its function died, its effect is read from the provider within a few minutes.',
  });

export interface Answered {
  outcome: string;
  verified: boolean;
  /** Whether the provider itself answered, so that the effect is ours beyond doubt. */
  confirmed?: boolean;
}

export interface IntentEnd {
  state: LedgerState;
  /** The provider's own code. */
  code?: string;
  /** What was answered to the caller; kept for a replay that finds no stored answer. */
  answered?: Answered;
  /** It was read from the provider afterwards. */
  settled?: boolean;
}

/**
 * Records how the intent ended, unless that is known, then gives the lock back, if it is still ours. The entry of a
 * success lies in the outbox too, since it is itself what is told.
 */
export async function closeIntent(intent: Intent, end: IntentEnd): Promise<void> {
  const { id, at, caller, subject, operation, requestId, runId, key, outcome } = intent;
  const entry: Item = {
    pk: `member#${subject}`,
    sk: `${entryPrefix}${sortableTime(at)}#${id}`,
    ttl: epochSeconds(runId === undefined ? ledgerMs() : runKeptMs()),
    id,
    at,
    caller,
    subject,
    operation,
    requestId,
    runId,
    key,
    state: end.state,
    code: end.code,
    answered: end.answered,
    settledAt: end.settled ? clock.now() : undefined,
    ...(end.state === 'succeeded' && { outcome: end.answered?.outcome ?? outcome, ...inOutbox(id) }),
  };
  await store.put(entry, absent);
  await store.delete(openKey(subject), equals('id', id));
}

/** Gives the lock back without a trace: nothing was sent. */
export const dropIntent = ({ subject, id }: Intent): Promise<boolean> =>
  store.delete(openKey(subject), equals('id', id));

/** Newest first; a write that is under way, or whose answer never came, stands at the top. */
export async function readLedger(
  subject: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: LedgerEntry[]; cursor: string | null }> {
  const open = cursor ? undefined : await store.get<Item & Intent>(openKey(subject));
  const page = await store.query(`member#${subject}`, entryPrefix, limit, cursor);
  const closed = page.items.map(toEntry);
  const pending = open && closed.every(({ id }) => id !== open.id) ? [toPending(open)] : [];
  return { items: [...pending, ...closed], cursor: page.cursor };
}

type AnsweredEntry = LedgerEntry & Pick<IntentEnd, 'answered'>;

/** All writes to the subject, newest first; one that is under way, or whose answer never came, comes before all others. */
export async function* entriesOf(subject: string): AsyncGenerator<AnsweredEntry> {
  const open = await store.get<Item & Intent>(openKey(subject));
  if (open) yield toPending(open);
  for await (const item of store.queryAll(`member#${subject}`, entryPrefix)) yield toAnswered(item);
}

/** How the writes to the subject with this idempotency key ended, newest first. */
export async function* entriesByKey(subject: string, key: string): AsyncGenerator<AnsweredEntry> {
  for await (const item of store.queryAll(`member#${subject}`, entryPrefix)) {
    if (item.key === key) yield toAnswered(item);
  }
}

/** The latest of them. */
export async function findByKey(subject: string, key: string): Promise<AnsweredEntry | undefined> {
  for await (const entry of entriesByKey(subject, key)) return entry;
  return undefined;
}

/** Intents whose lease ended at least `graceMs` ago: their functions are dead. */
export async function deadIntents(graceMs: number, limit: number): Promise<Intent[]> {
  const { items } = await store.queryIndex(intentPartition, sortableTime(clock.now() - graceMs), limit);
  return items.map(({ pk: _pk, sk: _sk, ipk: _ipk, isk: _isk, ...intent }) => intent as unknown as Intent);
}

const ledgerMs = (): number => Number(process.env[env.ledgerDays] ?? 400) * dayMs;

/** A run lasts up to a year and some weeks, and must find what it did. */
const leastRunMs = 400 * dayMs;

/** How long a run is kept after it last changed, and with it whatever it needs. */
export const runKeptMs = (): number => Math.max(ledgerMs(), leastRunMs);

function toEntry(item: Item): LedgerEntry {
  const { at, code, settledAt, ...rest } = item;
  return ledgerEntry.parse({
    ...rest,
    at: isoTime(at),
    ...(code !== undefined && { provider: { code } }),
    ...(settledAt !== undefined && { settledAt: isoTime(settledAt) }),
  });
}

const toAnswered = (item: Item): AnsweredEntry => ({
  ...toEntry(item),
  ...(item.answered !== undefined && { answered: item.answered as Answered }),
});

/** Until its lease ends a write is under way; after that nobody knows yet. */
const toPending = (intent: Item & Intent): LedgerEntry =>
  toEntry({ ...intent, state: intent.leaseEndsAt > clock.now() ? 'intended' : 'unknown' });

const isoTime = (ms: unknown): string => new Date(Number(ms)).toISOString();
