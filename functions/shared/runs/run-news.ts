import { clock } from '../clock.ts';
import { runKeptMs } from '../ledger.ts';
import { inOutbox, type News } from '../outbox.ts';
import { epochSeconds, type Item, type Key, store } from '../store.ts';
import { iso, type Run, type RunNews } from './run.ts';

export const announcement = 'announced';

/** Longer than any function needs from announcing a change to making it. */
const makingMs = 10 * 60_000;

export const runKey = (id: string): Key => ({ pk: `run#${id}`, sk: 'run' });

/**
 * Notes that there may be something to tell of a run. Before it is changed: when this dies on the way, whoever looks
 * finds what was changed, if it was.
 */
export async function announce({ id }: { id: string }): Promise<void> {
  const ttl = epochSeconds(runKeptMs());
  await store.put({ pk: `run#${id}`, sk: announcement, ttl, id, at: clock.now(), ...inOutbox(id) });
}

/** What is to be told of a run, and how to note that it was. */
export interface RunLetter {
  news: News[];
  told(): Promise<unknown>;
}

/** @returns undefined when the change that was announced has still to be made */
export async function letterOfRun({ id, at }: Item): Promise<RunLetter | undefined> {
  const run = await store.get<Run>(runKey(String(id)));
  if (run && run.news.length > 0) return { news: newsOf(run), told: () => noteTold(run) };
  return clock.now() - Number(at) > makingMs ? { news: [], told: async () => {} } : undefined;
}

/** A status that was set anew is no news. */
function newsOf({ id, kind, requester, news, told }: Run): News[] {
  const numbered = news.map((one, index) => ({ ...one, number: told.count + index + 1, before: news[index - 1] }));
  return numbered
    .filter(({ status, before = told }) => status !== before.status)
    .map(({ status, at, number }) => ({
      eventId: `${id}-${number}`,
      detailType: `Run.${status}`,
      occurredAt: iso(at),
      detail: { id, kind, status, requester },
    }));
}

/** What was added meanwhile stays. */
function noteTold({ id, news, told }: Run): Promise<unknown> {
  const last: RunNews | undefined = news.at(-1);
  return store.update(runKey(id), {
    expression: `SET #told = :told REMOVE ${news.map((_, index) => `#news[${index}]`).join(', ')}`,
    condition: '#told.#count = :count',
    names: { '#told': 'told', '#news': 'news', '#count': 'count' },
    values: { ':told': { count: told.count + news.length, status: last?.status }, ':count': told.count },
  });
}
