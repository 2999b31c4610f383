import { z } from 'zod';
import { signIn, userid } from '../shared/dingtalk.ts';
import { plainHandler, succeeded } from '../shared/plain.ts';

const module = z.strictObject({ action: z.enum(['handover', 'remove', 'skip']), handoverUserId: userid.optional() });
const handoverResource = z.strictObject({
  subordinate: module.optional(),
  oaApproval: module.optional(),
  subAdmin: module.optional(),
  dingDoc: module.optional(),
  dingPan: module.optional(),
});

export const handler = plainHandler(z.strictObject({ userid, handoverResource }), async (fields) => {
  const dingtalk = await signIn();
  const takers = new Set(Object.values(fields.handoverResource).flatMap((module) => module?.handoverUserId ?? []));
  for (const taker of takers) succeeded(await dingtalk('/topapi/v2/user/get', { userid: taker }));
  const response = succeeded(await dingtalk('/topapi/v2/user/delete', fields));
  const { errcode } = await dingtalk('/topapi/v2/user/get', { userid: fields.userid });
  return { provider: 'dingtalk', userid: fields.userid, outcome: 'deleted', verified: errcode !== 0, response };
});
