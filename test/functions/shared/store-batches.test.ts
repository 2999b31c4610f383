import { store } from '../../../functions/shared/store.ts';
import { deleteAll, putAll } from '../../../functions/shared/store-many.ts';
import '../../support/providers.ts';
import { proxiedStore } from '../../support/store-proxy.ts';

const proxy = proxiedStore();
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ pk: 'batch', sk: String(index).padStart(5, '0'), value: index }));
const stored = () => Array.fromAsync(store.queryAll('batch', ''));

test.each([
  [0, 0],
  [1, 1],
  [25, 1],
  [26, 2],
  [260, 11],
])('puts and deletes %i items with %i calls each', async (count, calls) => {
  const items = numbered(count);

  await putAll(items);

  expect(proxy.takeCalls()).toEqual(Array(calls).fill('BatchWriteItem'));
  expect((await stored()).reverse()).toEqual(items);
  proxy.takeCalls();

  await deleteAll(items);

  expect(proxy.takeCalls()).toEqual(Array(calls).fill('BatchWriteItem'));
  expect(await stored()).toEqual([]);
});

test('puts items that are as large as DynamoDB takes them', async () => {
  const items = numbered(4).map((item) => ({ ...item, text: 'x'.repeat(399_000) }));

  await putAll(items);

  expect(await stored()).toHaveLength(4);
});

test('puts in the place of what is there, leaves out what is undefined, and touches nothing else', async () => {
  await putAll(numbered(3));

  await putAll([{ pk: 'batch', sk: '00001', value: 'new', more: undefined }]);
  await deleteAll([
    { pk: 'batch', sk: '00000' },
    { pk: 'batch', sk: 'never there' },
  ]);

  expect(await stored()).toEqual([
    { pk: 'batch', sk: '00002', value: 2 },
    { pk: 'batch', sk: '00001', value: 'new' },
  ]);
});

test('sends a lost batch again', async () => {
  proxy.loseAnswer('BatchWriteItem');

  await putAll(numbered(30));

  expect(await stored()).toHaveLength(30);
});

test('sends no further batch when the store is down', async () => {
  proxy.refuse();

  await expect(putAll(numbered(1_000))).rejects.toMatchObject({ code: 'store_unavailable' });

  proxy.refuse(() => false);
  expect(await stored()).toEqual([]);
});
