import { z } from 'zod';
import { signIn, userid } from '../shared/dingtalk.ts';
import { plainHandler, succeeded } from '../shared/plain.ts';

const answer = z.object({ result: z.looseObject({ userid: z.string() }) });

export const handler = plainHandler(z.strictObject({ userid }), async ({ userid }) => {
  const dingtalk = await signIn();
  return answer.parse(succeeded(await dingtalk('/topapi/v2/user/get', { userid }))).result;
});
