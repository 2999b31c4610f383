import { clock } from './clock.ts';
import type { OperationError } from './errors.ts';
import { absent, epochSeconds, type Item, sortableTime, store } from './store.ts';

/** What the bus is told: ids, flags and words of ours, nothing else. */
export interface News {
  /** The same whenever it is told, so that who hears it twice can notice. */
  eventId: string;
  /** Such as `Member.deleted`. */
  detailType: string;
  /** ISO 8601 in UTC. */
  occurredAt: string;
  detail: Record<string, unknown>;
}

export const outbox = 'outbox';

/** Attributes that put an item into the outbox, behind all that are there. `cleanup/publish-events` takes it out. */
export const inOutbox = (id: string): Pick<Item, 'ipk' | 'isk'> => ({
  ipk: outbox,
  isk: `${sortableTime(clock.now())}#${id}`,
});

const hourMs = 3_600_000;
/** How long something that was told is not told again. */
const keptMs = 30 * 24 * hourMs;

/** Puts news of its own into the outbox, once for each `eventId`. @throws OperationError `store_unavailable` */
export async function tell(news: News): Promise<void> {
  const { eventId } = news;
  const item: Item = { pk: `news#${eventId}`, sk: 'news', ttl: epochSeconds(keptMs), news, ...inOutbox(eventId) };
  await store.put(item, absent);
}

/** What the fence has stopped: the plan of a run, or a single write. */
type Stopped = { runId: string; digest: string } | { subject: string; runId?: string };

/**
 * Tells that the fence has stopped something: once for a plan, and once in an hour for the single writes of a provider.
 * @param refusal `fence_tripped`, with its provider and its numbers
 * @throws OperationError `store_unavailable`
 */
export async function tellFenceTripped(refusal: OperationError, stopped: Stopped): Promise<void> {
  const now = clock.now();
  const provider = refusal.options.provider?.name;
  const { used, limit, asked } = refusal.options.members ?? {};
  const about = 'digest' in stopped ? `${stopped.runId}-${stopped.digest}` : `${provider}-${Math.floor(now / hourMs)}`;
  const subject = 'subject' in stopped && { subject: stopped.subject };
  const run = stopped.runId !== undefined && { runId: stopped.runId };
  await tell({
    eventId: `fence-${about}`,
    detailType: 'Fence.Tripped',
    occurredAt: new Date(now).toISOString(),
    detail: { provider, ...subject, ...run, used, limit, asked, reason: refusal.message },
  });
}
