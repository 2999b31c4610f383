import * as z from 'zod/mini';
import { runKeptMs } from '../../shared/ledger.ts';
import { errorCode, providerDetail } from '../../shared/problem.ts';
import { documented } from '../../shared/schema.ts';
import { epochSeconds, type Item, store } from '../../shared/store.ts';
import { deleteAll, putAll } from '../../shared/store-many.ts';

export const itemStatus = z.enum(['pending', 'succeeded', 'failed', 'skipped', 'unknown']);
export type ItemStatus = z.infer<typeof itemStatus>;
export type ItemEndStatus = Exclude<ItemStatus, 'pending'>;

/** The row as it is answered. */
export const itemAnswer = z.object({
  index: documented(z.int(), { description: 'From 0, in the order in which the rows were given' }),
  subject: documented(z.string(), { description: '`<provider>:<id>`' }),
  status: itemStatus,
  outcome: z.optional(z.string()),
  verified: z.optional(z.union([z.literal(true), z.literal('unverified')])),
  warnings: z.optional(z.array(z.string())),
  error: z.optional(
    z.object({
      code: errorCode,
      message: z.string(),
      fix: z.optional(z.string()),
      provider: z.optional(providerDetail),
      errors: z.optional(z.array(z.object({ path: z.string(), message: z.string() }))),
    }),
  ),
});

type ItemAnswer = z.infer<typeof itemAnswer>;

/** What became of a row. */
export type ItemEnd = Omit<ItemAnswer, 'index' | 'subject' | 'status'> & { status: ItemEndStatus };

/** A row of a job. Its input is erased when it ends. */
export interface JobItem extends Item, ItemAnswer {
  input?: object;
  /** The directory had the account when the job was planned. */
  seen?: boolean;
}

export const toItemAnswer = (item: JobItem): ItemAnswer => itemAnswer.parse(item);

/** How long rows that have not ended are kept, with what they hold, after a plan could last be applied. */
const pendingKeptMs = 40 * 86_400_000;
/** For how long a plan can be renewed, so that its rows outlast another day and a halt of 30 days. */
export const renewableMs = 9 * 86_400_000;
const pageSize = 500;

const partitionOf = (jobId: string): string => `run#${jobId}`;
const keyOf = (index: number): string => `item#${String(index).padStart(5, '0')}`;
const last = 'item#~';

type NewItem = Pick<JobItem, 'subject' | 'input' | 'seen'>;

/**
 * Stores the rows of a job, and none besides: an attempt that died may have left more.
 * @param expiresAt until when the job can be applied, epoch milliseconds
 */
export async function putNewItems(jobId: string, rows: NewItem[], expiresAt: number): Promise<void> {
  await deleteAll(await Array.fromAsync(itemsFrom(jobId, rows.length)));
  const ttl = Math.ceil((expiresAt + pendingKeptMs) / 1000);
  const pending = { pk: partitionOf(jobId), ttl, status: 'pending' };
  await putAll(rows.map((row, index) => ({ ...row, ...pending, sk: keyOf(index), index })));
}

/** The id of the account that a row of a removal names, as the provider spells it. */
export const accountOf = (input: object): string =>
  String(Reflect.get(input, 'userid') ?? Reflect.get(input, 'userId'));

/** What the rows hold, in their order, as long as none has ended. */
export const inputsOf = async (jobId: string): Promise<object[]> =>
  Array.fromAsync(itemsFrom(jobId), ({ input = {} }) => input);

/** Records how rows ended, and erases what they held. */
export const endItems = (ended: { item: JobItem; end: ItemEnd }[]): Promise<void> => {
  const ttl = epochSeconds(runKeptMs());
  return putAll(ended.map(({ item: { pk, sk, index, subject }, end }) => ({ pk, sk, ttl, index, subject, ...end })));
};

/** The rows from `index` on, in their order. */
export async function* itemsFrom(jobId: string, index = 0): AsyncGenerator<JobItem> {
  let next: string | undefined = keyOf(index);
  while (next !== undefined) {
    const { items, cursor } = await store.queryUp(partitionOf(jobId), { from: next, to: last }, pageSize);
    yield* items as JobItem[];
    next = cursor === null ? undefined : `${cursor}~`;
  }
}

/** A page of rows, of one status if that is given. */
export async function listItems(
  jobId: string,
  { status, limit, cursor }: { status?: ItemStatus | undefined; limit: number; cursor?: string | undefined },
): Promise<{ items: JobItem[]; cursor: string | null }> {
  const items: JobItem[] = [];
  for await (const item of itemsFrom(jobId, Number(cursor ?? 0))) {
    if (status && item.status !== status) continue;
    if (items.length === limit) return { items, cursor: String(item.index) };
    items.push(item);
  }
  return { items, cursor: null };
}

/** Ends every row of a plan that is not going to be applied. */
export async function skipAll(jobId: string): Promise<void> {
  const items = await Array.fromAsync(itemsFrom(jobId));
  await endItems(items.map((item) => ({ item, end: { status: 'skipped' } })));
}
