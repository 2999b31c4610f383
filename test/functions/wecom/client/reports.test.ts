import { Deadline } from '../../../../functions/shared/clock.ts';
import { wecomReports } from '../../../../functions/wecom/client/reports.ts';
import { simulated } from '../../../support/providers.ts';
import { scriptedServer } from '../../../support/scripted-server.ts';

const wecom = simulated('wecom');
const server = scriptedServer();
const listPath = '/cgi-bin/department/list';
const membersPath = '/cgi-bin/user/list';

const reportsOf = (userid: string, msLeft = 25_000) => wecomReports(new Deadline(msLeft)).directReportsOf(userid);

test('members of several departments count once, in any spelling', async () => {
  expect(await reportsOf('ZhangSan')).toEqual({ userids: ['lisi'], complete: true });
  expect(await reportsOf('lisi')).toEqual({ userids: [], complete: true });
});

test.each([listPath, membersPath])('a refused read of %s leaves the answer incomplete', async (path) => {
  await wecom.faults({ method: 'GET', path, then: { errcode: 60011 } });

  expect(await reportsOf('zhangsan')).toEqual({ userids: [], complete: false });
});

test('what was found before a refusal stays', async () => {
  const row = { userid: 'lisi', direct_leader: ['zhangsan'] };
  await wecom.secret({ baseUrl: server.url });
  server.play({
    '/cgi-bin/gettoken': [{ body: { errcode: 0, access_token: 'tok-EXAMPLE', expires_in: 7200 } }],
    [listPath]: [{ body: { errcode: 0, department: [{ id: 1 }, { id: 2 }] } }],
    [membersPath]: [{ body: { errcode: 0, userlist: [row] } }, { body: { errcode: 60011, errmsg: 'no privilege' } }],
  });

  expect(await reportsOf('zhangsan')).toEqual({ userids: ['lisi'], complete: false });
});

test('201 departments are too many, and the first 200 are read', async () => {
  await wecom.secret({ baseUrl: server.url });
  server.play({
    '/cgi-bin/gettoken': [{ body: { errcode: 0, access_token: 'tok-EXAMPLE', expires_in: 7200 } }],
    [listPath]: [{ body: { errcode: 0, department: Array.from({ length: 201 }, (_, id) => ({ id: id + 1 })) } }],
    [membersPath]: [{ body: { errcode: 0, userlist: [{ userid: 'lisi', direct_leader: ['zhangsan'] }] } }],
  });

  expect(await reportsOf('zhangsan')).toEqual({ userids: ['lisi'], complete: false });
  expect(server.requests(membersPath)).toHaveLength(200);
});

test('less than 10 s before the deadline no members are read', async () => {
  expect(await reportsOf('zhangsan', 9_000)).toEqual({ userids: [], complete: false });
  expect(await wecom.requests(membersPath)).toEqual([]);
});

test('contact sync cannot read them', async () => {
  await wecom.secret({ appSecret: undefined });

  expect(await reportsOf('zhangsan')).toEqual({ userids: [], complete: false });
  expect(await wecom.requests()).toEqual([]);
});
