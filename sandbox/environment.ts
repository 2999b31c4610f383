import { devNull } from 'node:os';
import { env, secretIdEnv } from '../functions/shared/env-names.ts';

type Provider = 'wecom' | 'dingtalk' | 'wibiclick';

export const stage = 'sandbox';
export const tableName = `usher-${stage}`;
export const durableTableName = `${tableName}-durable-executions`;
const secretId = (provider: string) => `usher/${stage}/${provider}`;

/** What Secrets Manager holds, by id: the simulators' credentials and addresses. */
export function secretsFor(urls: Record<Provider, string>): Record<string, string> {
  const secrets: Record<Provider, object> = {
    wecom: {
      corpId: 'wwsandbox',
      contactSecret: 'sandbox-contact',
      appSecret: 'sandbox-app',
      customerContactSecret: 'sandbox-customer',
      baseUrl: urls.wecom,
    },
    dingtalk: {
      appKey: 'dingsandbox',
      appSecret: 'sandbox-ding',
      baseUrl: urls.dingtalk,
      apiBaseUrl: urls.dingtalk,
    },
    wibiclick: { baseUrl: urls.wibiclick, apiKey: 'sandbox-wibi' },
  };
  return Object.fromEntries(
    Object.entries(secrets).map(([provider, secret]) => [secretId(provider), JSON.stringify(secret)]),
  );
}

/** Nothing of the user's own AWS settings stays, so no call can reach a real account. */
export function forgetAws(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) delete process.env[name];
  }
}

/** Gives the handlers the environment of a Lambda. */
export function setEnvironment(awsUrl: string, dynamodbUrl: string): void {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'sandbox',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: awsUrl,
    AWS_ENDPOINT_URL_LAMBDA: awsUrl,
    AWS_ENDPOINT_URL_EVENTBRIDGE: awsUrl,
    AWS_ENDPOINT_URL_SQS: awsUrl,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodbUrl,
    [env.stage]: stage,
    [env.table]: tableName,
    [env.eventBus]: `usher-${stage}`,
    [env.eventDeadLetters]: `${awsUrl}/000000000000/usher-${stage}-event-dead-letters`,
    [secretIdEnv('wecom')]: secretId('wecom'),
    [secretIdEnv('dingtalk')]: secretId('dingtalk'),
    [secretIdEnv('wibiclick')]: secretId('wibiclick'),
  });
  process.env.POWERTOOLS_LOG_LEVEL ??= 'WARN'; // INFO is a line for every request
}
