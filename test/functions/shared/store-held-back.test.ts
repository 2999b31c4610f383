import { deleteAll, putAll } from '../../../functions/shared/store-many.ts';
import type { Json } from '../../support/invoke.ts';
import { type ScriptedReply, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.ts';
import { time } from '../../support/time.ts';

type Requests = Json[];
let server: ScriptedServer;
let replyTo: (requests: Requests) => ScriptedReply;

beforeAll(async () => {
  server = await startScriptedServer(({ body }) => replyTo(body.RequestItems.usher));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: server.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    USHER_TABLE: 'usher',
  });
});
beforeEach(() => server.seen.splice(0));
afterAll(() => server.close());

const items = (count: number) => Array.from({ length: count }, (_, index) => ({ pk: 'p', sk: String(index) }));
const sentKeys = (): string[][] =>
  server.seen.map(({ body }) => body.RequestItems.usher.map(({ PutRequest }: Json) => PutRequest.Item.sk.S));
const holdBack = (requests: Requests): ScriptedReply => ({ body: { UnprocessedItems: { usher: requests } } });
const refuse = (name: string): ScriptedReply => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'slow down' },
});

test('sends what was held back again, and nothing else, after a wait', async () => {
  replyTo = (requests) => holdBack(requests.slice(2));

  await putAll(items(5));

  expect(sentKeys()).toEqual([['0', '1', '2', '3', '4'], ['2', '3', '4'], ['4']]);
  expect(time.waits).toEqual([500, 1_000]);
});

test.each(['ProvisionedThroughputExceededException', 'ThrottlingException'])(
  'waits when a whole batch is held back: %s',
  async (name) => {
    replyTo = () => (time.waits.length === 0 ? refuse(name) : { body: {} });

    await putAll(items(3));

    expect(sentKeys().at(-1)).toEqual(['0', '1', '2']);
    expect(time.waits).toEqual([500]);
  },
);

test('ends when the store takes nothing, and leaves the batches that remain', async () => {
  replyTo = holdBack;

  await expect(putAll(items(1_000))).rejects.toMatchObject({
    code: 'store_unavailable',
    retryable: true,
    message: 'the store cannot be used (it holds writes back)',
  });

  const tries = 5;
  const lanes = 4;
  expect(server.seen).toHaveLength(tries * lanes);
});

test('a deletion that was held back is sent again', async () => {
  replyTo = (requests) => holdBack(requests.slice(1));

  await deleteAll(items(2));

  expect(server.seen.map(({ body }) => body.RequestItems.usher)).toEqual([
    [
      { DeleteRequest: { Key: { pk: { S: 'p' }, sk: { S: '0' } } } },
      { DeleteRequest: { Key: { pk: { S: 'p' }, sk: { S: '1' } } } },
    ],
    [{ DeleteRequest: { Key: { pk: { S: 'p' }, sk: { S: '1' } } } }],
  ]);
});
