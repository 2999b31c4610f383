import { clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { runKeptMs } from '../ledger.ts';
import { absent, epochSeconds, type Item, type Key, sortableTime, store } from '../store.ts';
import type { Run, RunKind, RunNews, RunStatus, Steps } from './run.ts';
import { announce, runKey } from './run-news.ts';

const partitionOf = (kind: RunKind): string => `runs#${kind}`;

/** Stores a run, unless there is one with its id. */
export async function putNewRun(run: Omit<Run, 'pk' | 'sk'> & Pick<Run, 'id' | 'kind' | 'createdAt'>): Promise<Run> {
  const item = {
    ...run,
    ...runKey(run.id),
    ttl: epochSeconds(runKeptMs()),
    ipk: partitionOf(run.kind),
    isk: positionOf(run),
    news: [{ status: run.status, at: clock.now() }],
    told: { count: 0 },
  } as Run;
  await announce(run);
  await store.put(item, absent);
  return item;
}

export const findRun = <Request = object, Facts = object>(id: string): Promise<Run<Request, Facts> | undefined> =>
  store.get<Run<Request, Facts>>(runKey(id));

/** @throws OperationError `not_found` */
export async function loadRun<Request = object, Facts = object>(
  id: string,
  kind: RunKind,
): Promise<Run<Request, Facts>> {
  const run = await findRun<Request, Facts>(id);
  if (run?.kind === kind) return run;
  throw new OperationError('not_found', `there is no ${kind} ${id}`, {
    errors: [{ path: 'id', message: `is the id of no ${kind}` }],
    fix: `Take the id from the answer to POST /${kind}s, or from GET /${kind}s.`,
  });
}

export interface RunChange {
  /** Attributes to set. */
  set?: Partial<Run>;
  /** Steps to put, by id; the others stay. */
  steps?: Steps;
  remove?: (keyof Run & string)[];
  /** The change came from outside, and the workflow must look at it before it lies down. */
  signals?: boolean;
  /** All of these must hold. */
  when: {
    statuses?: RunStatus[];
    generation?: number;
    signal?: number;
    begun?: boolean;
    digest?: string;
  };
}

/**
 * Changes a run by one conditional update, so that of two who want to change its status one wins. What is to be told of
 * a status is written with it.
 * @returns the run as it is now; undefined when a condition does not hold
 */
export async function changeRun({ id }: { id: string }, change: RunChange): Promise<Run | undefined> {
  const status = change.set?.status;
  const news: RunNews[] = status ? [{ status, at: clock.now() }] : [];
  if (status) await announce({ id });
  const expression = new Expression();
  const sets = [
    ...Object.entries({ ...change.set, ttl: epochSeconds(runKeptMs()) }).map(
      ([name, value]) => `${expression.name(name)} = ${expression.value(value)}`,
    ),
    ...Object.entries(change.steps ?? {}).map(
      ([stepId, step]) => `${expression.name('steps')}.${expression.name(stepId)} = ${expression.value(step)}`,
    ),
    ...(status
      ? [`${expression.name('news')} = list_append(${expression.name('news')}, ${expression.value(news)})`]
      : []),
    ...(change.signals ? [`${expression.name('signal')} = ${expression.name('signal')} + ${expression.value(1)}`] : []),
  ];
  const { statuses, ...equal } = change.when;
  const conditions = [
    `attribute_exists(${expression.name('pk')})`,
    ...(statuses ? [`${expression.name('status')} IN (${statuses.map((status) => expression.value(status))})`] : []),
    ...Object.entries(equal).map(([name, value]) => `${expression.name(name)} = ${expression.value(value)}`),
  ];
  const removed = (change.remove ?? []).map((name) => expression.name(name));
  return store.update<Run>(runKey(id), {
    expression: [`SET ${sets.join(', ')}`, ...(removed.length > 0 ? [`REMOVE ${removed.join(', ')}`] : [])].join(' '),
    condition: conditions.join(' AND '),
    names: expression.names,
    values: expression.values,
  });
}

/** Collects the names and values of an update; a name that is used twice is listed once. */
class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};

  name(name: string): string {
    const known = Object.entries(this.names).find(([, held]) => held === name)?.[0];
    const placeholder = known ?? `#n${Object.keys(this.names).length}`;
    this.names[placeholder] = name;
    return placeholder;
  }

  value(value: unknown): string {
    const placeholder = `:v${Object.keys(this.values).length}`;
    this.values[placeholder] = value;
    return placeholder;
  }
}

/** Newest first. */
export async function listRuns<R extends Run = Run>(
  kind: RunKind,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: R[]; cursor: string | null }> {
  const page = await store.queryIndexBackwards(partitionOf(kind), cursor ?? '~', limit);
  const items = page.items as R[];
  const last = items.at(-1);
  return { items, cursor: page.cursor && last ? positionOf(last) : null };
}

const positionOf = ({ createdAt, id }: { createdAt: number; id: string }): string => `${sortableTime(createdAt)}#${id}`;

const watchPartition = 'watched-runs';
const watchKey = (id: string): Key => ({ pk: `run#${id}`, sk: 'watch' });

export interface Watched extends Item {
  id: string;
  kind: RunKind;
}

/** Longer than a workflow that was started or woken just now needs to look at its run. */
const soonMs = 2 * 60_000;

/** Notes when a run that is under way is to have done something: soon, unless given. Whoever is late is looked after. */
export const watchRun = async (
  { id, kind }: { id: string; kind: RunKind },
  dueAt: number = clock.now() + soonMs,
): Promise<void> => {
  const ttl = epochSeconds(runKeptMs());
  const item: Watched = { ...watchKey(id), id, kind, ttl, ipk: watchPartition, isk: sortableTime(dueAt) };
  await store.put(item);
};

export const unwatchRun = async ({ id }: { id: string }): Promise<void> => {
  await store.delete(watchKey(id));
};

/** Runs under way that should have done something before `dueBefore`. */
export async function overdueRuns(dueBefore: number, limit: number): Promise<Watched[]> {
  const { items } = await store.queryIndex(watchPartition, sortableTime(dueBefore), limit);
  return items as Watched[];
}
