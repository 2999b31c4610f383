import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { handler } from '../../../functions/wecom/get-user.ts';
import { invoke } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const { jest } = import.meta;
const tokenPath = '/cgi-bin/gettoken';
const wecom = simulated('wecom');
const log = logLines();
const get = () => invoke(handler, { path: { userid: 'zhangsan' } });
const secretsTried = async () => (await wecom.requests(tokenPath)).map(({ query }) => query.corpsecret);

const countReads = () => jest.spyOn(SecretsManagerClient.prototype, 'send');
afterEach(() => jest.restoreAllMocks());

test('is read once in 5 minutes', async () => {
  const reads = countReads();
  await get();
  time.advance(299_000);
  await get();
  expect(reads).toHaveBeenCalledTimes(1);

  time.advance(2_000);
  await get();

  expect(reads).toHaveBeenCalledTimes(2);
});

test('is read once by 50 calls at the same time', async () => {
  const reads = countReads();

  await Promise.all(Array.from({ length: 50 }, get));

  expect(reads).toHaveBeenCalledTimes(1);
});

test('a change is seen after 5 minutes', async () => {
  await get();
  await wecom.secret({ appSecret: 'another' });
  expect(await get()).toMatchObject({ status: 200 });

  time.advance(301_000);

  expect(await get()).toMatchObject({ status: 502, body: { code: 'provider_credentials' } });
  expect(await secretsTried()).toEqual(['sandbox-app', 'another']);
});

test('a change is seen at once when the old secret is refused', async () => {
  await wecom.secret({ appSecret: 'outdated' });
  await get();
  await wecom.secret({});

  expect(await get()).toMatchObject({ status: 200 });
  expect(await secretsTried()).toEqual(['outdated', 'outdated', 'sandbox-app']);
});

test('a refusal that is not about the credential does not cause a read', async () => {
  const reads = countReads();
  await wecom.faults({ method: 'GET', path: '/cgi-bin/user/get', then: { errcode: 48002 } });

  expect(await get()).toMatchObject({ body: { code: 'provider_permission' } });
  expect(reads).toHaveBeenCalledTimes(1);
});

test('a secret that does not exist is named by what Secrets Manager says, and the failure is not kept', async () => {
  const secretId = process.env.USHER_WECOM_SECRET_ID ?? '';
  process.env.USHER_WECOM_SECRET_ID = 'usher/test/none';

  const answer = await get();

  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials', outcome: 'not_applied' } });
  expect(answer.body.detail).toContain('ResourceNotFoundException');
  expect(answer.body.fix).toContain('usher/test/none');
  process.env.USHER_WECOM_SECRET_ID = secretId;
  expect(await get()).toMatchObject({ status: 200 });
});

test('a failure of Secrets Manager is not kept, and its words are not shown', async () => {
  countReads().mockImplementationOnce(() => {
    throw new Error('sandbox-app leaked');
  });

  const answer = await get();

  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials' } });
  expect(JSON.stringify(answer)).not.toContain('leaked');
  expect(log.text()).not.toContain('leaked');
  expect(await get()).toMatchObject({ status: 200 });
});

const valid = { corpId: 'wwsandbox', contactSecret: 'sandbox-contact' };

test.each<[field: string, text: string]>([
  ['body', 'sandbox-contact'],
  ['body', '{"corpId":"wwsandbox"'],
  ['body', '["sandbox-contact"]'],
  ['body', 'null'],
  ['contactSecret', JSON.stringify({ corpId: 'wwsandbox' })],
  ['contactSecret', JSON.stringify({ ...valid, contactSecret: '' })],
  ['corpId', JSON.stringify({ ...valid, corpId: 7 })],
  ['appSecret', JSON.stringify({ ...valid, appSecret: '' })],
  ['baseUrl', JSON.stringify({ ...valid, baseUrl: 'http://sandbox-proxy.example.com' })],
  ['baseUrl', JSON.stringify({ ...valid, baseUrl: 'https://user:sandbox-password@example.com' })],
  ['baseUrl', JSON.stringify({ ...valid, baseUrl: 'sandbox-proxy' })],
])('%s is named and no value shown when the secret is %s', async (field, text) => {
  await wecom.putSecret(text);

  const answer = await get();

  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_credentials', outcome: 'not_applied' } });
  expect(answer.body.detail).toContain(`(${field}: `);
  expect(JSON.stringify(answer) + log.text()).not.toContain('sandbox');
  expect(await wecom.requests()).toEqual([]);

  await wecom.secret({});
  expect(await get()).toMatchObject({ status: 200 });
});
