import type { Deadline } from '../../shared/clock.ts';
import { parseAs, unexpected } from '../../shared/transport.ts';
import { DingtalkApi } from './api.ts';
import { activityPage, dismissionPage } from './types.ts';

const provider = 'dingtalk';

interface Query {
  cursor?: string | undefined;
  limit: number;
}

interface Page {
  userids: string[];
  /** Where the next page starts; undefined on the last. */
  next: number | undefined;
}

/** The lists of one invocation. */
export const dingtalkLists = (deadline: Deadline): DingtalkLists => new DingtalkLists(new DingtalkApi(deadline));

export class DingtalkLists {
  readonly #api: DingtalkApi;

  constructor(api: DingtalkApi) {
    this.#api = api;
  }

  /** `hrm/employees/dismissions`, page section 9.2. Needs Smart HR. A person hired again may still be listed. */
  dismissedUsers(query: Query) {
    return follow(query, 50, async (start, size) => {
      const answer = await this.#api.api({
        method: 'GET',
        path: '/v1.0/hrm/employees/dismissions',
        kind: 'read',
        query: { nextToken: String(start), maxResults: String(size) },
      });
      const { userIdList: userids, hasMore, nextToken } = parseAs(provider, dismissionPage, answer);
      return { userids, next: hasMore ? nextOf(nextToken) : undefined };
    });
  }

  /** `inactive/user/v2/get`, page section 9.1: who did not sign in on the day `yyyyMMdd`. */
  inactiveUsers(query_date: string, query: Query) {
    return follow(query, 100, async (offset, size) => {
      const body = { query_date, is_active: false, offset, size };
      const { result } = await this.#api.legacy('read', '/topapi/inactive/user/v2/get', body);
      const { list: userids, has_more, next_cursor } = parseAs(provider, activityPage, result);
      return { userids, next: has_more ? nextOf(next_cursor) : undefined };
    });
  }
}

/** Reads DingTalk's pages, which are smaller than ours, until `limit` ids are there or none are left. */
async function follow(
  { cursor, limit }: Query,
  pageSize: number,
  read: (start: number, size: number) => Promise<Page>,
): Promise<{ items: { userid: string }[]; cursor: string | null }> {
  const items: { userid: string }[] = [];
  let next: number | undefined = Number(cursor ?? 0);
  while (next !== undefined && items.length < limit) {
    const page: Page = await read(next, Math.min(pageSize, limit - items.length));
    items.push(...page.userids.map((userid) => ({ userid })));
    next = page.next;
  }
  return { items, cursor: next === undefined ? null : String(next) };
}

/** A list that breaks off here would pass for a whole one. */
function nextOf(next: number | undefined): number {
  if (next === undefined) throw unexpected(provider, 'its answer has more, but not where it goes on');
  return next;
}
