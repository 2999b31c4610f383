import pMap from 'p-map';
import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { logger, whereOf } from '../../shared/log.ts';
import { changeRun } from '../../shared/runs/run-store.ts';
import { endItems, type ItemEnd, type ItemEndStatus, itemsFrom, type JobItem } from '../job/items.ts';
import { type Counts, noProgress, type Progress, sumOf } from '../job/progress.ts';
import { type Bench, concurrency, performBatch, type RowEnd } from './batch.ts';
import { traceOf } from './trace.ts';

/** No batch begins when less is left, so that one that has begun can end. */
const reserveMs = 30_000;
const closingSize = 200;

/**
 * The rows that one slice of work brings to their end, in their order, batch after batch. `rest`, when given, is how
 * those end that were never begun; `stays` tells how a single one ends that is not to be begun any more.
 */
export class Slice {
  readonly #bench: Bench;
  readonly #rest: ItemEnd | undefined;
  readonly #stays: (row: JobItem) => ItemEnd | undefined;
  readonly #before: Progress;
  readonly #pending: AsyncGenerator<JobItem>;
  readonly #startedAt = clock.now();
  /** Rows from `low` on that have ended. */
  readonly #ended = new Map<number, ItemEndStatus>();
  #progress: Progress;
  #hasFailed = false;
  #taking: Promise<unknown> = Promise.resolve();
  /** Why the slice ended early, for a reason that concerns all rows. */
  failure: OperationError | undefined;
  /** Why some row is to be tried again. */
  again: OperationError | undefined;
  /** Every row was looked at that may be begun: those that have not ended wait for something. */
  isExhausted = false;

  constructor(bench: Bench, rest: ItemEnd | undefined, stays: (row: JobItem) => ItemEnd | undefined) {
    this.#bench = bench;
    this.#rest = rest;
    this.#stays = stays;
    this.#before = bench.job.progress ?? noProgress;
    this.#progress = this.#before;
    this.#pending = this.#pendingRows();
  }

  /** How many rows ended here. */
  get gained(): number {
    return sumOf(this.#progress.counts) - sumOf(this.#before.counts);
  }

  async run(): Promise<Progress> {
    const { operation } = this.#bench;
    const lanes = this.#isOneByOne ? 1 : operation.lanes;
    await Promise.all(Array.from({ length: lanes }, () => this.#work()));
    await this.#note();
    return this.#progress;
  }

  /** Whoever wants to stop at the first error must see the end of one row before the next begins. */
  get #isOneByOne(): boolean {
    return this.#rest !== undefined || this.#bench.job.facts.onError === 'stop';
  }

  get #size(): number {
    if (this.#rest) return closingSize;
    return this.#isOneByOne ? 1 : this.#bench.operation.size;
  }

  async #work(): Promise<void> {
    try {
      for (let rows = await this.#take(); rows.length > 0; rows = await this.#take()) {
        await this.#record(rows, await this.#endsOf(rows));
      }
    } catch (error) {
      this.failure ??= asLoggedFailure(error);
    }
  }

  /** One lane after the other. */
  #take(): Promise<JobItem[]> {
    const taken = this.#taking.then(() => this.#next());
    this.#taking = taken.catch(() => {});
    return taken;
  }

  async #next(): Promise<JobItem[]> {
    const rows: JobItem[] = [];
    while (!this.#isOver && !this.isExhausted && rows.length < this.#size) {
      const { value, done } = await this.#pending.next();
      if (done) this.isExhausted = true;
      else if (!this.#isOver) rows.push(value);
    }
    const last = rows.at(-1);
    if (last) await this.#claim(last.index + 1);
    return rows;
  }

