import { clock } from '../../functions/shared/clock.ts';
import { secretIdEnv } from '../../functions/shared/env-names.ts';
import { startAws } from '../../sandbox/aws.ts';
import { createDingtalkSimulator } from '../../sandbox/dingtalk.ts';
import { createTable, startDynamodb } from '../../sandbox/dynamodb.ts';
import { type RunningServer, type SimulatedProvider, startSimulator } from '../../sandbox/simulator.ts';
import { createWecomSimulator } from '../../sandbox/wecom.ts';
import { createWibiclickSimulator } from '../../sandbox/wibiclick.ts';
import { endless } from './attempts.ts';
import type { Json } from './invoke.ts';
import './time.ts';
import { until } from './until.ts';

export type ProviderName = 'wecom' | 'dingtalk' | 'wibiclick';

interface Fault {
  method?: string;
  path: string;
  times?: number;
  then: Record<string, unknown>;
}

const simulators: Record<ProviderName, () => SimulatedProvider> = {
  wecom: () => createWecomSimulator({ now: () => clock.now() }),
  dingtalk: () => createDingtalkSimulator({ callsPerSecond: 100_000 }),
  wibiclick: createWibiclickSimulator,
};

const secretOf: Record<ProviderName, (baseUrl: string) => Record<string, string>> = {
  wecom: (baseUrl) => ({ corpId: 'wwsandbox', contactSecret: 'sandbox-contact', appSecret: 'sandbox-app', baseUrl }),
  dingtalk: (baseUrl) => ({ appKey: 'dingsandbox', appSecret: 'sandbox-ding', baseUrl, apiBaseUrl: baseUrl }),
  wibiclick: (baseUrl) => ({ apiKey: 'sandbox-wibi', baseUrl }),
};

const secretId = (name: ProviderName) => `usher/test/${name}`;
let aws: RunningServer;
let dynamodb: RunningServer;

beforeAll(async () => {
  aws = await startAws({ [secretId('wecom')]: '', [secretId('dingtalk')]: '', [secretId('wibiclick')]: '' });
  dynamodb = await startDynamodb('usher-test-0');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    USHER_DINGTALK_CALLS_PER_SECOND: '100000',
  });
});

let tables = 0;

/** Gives the functions an empty table. */
export async function newTable(): Promise<void> {
  tables += 1;
  process.env.USHER_TABLE = `usher-test-${tables}`;
  await createTable(dynamodb.url, process.env.USHER_TABLE);
}
beforeEach(newTable);
afterAll(() => Promise.all([aws.close(), dynamodb.close()]));

/** The simulator of one provider over real HTTP, fresh for each test, and its secret in Secrets Manager. */
export function simulated(name: ProviderName, create = simulators[name]) {
  let server: RunningServer;

  const putSecret = async (text: string) => {
    await fetch(aws.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'secretsmanager.PutSecretValue' },
      body: JSON.stringify({ SecretId: secretId(name), SecretString: text }),
    });
  };
  const secret = (changes: Record<string, unknown>) =>
    putSecret(JSON.stringify({ ...secretOf[name](server.url), ...changes }));

  beforeEach(async () => {
    server = await startSimulator(create());
    process.env[secretIdEnv(name)] = secretId(name);
    await secret({});
  });
  afterEach(() => server.close());

  const control = async (path: string, body?: unknown): Promise<Json> => {
    const response = await fetch(`${server.url}/_sandbox/${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    return response.json();
  };

  const requests = async (path?: string): Promise<Json[]> =>
    (await control('requests')).filter((request: Json) => !path || request.path === path);
  const faults = (...faults: Fault[]) =>
    control(
      'faults',
      faults.map((fault) => ({ method: 'POST', times: 1, ...fault })),
    );

  return {
    get url() {
      return server.url;
    },
    state: () => control('state'),
    /** Requests so far, or those of one path. */
    requests,
    faults,
    /**
     * Holds back what calls of `path` bring about, and their answers, until `release`.
     * @returns what ends the attempt that is under way, since the clock ends none from now on
     */
    hold: async (path: string, { then = {}, ...fault }: Partial<Fault> = {}) => {
      await faults({ path, ...fault, then: { delayMs: 600_000, ...then } });
      return endless();
    },
    /** Until so many calls of `path` have come. */
    came: (path: string, calls = 1) => until(async () => (await requests(path)).length >= calls),
    release: () => control('release', {}),
    reset: (options: Record<string, unknown> = {}) => control('reset', options),
    /** Changes keys of the secret; the function sees it when its cached copy is old or was refused. */
    secret,
    /** Puts any text in place of the secret. */
    putSecret,
  };
}
