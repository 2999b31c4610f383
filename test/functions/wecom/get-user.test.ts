import { handler } from '../../../functions/wecom/get-user.ts';
import { invoke } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';

const wecom = simulated('wecom');
const getPath = '/cgi-bin/user/get';
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
  await wecom.faults({ method: 'GET', path: getPath, times: 2, then: { drop: 'before' } });

  expect(await get('zhangsan')).toMatchObject({ status: 200 });
});

test('a provider that stays down is tried three times', async () => {
  await wecom.faults({ method: 'GET', path: getPath, times: 9, then: { status: 500 } });

  expect(await get('zhangsan')).toMatchObject({
    status: 503,
    body: { code: 'provider_unavailable', retryable: true, outcome: 'not_applied' },
  });
  expect(await wecom.requests(getPath)).toHaveLength(3);
});

test.each([
  ['truncated JSON', '{"errcode":0,'],
  ['HTML', '<html></html>'],
  ['errcode as a string', '{"errcode":"0","userid":"zhangsan"}'],
  ['no userid', '{"errcode":0,"name":"张三"}'],
  ['userid as a number', '{"errcode":0,"userid":7}'],
])('%s instead of a member is unexpected', async (_, body) => {
  await wecom.faults({ method: 'GET', path: getPath, then: { body } });

  expect(await get('zhangsan')).toMatchObject({
    status: 502,
    body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied' },
  });
  expect(await wecom.requests(getPath)).toHaveLength(1);
});

test('a contact-sync secret in place of the app secret is a matter of permission', async () => {
  await wecom.secret({ appSecret: 'sandbox-contact' });

  expect(await get('zhangsan')).toMatchObject({
    status: 502,
    body: { code: 'provider_permission', provider: { code: '48009' } },
  });
  expect(await wecom.requests(getPath)).toHaveLength(1);
});

test.each(['', '-x', 'a b', 'x'.repeat(65), '../zhangsan', '李四'])(
  'refuses the userid %j before anything is sent',
  async (userid) => {
    expect(await get(userid)).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ path: 'userid' }] },
    });
    expect(await wecom.requests()).toEqual([]);
  },
);
