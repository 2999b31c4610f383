import { giveBack, reserve } from '../../../functions/shared/budget.ts';
import { clock } from '../../../functions/shared/clock.ts';
import { store } from '../../../functions/shared/store.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { proxiedStore } from '../../support/store-proxy.ts';
import { time } from '../../support/time.ts';
import { until } from '../../support/until.ts';

simulated('wecom');
const proxy = proxiedStore();
logLines();
const hourMs = 3_600_000;
beforeEach(() => time.advance(hourMs - (clock.now() % hourMs)));
const used = async () => Number((await store.get({ pk: 'budget#wecom', sk: 'day' }))?.used ?? 0);

test('a removal that is counted while another function opens the next hour is not forgotten', async () => {
  await reserve('wecom', { count: 1 });
  const { promise, resolve } = Promise.withResolvers<void>();
  time.advance(hourMs);
  proxy.takeCalls();
  proxy.hold('PutItem', promise);
  const opening = reserve('wecom', { count: 1 });
  let seen: string[] = [];
  await until(async () => {
    seen = [...seen, ...proxy.takeCalls()];
    return seen.includes('PutItem');
  });
  // The clock of the other function is a little behind.
  time.advance(-2_000);
  await reserve('wecom', { count: 20 });
  time.advance(2_000);
  resolve();
  await opening;

  expect(await used()).toBe(22);
});

test('what is given back is given back once, although the answer of the store is lost', async () => {
  await reserve('wecom', { count: 20 });
  const second = await reserve('wecom', { count: 10 });
  proxy.loseAnswer('UpdateItem');

  await giveBack('wecom', second);

  expect(await used()).toBe(20);
});

test.each([
  ['the first of an hour', 'PutItem', 0],
  ['a later one', 'UpdateItem', 1],
])('a reservation whose answer is lost is counted once, and does not trip over itself: %s', async (_, call, before) => {
  if (before > 0) await reserve('wecom', { count: before });
  proxy.loseAnswer(call);

  await reserve('wecom', { count: 30 });

  expect(await used()).toBe(before + 30);
});
