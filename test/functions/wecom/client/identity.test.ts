import { Deadline } from '../../../../functions/shared/clock.ts';
import { printOf } from '../../../../functions/shared/prints.ts';
import { wecomIdentities } from '../../../../functions/wecom/client/identity.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { scriptedServer } from '../../../support/scripted-server.ts';
import { time } from '../../../support/time.ts';

const wecom = simulated('wecom');
const server = scriptedServer();
logLines();

const getPath = '/cgi-bin/user/get';
const listPath = '/cgi-bin/user/list_id';
const secretCacheMs = 6 * 60_000;

const identities = () => wecomIdentities(new Deadline(25_000));
const find = (userid: string) => identities().find(userid);
const print = expect.stringMatching(/^[\w-]{22}$/);

test.each([
  ['zhangsan', { userid: 'zhangsan', departments: [2], status: 1, leads: [2] }],
  ['lisi', { userid: 'lisi', departments: [2, 5], status: 1, leads: [] }],
  ['LiSi', { userid: 'lisi', departments: [2, 5], status: 1, leads: [] }],
  ['wujiu', { userid: 'wujiu', departments: [5], status: 4, leads: [] }],
])('with the app secret %s is known by ids, flags and a keyed print of the name', async (userid, known) => {
  expect(await find(userid)).toEqual({ ...known, name: print, nameKey: print });

  expect(await wecom.requests(listPath)).toEqual([]);
});

test('without an app secret the departments of the id list are all that is known', async () => {
  await wecom.secret({ appSecret: undefined });

  expect(await find('LiSi')).toEqual({ userid: 'lisi', departments: [2, 5] });

  expect(await wecom.requests(getPath)).toEqual([]);
});

test('a member whom the app must not see is found in the id list', async () => {
  await wecom.faults({ method: 'GET', path: getPath, then: { errcode: 60111 } });

  expect(await find('lisi')).toEqual({ userid: 'lisi', departments: [2, 5] });
});

test.each([
  ['with the app secret', {}],
  ['without it', { appSecret: undefined }],
])('%s somebody who is in neither list is nobody', async (_, secret) => {
  await wecom.secret(secret);

  expect(await find('ghost')).toBeUndefined();
  expect(await wecom.requests(listPath)).toHaveLength(1);
});

test.each([
  [48009, 'provider_permission'],
  [60011, 'provider_permission'],
  [60020, 'provider_ip_refused'],
])('when the app refuses with %d that is told, and the weaker list is not taken for it', async (errcode, code) => {
  await wecom.faults({ method: 'GET', path: getPath, times: 9, then: { errcode } });

  await expect(find('lisi')).rejects.toMatchObject({ code });
  expect(await wecom.requests(listPath)).toEqual([]);
});

test('a refusal of the id list is told, and is not taken for absence', async () => {
  await wecom.secret({ appSecret: undefined });
  await wecom.faults({ path: listPath, then: { errcode: 48002 } });

  await expect(find('lisi')).rejects.toMatchObject({ code: 'provider_permission' });
});

describe('what the app shows', () => {
  const shows = async (fields: Record<string, unknown>, secret: Record<string, string> = {}) => {
    await wecom.secret({ baseUrl: server.url, contactSecret: 'contact-1', appSecret: 'app-1', ...secret });
    server.play({
      '/cgi-bin/gettoken': [{ body: { errcode: 0, access_token: 'tok-EXAMPLE', expires_in: 7200 } }],
      [getPath]: [{ body: { errcode: 0, userid: 'lisi', ...fields } }],
    });
    time.advance(secretCacheMs);
    return find('lisi');
  };
  const member = { name: '李四', department: [5, 2], is_leader_in_dept: [1, 0], status: 2 };

  test('departments come in one order, each with its own flag of leading', async () => {
    expect(await shows(member)).toEqual({
      userid: 'lisi',
      departments: [2, 5],
      name: print,
      nameKey: print,
      status: 2,
      leads: [5],
    });
  });

  test('what our credential may not read is missing', async () => {
    expect(await shows({ department: [2] })).toEqual({ userid: 'lisi', departments: [2], leads: [] });
  });

  test('a print is the same however often it is made, and another for another name', async () => {
    const [first, again, renamed] = [
      await shows(member),
      await shows(member),
      await shows({ ...member, name: '李五' }),
    ];

    expect(again).toEqual(first);
    expect(renamed?.name).not.toBe(first?.name);
    expect(renamed?.nameKey).toBe(first?.nameKey);
  });

  test('the name of the key tells prints that cannot be compared: after a new secret, not after that of the app', async () => {
    const before = await shows(member);
    const otherApp = await shows(member, { appSecret: 'app-2' });
    const otherContact = await shows(member, { contactSecret: 'contact-2' });

    expect(otherApp).toEqual(before);
    expect(otherContact?.nameKey).not.toBe(before?.nameKey);
    expect(otherContact?.name).not.toBe(before?.name);
    expect({ ...otherContact, name: '', nameKey: '' }).toEqual({ ...before, name: '', nameKey: '' });
  });

  test('nobody can make the print from what is public: the corp and the name', async () => {
    const found = await shows(member, { corpId: 'ww-1' });

    const publicKeys = ['ww-1', 'lisi', '', server.url];
    expect(publicKeys.map((key) => printOf(key, '李四'))).not.toContain(found?.name);
    expect(JSON.stringify(found)).not.toMatch(/李四|contact-1|app-1/);
  });
});

test('tells the tenant without a secret, and which credentials there are', async () => {
  expect(await identities().tenant()).toEqual({ corpId: 'wwsandbox', baseUrl: wecom.url });
  expect(await identities().has('appSecret')).toBe(true);
  expect(await identities().has('customerContactSecret')).toBe(false);
});
