import type { Json } from '../../support/invoke.ts';
import {
  callsOf,
  dingtalk,
  doctor,
  hostThatReplies,
  readingCalls,
  sectionOf,
  wecom,
  wibiclick,
} from './doctor/support.ts';

test('all is well with a configured sandbox: only what needs a write is unverified', async () => {
  const body = await doctor();

  expect(body.status).toBe('ok');
  expect(body.store).toEqual({ findings: [], checked: ['the table can be read'] });
  expect(body.providers.map(({ provider }: Json) => provider)).toEqual(['wecom', 'dingtalk', 'wibiclick']);
  const findings = body.providers.flatMap(({ findings }: Json) => findings);
  expect(findings.map(({ code, severity, verified }: Json) => [code, severity, verified])).toEqual([
    ['provider_permission', 'warning', 'unverified'],
    ['provider_permission', 'warning', 'unverified'],
    ['provider_quota', 'warning', 'unverified'],
    ['provider_permission', 'warning', 'unverified'],
  ]);
});

test.each([
  ['wecom', wecom, readingCalls.wecom],
  ['dingtalk', dingtalk, readingCalls.dingtalk],
  ['wibiclick', wibiclick, readingCalls.wibiclick],
])('makes these calls to %s and no other', async (name, provider, calls) => {
  const before = await provider.state();

  const body = await doctor();

  expect(callsOf(await provider.requests())).toEqual(calls);
  expect(await provider.state()).toEqual(before);
  expect(sectionOf(body, name).checked).toEqual(expect.arrayContaining(['secret', 'clock']));
});

test('a corrected secret is seen at once', async () => {
  await wecom.secret({ appSecret: undefined });
  await doctor();
  await wecom.secret({ customerContactSecret: 'sandbox-customer' });

  expect(sectionOf(await doctor(), 'wecom').findings).toEqual([expect.objectContaining({ verified: 'unverified' })]);
});

test('a wrong secret is not hammered, and the other credentials are still looked at', async () => {
  await wecom.secret({ contactSecret: 'wrong' });

  for (let run = 0; run < 5; run++) {
    const { findings, checked } = sectionOf(await doctor(), 'wecom');
    expect(findings).toContainEqual(expect.objectContaining({ code: 'provider_credentials', severity: 'error' }));
    expect(checked).toContain('appSecret reads details');
  }
  const tries = (await wecom.requests('/cgi-bin/gettoken')).filter(({ query }) => query.corpsecret === 'wrong');
  expect(tries).toHaveLength(3);
});

test('a provider that hangs takes neither the time nor the findings of the others', async () => {
  await wecom.secret(await hostThatReplies({ silent: true }));

  const body = await doctor(3_000);

  expect(sectionOf(body, 'wecom').findings).toContainEqual(
    expect.objectContaining({ code: 'provider_unavailable', what: expect.stringContaining('did not answer in time') }),
  );
  expect(sectionOf(body, 'dingtalk').checked).toContain('operatorUserid is a user');
  expect(sectionOf(body, 'wibiclick').checked).toContain('apiKey lists websites');
});

test('a store that is down is found, and WibiClick, which needs none, is still looked at', async () => {
  process.env.USHER_TABLE = 'no-such-table';

  const body = await doctor();

  expect(body.status).toBe('attention');
  expect(body.store.findings).toEqual([
    expect.objectContaining({ code: 'store_unavailable', severity: 'error', fix: expect.stringContaining('table') }),
  ]);
  expect(sectionOf(body, 'wibiclick').checked).toContain('apiKey lists websites');
});

test('no secret is in an answer', async () => {
  await wecom.secret({ contactSecret: 'wrong-4711', baseUrl: 'https://user:wrong-4711@example.com' });
  await dingtalk.secret({ appSecret: 'wrong-4712' });
  await wibiclick.secret({ apiKey: 'wrong-4713' });

  expect(JSON.stringify(await doctor())).not.toMatch(/wrong-471|sandbox-/);
});
