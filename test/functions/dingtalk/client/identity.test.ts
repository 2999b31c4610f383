import { dingtalkIdentities } from '../../../../functions/dingtalk/client/identity.ts';
import { Deadline } from '../../../../functions/shared/clock.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { scriptedServer } from '../../../support/scripted-server.ts';
import { deletePath, getPath, tokenPath } from '../support.ts';

const dingtalk = simulated('dingtalk');
const server = scriptedServer();
logLines();

const identities = () => dingtalkIdentities(new Deadline(25_000));
const find = (userid: string) => identities().find(userid);
const memberOf = async (userid: string) =>
  (await dingtalk.state()).members.find((member: { userid: string }) => member.userid === userid);

/** DingTalk shows exactly these fields of the user. */
async function shows(fields: Record<string, unknown>): Promise<void> {
  await dingtalk.secret({ baseUrl: server.url, apiBaseUrl: server.url });
  server.play({
    [tokenPath]: [{ body: { accessToken: 'tok-EXAMPLE', expireIn: 7200 } }],
    [getPath]: [{ body: { errcode: 0, result: { userid: 'sunqi', ...fields } } }],
  });
}

test.each([
  ['founder', { admin: true, boss: true, enterprise: false, leads: [] }],
  ['zhangsan', { admin: false, boss: false, enterprise: false, leads: [2] }],
  ['wangwu', { admin: false, boss: false, enterprise: false, leads: [] }],
  ['zhaoliu', { admin: true, boss: false, enterprise: false, leads: [] }],
  ['sunqi', { admin: false, boss: false, enterprise: true, leads: [] }],
])('%s is known by ids and flags alone', async (userid, flags) => {
  const { unionid } = await memberOf(userid);

  expect(await find(userid)).toEqual({ userid, unionid, ...flags });
});

const everything = { unionid: 'u-1', admin: true, boss: true, exclusive_account: true };
const nothing = { unionid: 'u-1', admin: false, boss: false, exclusive_account: false };

test.each([
  ['booleans that are true', everything, { admin: true, boss: true, enterprise: true }],
  ['booleans that are false', nothing, { admin: false, boss: false, enterprise: false }],
  ['the text true', asTexts(everything), { admin: true, boss: true, enterprise: true }],
  ['the text false', asTexts(nothing), { admin: false, boss: false, enterprise: false }],
  ['nothing, where the app may not read them', { unionid: 'u-1' }, { admin: false, boss: false, enterprise: false }],
])('reads flags that come as %s', async (_, fields, flags) => {
  await shows(fields);

  expect(await find('sunqi')).toEqual({ userid: 'sunqi', unionid: 'u-1', leads: [], ...flags });
});

test.each<[string, unknown, number[]]>([
  [
    'booleans',
    [
      { dept_id: 2, leader: true },
      { dept_id: 3, leader: false },
      { dept_id: 4, leader: true },
    ],
    [2, 4],
  ],
  [
    'texts',
    [
      { dept_id: '2', leader: 'true' },
      { dept_id: '3', leader: 'false' },
    ],
    [2],
  ],
  ['no entries', [], []],
  ['nothing', undefined, []],
])('finds the departments that are led in %s', async (_, leader_in_dept, leads) => {
  await shows({ ...nothing, leader_in_dept });

  expect(await find('sunqi')).toMatchObject({ leads });
});

test('a userid that never was, and one that has left, are nobody', async () => {
  expect(await find('ghost')).toBeUndefined();
  expect(await find('zhengshi')).toBeUndefined();
});

test('a deletion and a new account of the same userid is another person, by the unionid', async () => {
  const before = await find('sunqi');
  const { mobile } = await memberOf('sunqi');
  const granted = await fetch(`${dingtalk.url}/gettoken?appkey=dingsandbox&appsecret=sandbox-ding`);
  const { access_token: token } = (await granted.json()) as { access_token: string };
  const call = (path: string, body: object) =>
    fetch(`${dingtalk.url}${path}?access_token=${token}`, { method: 'POST', body: JSON.stringify(body) });
  await call(deletePath, { userid: 'sunqi' });
  await call('/topapi/v2/user/create', { userid: 'sunqi', name: 'Sun Qi', mobile, dept_id_list: '2' });

  const after = await find('sunqi');

  expect(after?.userid).toBe('sunqi');
  expect(after?.unionid).not.toBe(before?.unionid);
});

test('any other refusal is told, and is not taken for absence', async () => {
  await dingtalk.faults({ path: getPath, then: { errcode: 60011 } });

  await expect(find('sunqi')).rejects.toMatchObject({ code: 'provider_permission' });
});

test('nothing personal is in it', async () => {
  const { name, mobile } = await memberOf('zhangsan');

  const text = JSON.stringify(await find('zhangsan'));

  for (const value of [name, mobile]) expect(text).not.toContain(value);
});

test('tells the tenant without a secret, and the operator if the secret names one', async () => {
  await dingtalk.secret({ operatorUserid: 'founder' });

  expect(await identities().tenant()).toEqual({
    appKey: 'dingsandbox',
    baseUrl: dingtalk.url,
    apiBaseUrl: dingtalk.url,
  });
  expect(await identities().operatorUserid()).toBe('founder');
});

function asTexts(fields: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
}
