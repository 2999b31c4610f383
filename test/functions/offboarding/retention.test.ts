import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, now, removeItem, setEnv, storedItems } from './support.ts';

const offboarding = offboardings();
const { lambda } = offboarding;
const by = consoles(offboarding);
logLines();

beforeEach(() => setEnv({ USHER_LEDGER_DAYS: '30' }));

/** As DynamoDB does within some days. */
async function expireItems(): Promise<void> {
  const old = (await storedItems()).filter(({ ttl }) => ttl !== undefined && ttl * 1000 < now());
  for (const { pk, sk } of old) await removeItem({ pk, sk });
}

async function pass(days: number): Promise<void> {
  lambda.advance(days * dayMs);
  await lambda.settled();
  await expireItems();
}

test('a run that lasts longer than the ledger keeps its entries is carried out to its end', async () => {
  const id = await offboarding.start({ ...everywhere, graceDays: 120 });
  await pass(119);
  expect((await offboarding.get(id)).status).toBe('grace');

  expect((await offboarding.toEnd(id)).status).toBe('completed');
});

test('a run that lasts longer than the ledger keeps its entries gives back what it took', async () => {
  const id = await offboarding.start({ ...everywhere, graceDays: 120 });
  await pass(119);

  expect((await offboarding.cancel(id)).status).toBe(202);
  const run = await offboarding.toEnd(id);

  for (const provider of ['wecom', 'dingtalk', 'wibiclick']) {
    expect(stepOf(run, provider, 'restore').status).toBe('succeeded');
  }
  expect(await by.memberOf('lisi')).toMatchObject({ enable: 1 });
});

test('a run is watched for as long as it lasts', async () => {
  const id = await offboarding.start({ ...everywhere, graceDays: 120 });
  await pass(60);

  expect((await storedItems()).map(({ pk, sk }) => `${pk} ${sk}`)).toContain(`run#${id} watch`);
});
