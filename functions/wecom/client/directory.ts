import type { Deadline } from '../../shared/clock.ts';
import { wecom } from './index.ts';
export const wecomDirectory = (deadline: Deadline) => ({
  async userids(): Promise<string[]> {
    const ids = new Set<string>();
    let cursor: string | null | undefined;
    do {
      const page = await wecom(deadline).listIds(5000, cursor);
      for (const { userid } of page.dept_user) ids.add(userid);
      cursor = page.next_cursor;
    } while (cursor);
    return [...ids];
  },
});
