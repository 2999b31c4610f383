import pMap from 'p-map';
import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { parseAs, unexpected } from '../../shared/transport.ts';
import { DingtalkApi } from './api.ts';
import { DingtalkDepartments } from './departments.ts';
import { administratorList, headcount } from './types.ts';

const provider = 'dingtalk';
const rootDepartment = 1;
const concurrency = 10;

/** The whole organisation, for one invocation. */
export const dingtalkDirectory = (deadline: Deadline): DingtalkDirectory =>
  new DingtalkDirectory(new DingtalkApi(deadline));

export class DingtalkDirectory {
  readonly #api: DingtalkApi;
  readonly #departments: DingtalkDepartments;

  constructor(api: DingtalkApi) {
    this.#api = api;
    this.#departments = new DingtalkDepartments(api);
  }

  /** `user/count`, page section 6.5: how many users there are, those who never signed in too. */
  async count(): Promise<number> {
    const { result } = await this.#api.legacy('read', '/topapi/user/count', { only_active: false });
    return parseAs(provider, headcount, result).count;
  }

  /** `user/listadmin`, page section 6.5: the ids of the administrators, primary and sub. */
  async administrators(): Promise<string[]> {
    const { result } = await this.#api.legacy('read', '/topapi/user/listadmin', {});
    return parseAs(provider, administratorList, result).map(({ userid }) => userid);
  }

  /**
   * The id of every user, once. No call lists them, so all departments are walked; whoever acts on a list with somebody
   * missing takes a colleague for a leaver (page section 11), so it is whole or there is none.
   * @throws OperationError of any page that failed, or `provider_unexpected` when less was read than DingTalk counts
   */
  async userids(): Promise<string[]> {
    const before = await this.count();
    const userids = await this.#walk();
    const least = Math.min(before, await this.count());
    if (userids.size === 0) throw incomplete('it is empty');
    if (userids.size < least) throw incomplete(`${userids.size} users were listed, and DingTalk counts ${least}`);
    return [...userids];
  }

  /** From level to level, since both calls answer for one level only. */
  async #walk(): Promise<Set<string>> {
    const userids = new Set<string>();
    const departments = new Set<number>();
    for (let level = [rootDepartment]; level.length > 0; ) {
      for (const id of level) departments.add(id);
      const read = await pMap(level, (id) => this.#department(id), { concurrency });
      for (const id of read.flatMap((department) => department.userids)) userids.add(id);
      level = [...new Set(read.flatMap(({ children }) => children))].filter((id) => !departments.has(id));
    }
    return userids;
  }

  async #department(id: number): Promise<{ userids: string[]; children: number[] }> {
    try {
      const [userids, children] = await Promise.all([
        this.#departments.useridsIn(id),
        this.#departments.departmentIdsIn(id),
      ]);
      return { userids, children };
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'not_found') throw error;
      throw incomplete(`department ${id} went away meanwhile`);
    }
  }
}

const incomplete = (why: string): OperationError =>
  unexpected(provider, `the directory could not be read whole: ${why}`).with({ outcome: 'not_applied' });
