import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { z } from 'zod';
import { secretIdEnv } from '../../../functions/shared/env-names.ts';

const logger = new Logger({ serviceName: 'baseline' });
const secretsManager = new SecretsManagerClient({});
/** Every function of a project gets the client of its table, whether it needs it or not. */
export const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** A Lambda as it is usually put together: one middleware for the log, one schema, no rules for failures. */
export const plainHandler = <Input extends z.ZodType>(
  input: Input,
  run: (fields: z.output<Input>) => Promise<object>,
) =>
  middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(injectLambdaContext(logger))
    .handler(async ({ routeKey, pathParameters, body }) => {
      const answer = await run(input.parse({ ...pathParameters, ...JSON.parse(body ?? '{}') }));
      logger.info(routeKey);
      return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
    });

export async function readSecret<Secret extends z.ZodType>(
  provider: string,
  schema: Secret,
): Promise<z.output<Secret>> {
  const SecretId = process.env[secretIdEnv(provider)];
  const { SecretString = '' } = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
  return schema.parse(JSON.parse(SecretString));
}

/** Any answer of WeCom or DingTalk. */
const verdict = z.looseObject({ errcode: z.number(), errmsg: z.string() });
export type Verdict = z.output<typeof verdict>;

export async function exchange(url: string, method: 'GET' | 'POST', body?: object): Promise<Verdict> {
  const response = await fetch(url, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return verdict.parse(await response.json());
}

export function succeeded(answer: Verdict): Verdict {
  if (answer.errcode !== 0) throw new Error(`${answer.errcode}: ${answer.errmsg}`);
  return answer;
}
