import { parseSettings } from '../../infra/settings.ts';

const jwt = { issuer: 'https://id.example.com', audience: ['usher'] };

test('fills in the defaults', () => {
  expect(parseSettings({ stage: 'dev' })).toEqual({
    stage: 'dev',
    auth: 'iam',
    egress: 'none',
    approval: 'none',
    graceDays: 30,
    planHours: 24,
    ledgerDays: 400,
    fence: { perRun: 20, percent: 10, perDay: 50 },
    protected: { wecom: [], dingtalk: [], wibiclick: [] },
    policies: { roster: 'report', 'wecom-disabled': 'report', 'dingtalk-dismissed': 'report', disabledDays: 30 },
    dingtalkCallsPerSecond: 10,
    trustSessionName: false,
    existingSecretArns: {},
  });
});

test('fills in what a part of a setting leaves out', () => {
  const { fence, protected: lists } = parseSettings({
    stage: 'dev',
    fence: { perDay: 5 },
    protected: { dingtalk: ['boss'] },
  });

  expect(fence).toEqual({ perRun: 20, percent: 10, perDay: 5 });
  expect(lists).toEqual({ wecom: [], dingtalk: ['boss'], wibiclick: [] });
});

test('takes every setting', () => {
  const all = {
    stage: 'dev',
    auth: { jwt },
    egress: 'fixed',
    alarmEmail: 'ops@example.com',
    approval: 'four-eyes',
    graceDays: 0,
    planHours: 168,
    ledgerDays: 30,
    fence: { perRun: 1, percent: 100, perDay: 10_000 },
    protected: { wecom: ['founder'], dingtalk: ['boss', '老板'], wibiclick: ['101'] },
    policies: { roster: 'apply', 'wecom-disabled': 'apply', 'dingtalk-dismissed': 'apply', disabledDays: 365 },
    dingtalkCallsPerSecond: 60,
    trustSessionName: true,
    existingSecretArns: { wecom: 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:hr/wecom-AbCdEf' },
  };

  expect(parseSettings(all)).toEqual(all);
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
  [{ stage: 'dev', egress: 'vpc' }, 'usher.egress: must be "none" or "fixed"'],
  [{ stage: 'dev', alarmEmail: 'ops' }, 'usher.alarmEmail: must be an e-mail address'],
  [{ stage: 'dev', approval: 'two' }, 'usher.approval: must be "none" or "four-eyes"'],
  [{ stage: 'dev', approval: true }, 'usher.approval: must be'],
  [{ stage: 'dev', graceDays: -1 }, 'usher.graceDays: must be a whole number from 0 to 180'],
  [{ stage: 'dev', graceDays: 181 }, 'usher.graceDays: must be'],
  [{ stage: 'dev', graceDays: '30' }, 'usher.graceDays: must be'],
  [{ stage: 'dev', planHours: 0 }, 'usher.planHours: must be a whole number from 1 to 168'],
  [{ stage: 'dev', planHours: 169 }, 'usher.planHours: must be'],
  [{ stage: 'dev', planHours: 1.5 }, 'usher.planHours: must be'],
  [{ stage: 'dev', ledgerDays: 29 }, 'usher.ledgerDays: must be a whole number from 30 to 3650'],
  [{ stage: 'dev', ledgerDays: 3651 }, 'usher.ledgerDays: must be'],
  [{ stage: 'dev', fence: 20 }, 'usher.fence: must be an object, such as {"perDay": 50}'],
  [{ stage: 'dev', fence: { perDay: 0 } }, 'usher.fence.perDay: must be a whole number from 1 to 10000'],
  [{ stage: 'dev', fence: { perRun: 1.5 } }, 'usher.fence.perRun: must be a whole number from 1 to 10000'],
  [{ stage: 'dev', fence: { percent: 101 } }, 'usher.fence.percent: must be a whole number from 1 to 100'],
  [{ stage: 'dev', fence: { perWeek: 5 } }, 'usher.fence.perWeek: unknown field; remove it'],
  [{ stage: 'dev', protected: ['boss'] }, 'usher.protected: must be an object, such as {"wecom": '],
  [{ stage: 'dev', protected: { wecom: 'boss' } }, 'usher.protected.wecom: must list ids, such as'],
  [{ stage: 'dev', protected: { wecom: [7] } }, 'usher.protected.wecom.0: must list ids, such as'],
  [{ stage: 'dev', protected: { dingtalk: ['a b'] } }, 'usher.protected.dingtalk.0: must be an id without spaces'],
  [{ stage: 'dev', protected: { wibiclick: Array(300).fill('1234') } }, 'usher.protected.wibiclick: must take at most'],
  [{ stage: 'dev', protected: { slack: [] } }, 'usher.protected.slack: unknown field; remove it'],
  [{ stage: 'dev', trustSessionName: 'yes' }, 'usher.trustSessionName: must be true or false'],
  [{ stage: 'dev', existingSecretArns: 'arn' }, 'usher.existingSecretArns: must be an object, such as'],
  [
    { stage: 'dev', existingSecretArns: { wecom: 'usher/prod/wecom' } },
    'usher.existingSecretArns.wecom: must be the complete ARN of a secret',
  ],
  [{ stage: 'dev', policies: [] }, 'usher.policies: must be an object, such as {"roster": "apply"}'],
  [{ stage: 'dev', policies: { roster: 'on' } }, 'usher.policies.roster: must be "report" or "apply"'],
  [
    { stage: 'dev', policies: { disabledDays: 0 } },
    'usher.policies.disabledDays: must be a whole number from 1 to 365',
  ],
  [{ stage: 'dev', policies: { disabledDays: 366 } }, 'usher.policies.disabledDays: must be'],
  [{ stage: 'dev', policies: { dismissed: 'apply' } }, 'usher.policies.dismissed: unknown field; remove it'],
  [{ stage: 'dev', colour: 'red' }, 'usher.colour: unknown field; remove it'],
])('refuses %j, naming the setting and the fix', (context, message) => {
  expect(() => parseSettings(context)).toThrow(message);
});
