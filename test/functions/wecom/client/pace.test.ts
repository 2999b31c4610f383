import { Deadline } from '../../../../functions/shared/clock.ts';
import type { Outside } from '../../../../functions/shared/outside.ts';
import { WecomApi } from '../../../../functions/wecom/client/api.ts';
import type { WecomSecret } from '../../../../functions/wecom/client/types.ts';
import '../../../support/providers.ts';
import { time } from '../../../support/time.ts';

const text = '{"errcode":0,"access_token":"tok-EXAMPLE","expires_in":7200}';
const secret = { corpId: 'wwsandbox', contactSecret: 'sandbox-contact', baseUrl: 'http://wecom.test' };
/** So many calls take too long over HTTP; here each is answered at once. */
const outside: Outside<WecomSecret> = {
  secret: { use: (use) => use(secret) },
  send: async () => ({ status: 200, headers: {}, text }),
};

test('one API is called 10,000 times a minute at most, and another one all the same', async () => {
  time.hold();
  const api = new WecomApi(new Deadline(600_000), outside);
  const call = (path: string) => api.call('contactSecret', { method: 'GET', path, kind: 'read' });

  await Promise.all(Array(10_000).fill('/cgi-bin/user/get').map(call));
  await call('/cgi-bin/department/simplelist');
  expect(time.waits).toEqual([]);

  await call('/cgi-bin/user/get');
  expect(time.waits).toEqual([60_001]);
});
