import { z } from 'zod';
import { plainHandler } from '../shared/plain.ts';
import { connect, id, websitesOf } from '../shared/wibiclick.ts';

export const handler = plainHandler(z.strictObject({ userId: id }), async ({ userId }) => {
  const websites = await websitesOf(await connect(), userId);
  return { items: websites.map(({ value, label }) => ({ websiteId: String(value), name: label })), cursor: null };
});
