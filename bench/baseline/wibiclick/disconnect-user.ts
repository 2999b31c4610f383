import { z } from 'zod';
import { plainHandler } from '../shared/plain.ts';
import { connect, id, websitesOf } from '../shared/wibiclick.ts';

export const handler = plainHandler(z.strictObject({ websiteId: id, userId: id }), async ({ websiteId, userId }) => {
  const wibiclick = await connect();
  const find = async () => (await websitesOf(wibiclick, userId)).find(({ value }) => String(value) === websiteId);
  const website = await find();
  if (!website) throw new Error('not connected');
  const response = await wibiclick('/disconnect-user-from-website', { userId, websiteId: website.value });
  return { provider: 'wibiclick', websiteId, userId, outcome: 'disconnected', verified: !(await find()), response };
});
