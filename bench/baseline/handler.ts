import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { z } from 'zod';
import { env, secretIdEnv } from '../../functions/shared/env-names.ts';

const logger = new Logger({ serviceName: 'baseline' });
const secretsManager = new SecretsManagerClient({});
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

const storeCall = z.object({ to: z.literal('store'), name: z.string() });
const providerCall = z.object({
  to: z.enum(['wecom', 'dingtalk', 'wibiclick']),
  url: z.url(),
  method: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().optional(),
});
const call = z.discriminatedUnion('to', [storeCall, providerCall]);

/** What the operation did that this handler is compared with. Chains run at once, the calls of one in their order. */
const plan = z.strictObject({ providers: z.array(z.string()), chains: z.array(z.array(call)) });

const secret = z.looseObject({ baseUrl: z.url() });
const answer = z.union([z.looseObject({ errcode: z.number().optional() }), z.array(z.looseObject({}))]);

/** A Lambda as it is usually put together: one middleware for the log, one schema, no rules for failures. */
export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(injectLambdaContext(logger))
  .handler(async ({ routeKey, body }) => {
    const { providers, chains } = plan.parse(JSON.parse(body ?? ''));
    await Promise.all(providers.map(readSecret));
    const answers = await Promise.all(chains.map(inOrder));
    logger.info(routeKey);
    return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answers) };
  });

async function readSecret(provider: string): Promise<object> {
  const SecretId = process.env[secretIdEnv(provider)];
  const { SecretString = '' } = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
  return secret.parse(JSON.parse(SecretString));
}

async function inOrder(calls: z.output<typeof call>[]): Promise<unknown> {
  let last: unknown;
  for (const call of calls) last = await (call.to === 'store' ? useStore(call) : askProvider(call));
  return last;
}

async function askProvider({ url, method, headers, body }: z.output<typeof providerCall>): Promise<object> {
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  return answer.parse(await response.json());
}

/** The same kind of call, on an item that nobody else uses. */
async function useStore({ name }: z.output<typeof storeCall>): Promise<object> {
  const TableName = process.env[env.table];
  const Key = { pk: 'baseline', sk: 'baseline' };
  switch (name) {
    case 'GetItem':
      return documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
    case 'PutItem':
      return documents.send(new PutCommand({ TableName, Item: { ...Key, seenAt: Date.now() } }));
    case 'UpdateItem':
      return documents.send(
        new UpdateCommand({
          TableName,
          Key,
          UpdateExpression: 'SET seenAt = :at',
          ExpressionAttributeValues: { ':at': Date.now() },
        }),
      );
    case 'DeleteItem':
      return documents.send(new DeleteCommand({ TableName, Key }));
    case 'Query':
      return documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': Key.pk },
        }),
      );
    case 'BatchWriteItem': {
      const Item = { ...Key, seenAt: Date.now() };
      return documents.send(new BatchWriteCommand({ RequestItems: { [TableName ?? '']: [{ PutRequest: { Item } }] } }));
    }
    default:
      throw new Error(`the baseline cannot ${name}`);
  }
}
