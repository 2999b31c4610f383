import { handler } from '../../../functions/wecom/get-user.ts';
import { invoke } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';

const wecom = simulated('wecom');
const get = (userid: string) => invoke(handler, { path: { userid } });

test('gives the fields of the member without the envelope', async () => {
  const answer = await get('zhangsan');

  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ userid: 'zhangsan', name: expect.any(String), department: expect.any(Array) });
  expect(answer.body).not.toHaveProperty('errcode');
});

test('finds a member whatever the case of the userid', async () => {
  expect((await get('ZhangSan')).body.userid).toBe('zhangsan');
});

test('an unknown member is 404, and the fix speaks of the visible scope', async () => {
  const answer = await get('ghost');

  expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', outcome: 'not_applied' } });
  expect(answer.body.fix).toContain('visible scope');
});

test('without the app secret the fix names it', async () => {
  await wecom.secret({ appSecret: undefined });

  const answer = await get('zhangsan');

  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_permission', provider: { code: '48009' } } });
  expect(answer.body.fix).toContain('appSecret');
});

test('a read is repeated after a failure', async () => {
  await wecom.faults({ method: 'GET', path: '/cgi-bin/user/get', times: 2, then: { drop: 'before' } });

  expect(await get('zhangsan')).toMatchObject({ status: 200 });
});
