import * as fc from 'fast-check';
import { OperationError } from '../../../functions/shared/errors.ts';
import { Pace, Paces, type Rate } from '../../../functions/shared/pace.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

const throttled = new OperationError('provider_rate_limited', 'too fast');
const failed = new OperationError('provider_unavailable', 'down');

interface Job {
  /** When it comes. */
  at: number;
  /** How long it is on its way to the provider, and back. */
  there: number;
  back: number;
  failure?: OperationError | undefined;
}

/** @returns when the calls started and when the provider counted them, in the order in which they came */
function paced(rate: Rate, jobs: Job[]): Promise<{ started: number; counted: number }[]> {
  const time = new VirtualTime();
  const pace = new Pace(rate);
  const make = async ({ at, there, back, failure }: Job) => {
    await time.sleep(at);
    const times = { started: Number.NaN, counted: Number.NaN };
    const call = async () => {
      times.started = time.now;
      await time.sleep(there);
      times.counted = time.now;
      await time.sleep(back);
      if (failure) throw failure;
    };
    await pace.run(call).catch((error) => expect(error).toBe(failure));
    return times;
  };
  return time.run(() => Promise.all(jobs.map(make)));
}

const jobs = (count: number, job: Partial<Job> = {}): Job[] =>
  Array.from({ length: count }, () => ({ at: 0, there: 0, back: 0, ...job }));

const slow: Job = { at: 0, there: 900, back: 100 };

test('no window, begun whenever, holds more than the limit, however long each call is on its way', async () => {
  const rate = fc.record({ calls: fc.integer({ min: 1, max: 6 }), ms: fc.integer({ min: 1, max: 1000 }) });
  const part = fc.double({ min: 0, max: 1500, noNaN: true });
  const failure = fc.constantFrom(undefined, undefined, undefined, throttled, failed);
  const job = fc.record({ at: part, there: part, back: part, failure });

  await fc.assert(
    fc.asyncProperty(rate, fc.array(job, { maxLength: 30 }), async (rate, all) => {
      const calls = await paced(rate, all);

      for (const { counted: begin } of calls) {
        const held = calls.filter(({ counted }) => counted >= begin && counted < begin + rate.ms);
        expect(held.length).toBeLessThanOrEqual(rate.calls);
      }
    }),
  );
});

test('calls start in the order in which they come', async () => {
  const all = [5, 3, 9, 0, 7, 1].map((at) => ({ at, there: 400 - 40 * at, back: 0 }));

  const calls = await paced({ calls: 2, ms: 100 }, all);

  const byStart = calls.map(({ started }, index) => ({ started, at: all[index]?.at })).sort(byStarted);
  expect(byStart.map(({ at }) => at)).toEqual([0, 1, 3, 5, 7, 9]);
});

const byStarted = (a: { started: number }, b: { started: number }) => a.started - b.started;

test.each<[name: string, rate: Rate, all: Job[], starts: number[]]>([
  ['nothing waits below the limit', { calls: 3, ms: 1000 }, jobs(3), [0, 0, 0]],
  ['the next waits until the first ended so long ago', { calls: 2, ms: 1000 }, jobs(5), [0, 0, 1001, 1001, 2002]],
  ['a slow call holds its own place only', { calls: 2, ms: 100 }, [slow, ...jobs(3)], [0, 0, 101, 202]],
  ['while all are under way nobody starts', { calls: 1, ms: 100 }, [slow, ...jobs(1)], [0, 1101]],
  ['after a pause all places are free', { calls: 2, ms: 100 }, [...jobs(2), ...jobs(2, { at: 500 })], [0, 0, 500, 500]],
])('%s', async (_, rate, all, starts) => {
  const calls = await paced(rate, all);

  expect(calls.map(({ started }) => started)).toEqual(starts);
});

describe('a call that is throttled', () => {
  const refused = jobs(1, { failure: throttled });
  const burst = jobs(20, { failure: throttled });
  const later = (count: number, failure?: OperationError) => jobs(count, { at: 1, failure });

  test.each<[name: string, calls: number, all: Job[], perWindow: number[]]>([
    ['halves the limit, which grows back by tenths', 20, [...refused, ...later(109)], [10, 12, 14, 16, 18, 20, 20]],
    ['halves it once with all that had started by then', 20, [...burst, ...later(32)], [20, 12, 14, 6]],
    [
      'halves it again after that',
      20,
      [...refused, ...later(9), ...later(1, throttled), ...later(35)],
      [10, 6, 8, 10, 12],
    ],
    ['leaves one call at least', 1, [...refused, ...later(2, throttled), ...later(1)], [1, 1, 1, 1]],
    ['leaves the limit as it is when it failed otherwise', 20, [...later(1, failed), ...later(49)], [20, 20, 10]],
  ])('%s', async (_, calls, all, perWindow) => {
    const windows: number[] = [];
    for (const { started } of await paced({ calls, ms: 1000 }, all)) {
      const window = Math.floor(started / 1001);
      windows[window] = (windows[window] ?? 0) + 1;
    }

    expect(windows).toEqual(perWindow);
  });
});

test('each class of calls has a pace of its own, at the rate of its first call', async () => {
  const time = new VirtualTime();
  let rates = 0;
  const paces = new Paces(() => ({ calls: ++rates, ms: 1000 }));
  const ended: string[] = [];
  const make = (name: string) => paces.run(name, async () => void ended.push(`${name} ${time.now}`));

  await time.run(() => Promise.all(['get', 'delete', 'get', 'delete', 'delete'].map(make)));

  expect(ended.sort()).toEqual(['delete 0', 'delete 0', 'delete 1001', 'get 0', 'get 1001']);
});
