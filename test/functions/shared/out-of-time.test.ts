import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { handler as getUser } from '../../../functions/wecom/get-user.ts';
import { invoke } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';

const wecom = simulated('wecom');
const log = logLines();

test.each([
  ['a read had none', getUser, '/cgi-bin/user/get', 'not_applied'],
  ['a write may have had its effect', deleteUser, '/cgi-bin/user/delete', 'unknown'],
])('when the time of the function runs out, %s, and it is no bug', async (_, handler, path, outcome) => {
  await wecom.hold(path, { method: 'GET' });

  const answer = await invoke(handler, { path: { userid: 'lisi' } }, 3_000);

  expect(answer).toMatchObject({ status: 504, body: { code: 'provider_timeout', retryable: true, outcome } });
  await wecom.release();
  expect(log.parsed().filter(({ level }) => level === 'ERROR')).toEqual([]);
});
