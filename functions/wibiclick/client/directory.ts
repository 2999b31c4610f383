import type { Deadline } from '../../shared/clock.ts';
import { wibiclick } from './index.ts';
export const wibiclickDirectory = (deadline: Deadline) => ({
  async userIds(): Promise<string[]> {
    const client = wibiclick(deadline);
    const ids = new Set<string>();
    for (const { id } of await client.websites()) for (const user of await client.usersOf(id)) ids.add(String(user.id));
    return [...ids];
  },
});
