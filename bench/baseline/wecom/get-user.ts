import { z } from 'zod';
import { plainHandler, succeeded } from '../shared/plain.ts';
import { readWecomSecret, signIn, userid } from '../shared/wecom.ts';

export const handler = plainHandler(z.strictObject({ userid }), async ({ userid }) => {
  const app = await signIn(await readWecomSecret(), 'appSecret');
  return succeeded(await app('GET', '/cgi-bin/user/get', { userid }));
});
