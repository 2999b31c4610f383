import pMap from 'p-map';
import type { BulkEnd, BulkOperation, ConnectedBulk } from '../../shared/bulk.ts';
import type { Deadline } from '../../shared/clock.ts';
import { type ErrorCode, OperationError } from '../../shared/errors.ts';
import { refuseProtected } from '../../shared/fence.ts';
import { closeIntent, dropIntent, type Intent, openIntent } from '../../shared/ledger.ts';
import { afterwards, answerOf } from '../../shared/recorded-write.ts';
import type { ItemEnd, JobItem } from '../job/items.ts';
import type { Job } from '../job/job.ts';
import { idOf } from '../plan/plan.ts';
import { effectUnknown, ledgerKeyOf } from './trace.ts';

export interface Bench {
  job: Job;
  operation: BulkOperation;
  connected: ConnectedBulk;
  /** Its permit is asked before each write. */
  deadline: Deadline;
}

/** How a row ended; or why it is to be tried again, with nothing done so far; or that it is under way. */
export type RowEnd = ItemEnd | { again: OperationError } | 'open';

/** Failures that pass, or that a person mends, for all rows alike: the row waits. */
const passing: ErrorCode[] = [
  'halted',
  'locked',
  'store_unavailable',
  'provider_unavailable',
  'provider_rate_limited',
  'provider_quota',
  'provider_credentials',
  'provider_ip_refused',
];

/** Few enough that the calls of another batch to the provider get through between those to the store. */
export const concurrency = 10;

const mayPass = ({ code, outcome }: OperationError): boolean => outcome === 'not_applied' && passing.includes(code);

/**
 * Carries out the writes of some rows, each under its own lock and intent, which the ledger holds before anything is
 * sent. Nothing that a provider does makes it throw.
 * @returns how each ended, in the order of the items
 */
export async function performBatch(bench: Bench, items: JobItem[]): Promise<RowEnd[]> {
  const endOf = new Map<number, RowEnd>();
  for (let rest = items; rest.length > 0; rest = rest.filter(({ index }) => !endOf.has(index))) {
    const round = firstOfEach(rest);
    const ends = await performRound(bench, round);
    for (const [position, { index }] of round.entries()) endOf.set(index, ends[position] ?? 'open');
  }
  return items.map(({ index }) => endOf.get(index) ?? 'open');
}

/** One row of each account, as it takes the lock: the websites of a WibiClick user come one after the other. */
const firstOfEach = (items: JobItem[]): JobItem[] =>
  [...Map.groupBy(items, ({ subject }) => subject).values()].flatMap((rows) => rows.slice(0, 1));

async function performRound(bench: Bench, items: JobItem[]): Promise<RowEnd[]> {
  const opened = await pMap(items, (item) => open(bench, item), { concurrency });
  const intents = opened.filter((row): row is Opened => !(row instanceof OperationError));
  const ends = await send(bench, intents);
  const recorded = await pMap(intents, (row, index) => record(bench, row, ends[index] ?? noEnd), { concurrency });
  const endOf = new Map(intents.map(({ item }, index) => [item.index, recorded[index]]));
  return opened.map((row, index) =>
    row instanceof OperationError ? refusedEnd(row) : (endOf.get(items[index]?.index ?? -1) ?? 'open'),
  );
}

const noEnd = new OperationError('internal', 'no end was told', { outcome: 'unknown' });

interface Opened {
  item: JobItem;
  input: object;
  intent: Intent;
}

async function open({ job, operation, connected, deadline }: Bench, item: JobItem): Promise<Opened | OperationError> {
  const { subject, input = {} } = item;
  try {
    if (operation.removesAccess(input)) refuseProtected(operation.provider, idOf(subject));
    const expects = await connected.expects(input);
    const intent = await openIntent(
      {
        subject,
        requestId: job.id,
        runId: job.id,
        caller: job.appliedBy ?? job.requester,
        operation: `job ${job.facts.operation}`,
        outcome: operation.outcome(input),
        expects,
        key: ledgerKeyOf(job, item),
      },
      deadline.msLeft,
    );
    return { item, input, intent };
  } catch (error) {
    if (error instanceof OperationError) return error.with({ outcome: 'not_applied' });
    throw error;
  }
}

/** A failure of all is the end of each. After a bug nobody knows what was sent. */
async function send({ connected, deadline }: Bench, rows: Opened[]): Promise<BulkEnd[]> {
  if (rows.length === 0) return [];
  try {
    await deadline.permit();
    return await connected.run(rows.map(({ input }) => input));
  } catch (error) {
    if (error instanceof OperationError) return rows.map(() => error);
    throw error;
  }
}

async function record({ operation }: Bench, { item, intent }: Opened, end: BulkEnd): Promise<RowEnd> {
  if (!(end instanceof OperationError)) {
    await afterwards(() => closeIntent(intent, { state: 'succeeded', ...answerOf(end) }));
    return successOf(end);
  }
  const code = end.options.provider?.code;
  const close = (state: 'failed' | 'unknown') =>
    afterwards(() => closeIntent(intent, { state, ...(code !== undefined && { code }) }));
  if (mayPass(end)) {
    await afterwards(() => dropIntent(intent));
    return { again: end };
  }
  if (end.outcome === 'not_applied') {
    await close('failed');
    return isGoneSince(operation, item, end) ? { status: 'succeeded', outcome: 'already_absent' } : failureOf(end);
  }
  if (!end.options.mayBePartial) return 'open';
  await close('unknown');
  return { status: 'unknown', error: effectUnknown };
}

/**
 * The directory had the account when the job was planned: there is nothing left to do. Not in WibiClick, where a row is
 * about one website of a user, and which ones the user has is not read.
 */
const isGoneSince = ({ effect, provider }: BulkOperation, { seen }: JobItem, { code }: OperationError): boolean =>
  effect === 'delete' && provider !== 'wibiclick' && seen === true && code === 'not_found';

const refusedEnd = (error: OperationError): RowEnd => (mayPass(error) ? { again: error } : failureOf(error));

function successOf(end: object): ItemEnd {
  const { answered } = answerOf(end);
  const warnings = Reflect.get(end, 'warnings');
  return {
    status: 'succeeded',
    ...(answered && { outcome: answered.outcome, verified: answered.verified || 'unverified' }),
    ...(Array.isArray(warnings) && warnings.length > 0 && { warnings: warnings.map(String) }),
  };
}

export function failureOf({ code, message, options }: OperationError): ItemEnd {
  const { fix, provider, errors } = options;
  const told = { ...(fix !== undefined && { fix }), ...(provider && { provider }), ...(errors && { errors }) };
  return { status: 'failed', error: { code, message, ...told } };
}
