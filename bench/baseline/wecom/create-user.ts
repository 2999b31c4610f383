import { z } from 'zod';
import { plainHandler, succeeded } from '../shared/plain.ts';
import { readWecomSecret, signIn, userid } from '../shared/wecom.ts';

const newMember = z.strictObject({
  userid,
  name: z.string().min(1).max(64),
  mobile: z.string().optional(),
  email: z.email().optional(),
  department: z.array(z.int()).max(100).optional(),
  position: z.string().max(128).optional(),
  to_invite: z.boolean().default(false),
});

export const handler = plainHandler(newMember, async (member) => {
  const secret = await readWecomSecret();
  const contact = await signIn(secret, 'contactSecret');
  const response = succeeded(await contact('POST', '/cgi-bin/user/create', {}, member));
  const app = await signIn(secret, 'appSecret');
  const { name } = succeeded(await app('GET', '/cgi-bin/user/get', { userid: member.userid }));
  return { provider: 'wecom', userid: member.userid, outcome: 'created', verified: name === member.name, response };
});
