import { clock } from '../../shared/clock.ts';
import { logger, whereOf } from '../../shared/log.ts';
import { epochSeconds, equals, store } from '../../shared/store.ts';

const keyOf = (provider: string) => ({ pk: `turn#${provider}`, sk: 'turn' });
/** Longer than a slice of work takes. */
const turnMs = 150_000;

/**
 * One job at a time works at a provider, at the full speed that the provider allows. The turn of a worker that died ends
 * by itself.
 * @returns whether it is this job's turn
 */
export const takeTurn = (provider: string, jobId: string): Promise<boolean> =>
  store.put(
    { ...keyOf(provider), jobId, until: clock.now() + turnMs, ttl: epochSeconds(2 * turnMs) },
    {
      expression: 'attribute_not_exists(#pk) OR #jobId = :jobId OR #until < :now',
      names: { '#pk': 'pk', '#jobId': 'jobId', '#until': 'until' },
      values: { ':jobId': jobId, ':now': clock.now() },
    },
  );

/** Gives the turn back, if it is this job's. One that cannot be given back ends by itself. */
export async function endTurn(provider: string, jobId: string): Promise<void> {
  try {
    await store.delete(keyOf(provider), equals('jobId', jobId));
  } catch (error) {
    logger.warn('a turn was not given back; it ends by itself', whereOf(error));
  }
}
