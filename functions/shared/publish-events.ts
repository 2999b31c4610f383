import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Deadline } from './clock.ts';
import { env } from './env-names.ts';
import { inLanes } from './lanes.ts';
import { countOf, logger } from './log.ts';
import { memberNews } from './member-news.ts';
import { type News, outbox } from './outbox.ts';
import { announcement, letterOfRun, type RunLetter } from './runs/run-news.ts';
import { type Item, store } from './store.ts';

export interface Published {
  told: number;
  /** Refused by the bus; they stay in the outbox. */
  refused: number;
}

/** An item of the outbox, and all that it tells. */
interface Letter extends RunLetter {
  item: Item;
}

const page = 1_000;
/** The most that EventBridge takes in one call. */
const batch = 10;
const lanes = 20;
/** A page takes less than that. */
const reserveMs = 8_000;

let client: EventBridgeClient | undefined;

const bus = (): EventBridgeClient => {
  client ??= new EventBridgeClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 },
  });
  return client;
};

/**
 * Tells the bus what lies in the outbox, oldest first, and takes it out. What was told just before this died is told
 * again, with the same `eventId`.
 * @throws OperationError `store_unavailable`, or what EventBridge refuses the whole call with
 */
export async function publishEvents(deadline: Deadline): Promise<Published> {
  const published: Published = { told: 0, refused: 0 };
  let last: Item | undefined;
  do {
    const { items, cursor } = await store.queryIndex(outbox, '~', page, last);
    const { told, refused } = await publish(await open(items));
    published.told += told;
    published.refused += refused;
    last = cursor === null ? undefined : items.at(-1);
  } while (last && deadline.msLeft > reserveMs);
  if (published.refused > 0) logger.error('the bus refuses events', { ...published, ...countOf('event_untold') });
  return published;
}

async function open(items: Item[]): Promise<Letter[]> {
  const letters = await Promise.all(items.map(letterOf));
  return letters.filter((letter) => letter !== undefined);
}

async function letterOf(item: Item): Promise<Letter | undefined> {
  if (item.sk === announcement) {
    const letter = await letterOfRun(item);
    return letter && { ...letter, item };
  }
  const news = 'news' in item ? (item.news as News) : memberNews(item as Parameters<typeof memberNews>[0]);
  return { news: [news], told: async () => {}, item };
}

async function publish(letters: Letter[]): Promise<Published> {
  const refused = new Set<News>();
  const all = letters.flatMap(({ news }) => news);
  const batches = Array.from({ length: Math.ceil(all.length / batch) }, (_, index) =>
    all.slice(index * batch, (index + 1) * batch),
  );
  await inLanes(batches, lanes, async (some) => {
    for (const news of await put(some)) refused.add(news);
  });
  const delivered = letters.filter(({ news }) => !news.some((one) => refused.has(one)));
  await inLanes(delivered, lanes, takeOut);
  return { told: all.length - refused.size, refused: refused.size };
}

/** @returns those that the bus refused */
async function put(some: News[]): Promise<News[]> {
  const { Entries = [] } = await bus().send(new PutEventsCommand({ Entries: some.map(toEntry) }));
  return some.filter((_, index) => Entries[index]?.EventId === undefined);
}

function toEntry({ eventId, detailType, occurredAt, detail }: News): PutEventsRequestEntry {
  return {
    EventBusName: process.env[env.eventBus],
    Source: 'usher',
    DetailType: detailType,
    Time: new Date(occurredAt),
    Detail: JSON.stringify({ eventId, occurredAt, ...detail }),
  };
}

/** Unless it was put in again meanwhile, with more to tell. */
async function takeOut({ item: { pk, sk, isk }, told }: Letter): Promise<void> {
  await told();
  await store.update(
    { pk, sk },
    {
      expression: 'REMOVE #ipk, #isk',
      condition: '#isk = :isk',
      names: { '#ipk': 'ipk', '#isk': 'isk' },
      values: { ':isk': isk },
    },
  );
}
