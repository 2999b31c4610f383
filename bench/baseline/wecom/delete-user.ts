import { z } from 'zod';
import { plainHandler, succeeded } from '../shared/plain.ts';
import { readWecomSecret, signIn, userid } from '../shared/wecom.ts';

const idList = z.object({ dept_user: z.array(z.object({ userid: z.string(), department: z.number() })) });

export const handler = plainHandler(z.strictObject({ userid }), async ({ userid }) => {
  const contact = await signIn(await readWecomSecret(), 'contactSecret');
  const response = succeeded(await contact('GET', '/cgi-bin/user/delete', { userid }));
  const { dept_user } = idList.parse(succeeded(await contact('POST', '/cgi-bin/user/list_id', {}, { limit: 5_000 })));
  const verified = !dept_user.some((row) => row.userid === userid);
  return { provider: 'wecom', userid, outcome: 'deleted', verified, response };
});
