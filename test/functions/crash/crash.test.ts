import { handler as settleIntents } from '../../../functions/cleanup/settle-intents.ts';
import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { loadOperations } from '../../../infra/operations.ts';
import { invoke, type Json, lambdaContext } from '../../support/invoke.ts';
import { lambdas } from '../../support/lambda.ts';
import { newTable, simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';
import { coveredBy, type SampleWrite, writes } from './writes.ts';

/**
 * A process that dies is killed here, by SIGKILL, when each of its requests leaves and when it is answered. The clock of
 * the test is hours ahead of it, so its lease has ended when the settling begins.
 */

const operations = (await loadOperations()).filter(({ operation }) => operation.effect !== 'read');
const sampled = operations.flatMap((found) => {
  const write = writes[found.id];
  return write ? [{ ...found, write }] : [];
});
const providers = { wecom: simulated('wecom'), dingtalk: simulated('dingtalk'), wibiclick: simulated('wibiclick') };
const start = await lambdas();
const dayMs = 86_400_000;

test('every operation with an effect is here', () => {
  const missing = operations.filter(({ id }) => !writes[id] && !coveredBy[id]);

  expect(missing.map(({ id }) => id)).toEqual([]);
});

test.each(sampled)(
  '$id, killed before and after each of its requests, leaves a true ledger and no lock',
  async ({ id, handler, write }) => {
    const undisturbed = await start(id).invoke(write.request);
    expect(undisturbed?.status).toBe(200);
    const { events = 0 } = undisturbed ?? {};
    expect(events).toBeGreaterThan(10);

    const ends = [];
    let ahead = start(id);
    for (let killAt = 1; killAt <= events; killAt++) {
      const next = ahead;
      ahead = start(id); // it starts while the other one works
      await reset(write);
      expect(await next.invoke(write.request, { killAt })).toBeUndefined();
      const sent = (await providers[write.provider].requests(write.sentTo)).length;
      const done = write.isDone(await providers[write.provider].state());

      const [entry, ...others] = await settledLedger(write);
      const again = await invoke(handler, write.request);

      ends.push({ sent, done, state: entry?.state });
      expect({ killAt, others }).toEqual({ killAt, others: [] });
      expect({ killAt, status: again.status }).toEqual({ killAt, status: done ? write.again : 200 });
    }

    // Each is true by itself, and the run of them shows that the kills were spread over the whole way.
    for (const end of ends) expect(truths).toContainEqual(end);
    expect(ends[0]).toEqual({ sent: 0, done: false, state: undefined });
    expect(ends.at(-1)).toMatchObject({ sent: 1, done: true });
    expect(ends.some(({ state, done }) => state !== undefined && !done)).toBe(true);
  },
  120_000,
);

/** What may be found, whenever the process died. No read of DingTalk shows whether an account is disabled. */
const truths = [
  { sent: 0, done: false, state: undefined },
  { sent: 0, done: false, state: 'failed' },
  { sent: 1, done: true, state: 'succeeded' },
  { sent: 1, done: false, state: 'failed' },
  { sent: 0, done: false, state: 'unknown' },
  { sent: 1, done: true, state: 'unknown' },
];

async function reset({ provider }: SampleWrite): Promise<void> {
  await fetch(`${providers[provider].url}/_sandbox/reset`, { method: 'POST', body: '{}' });
  await newTable();
  time.advance(dayMs);
}

/** The ledger once nothing is under way in it: after the first settling, or after a day where nothing can be read. */
async function settledLedger(write: SampleWrite): Promise<Json[]> {
  await settleIntents({}, lambdaContext());
  if ((await ledgerOf(write)).some(({ state, settledAt }) => state === 'unknown' && !settledAt)) {
    time.advance(dayMs);
    await settleIntents({}, lambdaContext());
  }
  return ledgerOf(write);
}

async function ledgerOf({ subject }: SampleWrite): Promise<Json[]> {
  const { body } = await invoke(readLedger, { query: `subject=${subject}` });
  return body.items;
}
