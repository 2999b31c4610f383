import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { parseAs, unexpected } from '../../shared/transport.ts';
import { DingtalkApi } from './api.ts';
import {
  activityPage,
  type Department,
  departmentIdList,
  departmentList,
  dismissionPage,
  idList,
  type LegacyAnswer,
} from './types.ts';

const provider = 'dingtalk';
const departmentUnknown = '60003';

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

  /** `user/listid`, page section 6.5: the direct members of a department. @throws OperationError `not_found` */
  async useridsIn(dept_id: number): Promise<string[]> {
    const { result } = await this.#ofDepartment('/topapi/user/listid', dept_id);
    return parseAs(provider, idList, result).userid_list;
  }

  /** `department/listsub`, page section 7: the children of a department, one level. @throws OperationError `not_found` */
  async departmentsIn(dept_id: number): Promise<Department[]> {
    const { result } = await this.#ofDepartment('/topapi/v2/department/listsub', dept_id);
    return parseAs(provider, departmentList, result);
  }

  /** `department/listsubid`, page section 7: their ids alone, those outside the contact scope too. */
  async departmentIdsIn(dept_id: number): Promise<number[]> {
    const { result } = await this.#ofDepartment('/topapi/v2/department/listsubid', dept_id);
    return parseAs(provider, departmentIdList, result).dept_id_list;
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

  async #ofDepartment(path: string, dept_id: number): Promise<LegacyAnswer> {
    try {
      return await this.#api.legacy('read', path, { dept_id });
    } catch (error) {
      if (!(error instanceof OperationError) || error.options.provider?.code !== departmentUnknown) throw error;
      throw error.with({ code: 'not_found', errors: [{ path: 'dept_id', message: 'there is no such department' }] });
    }
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
