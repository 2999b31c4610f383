import { parseSettings } from '../../infra/settings.ts';

const jwt = { issuer: 'https://id.example.com', audience: ['usher'] };

test('fills in the defaults', () => {
  expect(parseSettings({ stage: 'dev' })).toEqual({ stage: 'dev', auth: 'iam', dingtalkCallsPerSecond: 10 });
});

test('reads the JSON text that -c gives', () => {
  expect(parseSettings('{"stage": "dev", "dingtalkCallsPerSecond": 60}')).toMatchObject({ dingtalkCallsPerSecond: 60 });
});

test('takes an identity provider', () => {
  expect(parseSettings({ stage: 'dev', auth: { jwt } }).auth).toEqual({ jwt });
});

test.each([
  [undefined, 'usher: must be a JSON object'],
  ['{"stage', 'usher: must be a JSON object'],
  ['[]', 'usher: must be a JSON object'],
  [{}, 'usher.stage: must be 1 to 20 of the characters a-z 0-9 -'],
  [{ stage: 'Prod' }, 'usher.stage: must be'],
  [{ stage: 'a'.repeat(21) }, 'usher.stage: must be'],
  [{ stage: 'dev', auth: 'none' }, 'usher.auth: must be "iam" or {"jwt": '],
  [{ stage: 'dev', auth: { jwt: { audience: ['usher'] } } }, 'usher.auth: must be'],
  [
    { stage: 'dev', auth: { jwt: { ...jwt, issuer: 'http://id.example.com' } } },
    'usher.auth.jwt.issuer: must be an https',
  ],
  [{ stage: 'dev', auth: { jwt: { ...jwt, audience: [] } } }, 'usher.auth.jwt.audience: must list'],
  [{ stage: 'dev', dingtalkCallsPerSecond: 0 }, 'usher.dingtalkCallsPerSecond: must be a whole number from 1 to 60'],
  [{ stage: 'dev', dingtalkCallsPerSecond: 61 }, 'usher.dingtalkCallsPerSecond: must be'],
  [{ stage: 'dev', dingtalkCallsPerSecond: '10' }, 'usher.dingtalkCallsPerSecond: must be'],
  [{ stage: 'dev', egress: 'vpc' }, 'usher.egress: unknown field; remove it'],
])('refuses %j, naming the setting and the fix', (context, message) => {
  expect(() => parseSettings(context)).toThrow(message);
});
