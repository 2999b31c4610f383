import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { offboardings, stepOf } from '../../support/runs.ts';
import { consoles, inMs, onlyWecom } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, lambda } = offboarding;
const by = consoles(offboarding);
logLines();
const hourMs = 3_600_000;
const onlyDingtalk = { accounts: { dingtalk: { userid: 'sunqi' } } };
const later = () => ({ effectiveAt: inMs(hourMs), graceDays: 30 });

const toDisabling = async (id: string, provider: string) => {
  lambda.advance(hourMs + 60_000);
  await lambda.settled();
  expect(stepOf(await offboarding.get(id), provider, 'disable').result).toMatchObject({ outcome: 'already_absent' });
};
const stopped = { status: 'needs_attention', reason: expect.stringContaining('was gone when it was to be disabled') };

test('whoever gets the userid of a WeCom member who was gone already is not deleted', async () => {
  await wecom.secret({ appSecret: undefined }); // only the departments tell who it is
  const { department } = await by.memberOf('lisi');
  const id = await offboarding.start({ ...onlyWecom, ...later() });
  await by.deleteMember('lisi');
  await toDisabling(id, 'wecom');
  const login = await fetch(`${wecom.url}/cgi-bin/gettoken?corpid=wwsandbox&corpsecret=sandbox-contact`);
  const { access_token } = (await login.json()) as Json;
  const made = await fetch(`${wecom.url}/cgi-bin/user/create?access_token=${access_token}`, {
    method: 'POST',
    body: JSON.stringify({ userid: 'lisi', name: '李思思', mobile: '13900009999', department, to_invite: false }),
  });
  expect(await made.json()).toMatchObject({ errcode: 0 });

  const run = await offboarding.toEnd(id);

  expect(stepOf(run, 'wecom', 'remove')).toMatchObject(stopped);
  expect(await by.memberOf('lisi')).toBeDefined();
});

test('nor is a DingTalk user who was not there when the account was to be disabled', async () => {
  const id = await offboarding.start({ ...onlyDingtalk, ...later() });
  await dingtalk.faults({ path: '/topapi/v2/user/get', then: { errcode: 60121 } });
  await toDisabling(id, 'dingtalk');

  const run = await offboarding.toEnd(id);

  expect(stepOf(run, 'dingtalk', 'remove')).toMatchObject(stopped);
  expect(await by.userOf('sunqi')).toBeDefined();
});

test('a DingTalk user of whom nothing says who it is has no plan', async () => {
  await by.showUser('sunqi', { unionid: undefined });

  expect(await offboarding.plan({ ...onlyDingtalk, graceDays: 0 })).toMatchObject({
    status: 502,
    body: { code: 'provider_unexpected', detail: expect.stringContaining('unionid') },
  });
});
