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

/** Those that write to an account: what concerns a run writes through its workflow, and is killed in its own tests. */
const operations = (await loadOperations()).filter(({ handler }) => 'bulk' in handler);
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

    const states = new Set<string | undefined>();
    let ahead = start(id);
    for (let killAt = 1; killAt <= events; killAt++) {
      const next = ahead;
      ahead = start(id); // it starts while the other one works
      await reset(write);
      expect(await next.invoke(write.request, { killAt })).toBeUndefined();
      const done = write.isDone(await providers[write.provider].state());
      const sent = (await providers[write.provider].requests(write.sentTo)).length;

      const [entry, ...others] = await settledLedger(write);
      const again = await invoke(handler, write.request);

      states.add(entry?.state);
      expect({ killAt, sent, others }).toEqual({ killAt, sent: done ? 1 : 0, others: [] });
      expect({ killAt, states: truths(write, done) }).toEqual({
        killAt,
        states: expect.arrayContaining([entry?.state]),
      });
      expect({ killAt, status: again.status }).toEqual({ killAt, status: done ? write.again : 200 });
    }
    // The kills were spread over the whole way.
    expect(states).toEqual(new Set([undefined, write.isUnreadable ? 'unknown' : 'failed', 'succeeded']));
  },
);

/** What the ledger may say; nothing at all when it died before its intent was recorded. */
const truths = ({ isUnreadable }: SampleWrite, done: boolean): (string | undefined)[] => [
  ...(done ? ['succeeded'] : ['failed', undefined]),
  ...(isUnreadable ? ['unknown'] : []),
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