  get #isOver(): boolean {
    const stopsHere = this.#stopsAtErrors && this.#hasFailed;
    return this.failure !== undefined || stopsHere || this.#bench.deadline.msLeft < reserveMs;
  }

  get #stopsAtErrors(): boolean {
    return this.#bench.job.facts.onError === 'stop' && !this.#rest;
  }

  async *#pendingRows(): AsyncGenerator<JobItem> {
    for await (const item of itemsFrom(this.#bench.job.id, this.#before.low)) {
      if (item.status === 'pending') yield item;
      else this.#hasEnded(item, item.status);
    }
  }

  #hasEnded({ index }: JobItem, status: ItemEndStatus): void {
    this.#ended.set(index, status);
    this.#hasFailed ||= isError(status);
  }

  /** Before a row is begun, so that the next worker looks into the ledger for what this one did, should it die. */
  async #claim(claimed: number): Promise<void> {
    this.#progress = { ...this.#progress, claimed: Math.max(claimed, this.#progress.claimed) };
    await this.#note();
  }

  /** @throws OperationError `halted` when another worker has taken over */
  async #note(): Promise<void> {
    this.#progress = this.#counted();
    const { id, generation } = this.#bench.job;
    const noted = await changeRun({ id }, { set: { progress: this.#progress }, when: { generation } });
    if (!noted) throw new OperationError('halted', 'another worker has taken over');
  }

  #counted(): Progress {
    let { low } = this.#progress;
    const ended = { ...this.#progress.ended };
    for (let status = this.#ended.get(low); status; status = this.#ended.get(low)) {
      ended[status] += 1;
      this.#ended.delete(low);
      low += 1;
    }
    const counts = { ...ended };
    for (const status of this.#ended.values()) counts[status] += 1;
    return { ...this.#progress, low, ended, counts, ...this.#speed(counts) };
  }

  #speed(counts: Counts): Pick<Progress, 'ratePerSecond' | 'etaSeconds'> {
    const seconds = (clock.now() - this.#startedAt) / 1000;
    const gained = sumOf(counts) - sumOf(this.#before.counts);
    if (gained <= 0 || seconds <= 0) return {};
    const ratePerSecond = Math.round((gained / seconds) * 10) / 10;
    const left = this.#bench.job.facts.total - sumOf(counts);
    return { ratePerSecond, etaSeconds: ratePerSecond > 0 ? Math.ceil(left / ratePerSecond) : null };
  }

  /** Rows that an earlier worker may have begun end as the ledger tells. */
  async #endsOf(rows: JobItem[]): Promise<RowEnd[]> {
    const { job, operation } = this.#bench;
    const trace = async (row: JobItem) => (row.index < this.#before.claimed ? traceOf(job, operation, row) : undefined);
    const traces = await pMap(rows, trace, { concurrency });
    const unbegun = rows.map((row, position) => traces[position] ?? this.#rest ?? this.#stays(row));
    const due = rows.filter((_, position) => unbegun[position] === undefined);
    const ends = await performBatch(this.#bench, due);
    const endOf = new Map(due.map(({ index }, position) => [index, ends[position]]));
    return rows.map(({ index }, position) => unbegun[position] ?? endOf.get(index) ?? 'open');
  }

  async #record(rows: JobItem[], ends: RowEnd[]): Promise<void> {
    const ended = rows.flatMap((item, position) => {
      const end = ends[position];
      return typeof end === 'object' && 'status' in end ? [{ item, end }] : [];
    });
    await endItems(ended);
    for (const { item, end } of ended) this.#hasEnded(item, end.status);
    // It may fail yet, so the rows after it wait for its end.
    if (this.#stopsAtErrors && ended.length < rows.length) this.isExhausted = true;

    const again = ends.flatMap((end) => (typeof end === 'object' && 'again' in end ? [end.again] : []));
    this.again ??= again[0];
    const concernsAll = again.length === rows.length || again.some(({ code }) => code === 'halted');
    if (concernsAll && again[0]?.code !== 'locked') this.failure ??= again[0];
  }
}

const isError = (status: ItemEndStatus): boolean => status === 'failed' || status === 'unknown';

export const hasErrors = ({ failed, unknown }: Counts): boolean => failed + unknown > 0;

/** A bug is told in the log only. */
export function asLoggedFailure(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  logger.error('bug', whereOf(error));
  return new OperationError('internal', 'a bug in Usher; details are in its log');
}
