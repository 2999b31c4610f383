import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startAws } from '../../sandbox/aws.ts';
import { EventBus, type Subscriber } from '../../sandbox/event-bus.ts';
import type { RunningServer } from '../../sandbox/simulator.ts';
import type { Json } from '../support/invoke.ts';

let bus: EventBus;
let server: RunningServer;
let eventBridge: EventBridgeClient;
let sqs: SQSClient;
let delivered: Json[] = [];
let lost: Json[] = [];
/** How often a function fails before it succeeds. */
let failures = 0;

const onNews: Subscriber = {
  id: 'test/on-news',
  operation: { event: { source: 'test', detailType: 'News' } },
  handler: async (event) => {
    delivered.push(event);
    if (delivered.length <= failures) throw new RangeError('not yet');
  },
};
const bury = { id: 'test/bury', handler: async (event: object) => void lost.push(event) };

beforeEach(async () => {
  [delivered, lost, failures] = [[], [], 0];
  bus = new EventBus(
    async () => [onNews],
    async () => [bury],
  );
  server = await startAws({}, 0, undefined, undefined, bus.actions());
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  eventBridge = new EventBridgeClient({ endpoint: server.url, region: 'us-east-1', credentials });
  sqs = new SQSClient({ endpoint: server.url, region: 'us-east-1', credentials });
});
afterEach(() => {
  eventBridge.destroy();
  sqs.destroy();
  return server.close();
});

const entry = (Detail = '{"a":1}', DetailType = 'News') => ({ EventBusName: 'b', Source: 'test', DetailType, Detail });
const putEvents = (...Entries: object[]) => eventBridge.send(new PutEventsCommand({ Entries }));

test('the SDK puts events, which come to the function of their kind as EventBridge delivers them', async () => {
  const answer = await putEvents({ ...entry(), Time: new Date('2027-01-02T03:04:05Z') }, entry('{}', 'Other'));

  expect(answer.FailedEntryCount).toBe(0);
  expect(delivered).toEqual([
    {
      version: '0',
      id: answer.Entries?.[0]?.EventId,
      'detail-type': 'News',
      source: 'test',
      account: '000000000000',
      time: '2027-01-02T03:04:05Z',
      region: 'us-east-1',
      resources: [],
      detail: { a: 1 },
    },
  ]);
  expect(bus.events.map((event) => event['detail-type'])).toEqual(['News', 'Other']);
});

test.each(['no json', '[]', '"text"', 'null'])('refuses the detail %s, and takes the others', async (Detail) => {
  const { Entries, FailedEntryCount } = await putEvents(entry(Detail), entry());

  expect(FailedEntryCount).toBe(1);
  expect(Entries).toMatchObject([{ ErrorCode: 'MalformedDetail' }, { EventId: expect.any(String) }]);
  expect(bus.events).toHaveLength(1);
});

test('refuses more than 10 at once', async () => {
  await expect(putEvents(...Array.from({ length: 11 }, () => entry()))).rejects.toMatchObject({
    name: 'ValidationException',
  });
  expect(bus.events).toEqual([]);
});

test('a function that fails is tried twice more', async () => {
  failures = 2;

  expect(await bus.put('test', 'News', {})).toEqual({ id: expect.any(String), invoked: ['test/on-news'] });
  expect(delivered).toHaveLength(3);
  expect(lost).toEqual([]);
});

test('and then its event goes to the function for those, with the last failure', async () => {
  failures = 3;
  await bus.put('test', 'News', { a: 1 });

  expect(delivered).toHaveLength(3);
  expect(lost).toMatchObject([
    {
      requestContext: { condition: 'RetriesExhausted' },
      requestPayload: { 'detail-type': 'News', detail: { a: 1 } },
      responsePayload: { errorType: 'RangeError', errorMessage: 'not yet' },
    },
  ]);
});

test('an event that no function is for is seen all the same', async () => {
  expect(await bus.put('elsewhere', 'News', {})).toMatchObject({ invoked: [] });
  expect(bus.events).toMatchObject([{ source: 'elsewhere' }]);
});

test('the SDK sends messages, whose digests it checks', async () => {
  const QueueUrl = `${server.url}/000000000000/q`;
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"reason":"夏"}' }));

  expect(bus.deadLetters).toEqual([{ reason: '夏' }]);
});
