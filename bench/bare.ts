import { Agent, request } from 'node:http';
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Call } from './trace.ts';

/** Milliseconds of all calls, and of those to providers among them. */
export interface BareTimes {
  allMs: number;
  providersMs: number;
}

const agent = new Agent({ keepAlive: true });
const store = new DynamoDBClient();

/** Makes the calls over kept connections, and nothing besides. Chains run at once, the calls of one in their order. */
export async function makeCalls(chains: Call[][]): Promise<BareTimes> {
  const startedAt = performance.now();
  const shares = await Promise.all(chains.map(inOrder));
  return { allMs: performance.now() - startedAt, providersMs: Math.max(...shares) };
}

async function inOrder(calls: Call[]): Promise<number> {
  let providersMs = 0;
  for (const call of calls) {
    const startedAt = performance.now();
    await (call.to === 'store' ? useStore(call) : askProvider(call));
    if (call.to !== 'store') providersMs += performance.now() - startedAt;
  }
  return providersMs;
}

/** Without a look at the answer: what the calls did shows in the simulator's state. */
function askProvider({ url, method, headers, body }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, (response) => {
      response.on('end', resolve).resume();
    });
    sent.on('error', reject).end(body);
  });
}

/** @throws Error when the store refuses: a failing call is no measurement */
function useStore({ name, body = '' }: Call): Promise<object> {
  const input = JSON.parse(body);
  switch (name) {
    case 'GetItem':
      return store.send(new GetItemCommand(input));
    case 'PutItem':
      return store.send(new PutItemCommand(input));
    case 'UpdateItem':
      return store.send(new UpdateItemCommand(input));
    case 'DeleteItem':
      return store.send(new DeleteItemCommand(input));
    case 'Query':
      return store.send(new QueryCommand(input));
    case 'BatchWriteItem':
      return store.send(new BatchWriteItemCommand(input));
    default:
      throw new Error(`bench/bare.ts cannot ${name}`);
  }
}
