import { setTimeout } from 'node:timers/promises';
import { handler } from '../../../functions/dingtalk/delete-user.ts';
import { clock, Deadline } from '../../../functions/shared/clock.ts';
import { env } from '../../../functions/shared/env-names.ts';
import { Pace } from '../../../functions/shared/pace.ts';
import { createDingtalkSimulator } from '../../../sandbox/dingtalk.ts';
import type { ProviderCall } from '../../../sandbox/simulator.ts';
import type { Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';
import { VirtualTime } from '../../support/virtual-time.ts';
import { deletePath, getPath, legacyTokenPath, listidPath } from './support.ts';

// With the limits that DingTalk publishes, by the clock of the test: the simulator counts in windows of a second.
const dingtalk = simulated('dingtalk', () => createDingtalkSimulator({ callsPerSecond: 20, now: () => clock.now() }));
beforeAll(() => {
  process.env[env.dingtalkCallsPerSecond] = '20';
});

afterEach(() => import.meta.jest.restoreAllMocks());

const { bulk } = handler;
const members = bulk.lanes * bulk.size;
const deletions = Array.from({ length: members }, (_, index) => ({
  userid: `member-${String(index + 1).padStart(5, '0')}`,
}));

/** Deletes all members as a job does, with a batch in each lane. Only waiting takes time, and calls arrive before it. */
async function removeAll(): Promise<Json[]> {
  time.hold();
  const { sleep } = clock;
  import.meta.jest.spyOn(clock, 'sleep').mockImplementation(async (ms) => {
    // In parts, since what arrives after a pause of the machine comes behind the one timer that is due then.
    for (let parts = 0; parts < 10; parts++) await setTimeout(5);
    return sleep(ms);
  });
  const batches = Array.from({ length: bulk.lanes }, (_, lane) =>
    deletions.slice(lane * bulk.size, (lane + 1) * bulk.size),
  );
  const ends = await Promise.all(batches.map((batch) => bulk.connect(new Deadline(600_000)).run(batch)));
  return ends.flat();
}

const deleted = Array(members).fill(expect.objectContaining({ outcome: 'deleted', verified: true }));

test('no call of a job is throttled at the published limit', async () => {
  await dingtalk.reset({ members });

  expect(await removeAll()).toEqual(deleted);

  expect(await dingtalk.requests(getPath)).toHaveLength(members);
  expect(await dingtalk.requests(deletePath)).toHaveLength(members);
  expect(await dingtalk.requests(listidPath)).toHaveLength(6);
});

test('and where something else takes from the limit, the job slows down and ends well', async () => {
  await dingtalk.reset({ members });
  await dingtalk.faults(
    ...[getPath, deletePath].flatMap((path) => [
      { path, times: 30, then: { delayMs: 0 } },
      { path, times: 5, then: { errcode: 90018 } },
      { path, times: 30, then: { delayMs: 0 } },
      { path, times: 5, then: { errcode: 90002 } },
    ]),
  );

  expect(await removeAll()).toEqual(deleted);

  expect(await dingtalk.requests(getPath)).toHaveLength(members + 10);
  expect(await dingtalk.requests(deletePath)).toHaveLength(members + 10);
});

test.each([
  [20, 10_000, 0],
  [20, 10_000, 80],
  [10, 10_000, 80],
  [1, 100, 80],
])(
  'at %i a second none of %i calls that take up to %i ms is throttled, and not 5 %% of the time is lost',
  async (calls, count, ms) => {
    const virtual = new VirtualTime();
    const ask = askDingtalk({ callsPerSecond: calls, now: () => Math.floor(virtual.now) });
    const pace = new Pace({ calls, ms: 1000 });
    const codes: unknown[] = [];
    const call = async (took: number) => {
      await virtual.sleep(took / 2);
      codes.push(ask());
      await virtual.sleep(took / 2);
    };
    const latencies = Array.from({ length: count }, (_, index) => (ms * ((index * 7) % 11)) / 10);

    await virtual.run(() => Promise.all(latencies.map((took) => pace.run(() => call(took)))));

    expect(codes).toEqual(Array(count).fill(0));
    expect(virtual.now).toBeLessThan((1000 * count) / calls / 0.95);
  },
);

/** @returns one call, which gives the code that DingTalk answers it with */
function askDingtalk(limits: Parameters<typeof createDingtalkSimulator>[0]): () => unknown {
  const simulator = createDingtalkSimulator(limits);
  const called = { method: 'POST', query: {}, headers: {}, body: { userid: 'lisi' }, ip: '127.0.0.1' };
  const app = { appkey: 'dingsandbox', appsecret: 'sandbox-ding' };
  const handle = (call: Partial<ProviderCall> & { path: string }): Json =>
    simulator.handle({ ...called, ...call }).body;
  const { access_token } = handle({ method: 'GET', path: legacyTokenPath, query: app });
  return () => handle({ path: getPath, query: { access_token } }).errcode;
}
