import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { mortal, throughTrouble } from '../../support/mortal.ts';
import { newTable } from '../../support/providers.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { thingsOf } from './truth.ts';

/** The look of the workflow that begins removing, and a cancel, each of whose requests takes its turn. */

type Side = 'workflow' | 'cancel';

const offboarding = offboardings();
const { dingtalk, wibiclick, lambda } = offboarding;
const functions = mortal();
const turns = turnstile();
const accounts = { dingtalk: { userid: 'sunqi' } };
logLines();

beforeEach(() => {
  functions.watch(({ what }) => what === 'answered' && turns.next());
  lambda.invokeBy((functionName, event) =>
    functions
      .invoking(
        async () => (await import('../../../functions/offboarding/run-offboarding.ts')).handler,
        turns.side('workflow'),
      )(functionName, event)
      .finally(() => turns.leave('workflow')),
  );
});

/** How many requests of the workflow come before the cancel reads, asks for a plan, and asks for a run under way. */
const interleavings = nonDecreasing(3, 7);

test('there are more than a hundred interleavings', () => {
  expect(interleavings.length).toBeGreaterThan(100);
});

test('of a cancel and a removal at the same time one wins, and the other has no effect', async () => {
  const winners = { cancel: 0, removal: 0 };
  for (const before of interleavings) {
    const { run, answer, things } = await race(before);
    const isCancelled = answer.status === 202;
    winners[isCancelled ? 'cancel' : 'removal'] += 1;
    const seen = { before, run: run.status, answer: answer.status, told: answer.body.runStatus, things };
    expect(seen).toEqual(
      isCancelled
        ? {
            before,
            run: 'cancelled',
            answer: 202,
            told: undefined,
            things: ['dingtalk:sunqi true', 'dingtalk:sunqi/access true'],
          }
        : {
            before,
            run: 'completed',
            answer: 409,
            told: expect.stringMatching(/removing|verifying/),
            things: ['dingtalk:sunqi false'],
          },
    );
  }
  // Neither wins always, so they did race.
  expect(Math.min(winners.cancel, winners.removal)).toBeGreaterThan(10);
});

test('a cancel right after a retry, before the workflow looks, gives back what the first attempt took', async () => {
  const leaver = { wibiclick: { userId: '101' }, ...accounts };
  await wibiclick.faults({ path: '/disconnect-user-from-website', then: { status: 400 } });
  const id = await offboarding.start({ accounts: leaver, graceDays: 30 });
  const stopped = await offboarding.get(id);
  expect(stepOf(stopped, 'wibiclick', 'disable').status).toBe('needs_attention');
  const connected = async () => (await wibiclick.state()).links.filter(({ userId }: Json) => userId === '101').length;
  expect(await connected()).toBe(1);

  functions.dieAt(() => true);
  expect((await offboarding.retry(id)).status).toBe(202);
  expect((await offboarding.cancel(id)).status).toBe(202);
  functions.dieAt(() => false);
  const run = await throughTrouble(offboarding, id);

  expect(run.status).toBe('cancelled');
  expect(await connected()).toBe(2);
});

async function race(before: number[]) {
  await dingtalk.reset();
  await newTable();
  lambda.advance(dayMs);
  const id = await offboarding.start({ accounts, graceDays: 1 });
  turns.begin(orderOf(before));

  lambda.advance(dayMs + minuteMs);
  const answer = await functions
    .live(() => offboarding.cancel(id), turns.side('cancel'))
    .finally(() => turns.leave('cancel'));
  const run = await throughTrouble(offboarding, id);
  const things = await thingsOf(offboarding, run, accounts);
  return { run, answer, things: things.map(({ subject, isHeld }) => `${subject} ${isHeld}`) };
}

function orderOf(before: number[]): Side[] {
  return before.flatMap((count, index): Side[] => [
    ...Array.from({ length: count - (before[index - 1] ?? 0) }, (): Side => 'workflow'),
    'cancel',
    // Between these two it only notes that the run is to be looked after.
    ...(index === 1 ? (['cancel'] as const) : []),
  ]);
}

/** All sequences of this length of numbers from 0 to `most` that never fall. */
function nonDecreasing(length: number, most: number, from = 0): number[][] {
  if (length === 0) return [[]];
  return Array.from({ length: most - from + 1 }, (_, index) => from + index).flatMap((first) =>
    nonDecreasing(length - 1, most, first).map((rest) => [first, ...rest]),
  );
}

/** Lets the requests of two sides through one at a time, each when the one before was answered, and then all. */
function turnstile() {
  let order: Side[] | undefined;
  let isBusy = false;
  const waiting: Record<Side, (() => void)[]> = { workflow: [], cancel: [] };
  const pass = () => {
    if (!order || isBusy) return;
    const [side] = order;
    if (!side) {
      order = undefined;
      for (const release of [...waiting.workflow.splice(0), ...waiting.cancel.splice(0)]) release();
      return;
    }
    const release = waiting[side].shift();
    if (!release) return;
    order.shift();
    isBusy = true;
    release();
  };
  const next = () => {
    isBusy = false;
    pass();
  };
  return {
    side: (side: Side) => ({
      gate: (): Promise<void> | undefined =>
        order &&
        new Promise((resolve) => {
          waiting[side].push(resolve);
          pass();
        }),
    }),
    begin: (given: Side[]): void => {
      order = given;
      isBusy = false;
    },
    next,
    /** A side that has come to its end takes no more turns. */
    leave: (side: Side): void => {
      order = order?.filter((other) => other !== side);
      next();
    },
  };
}
