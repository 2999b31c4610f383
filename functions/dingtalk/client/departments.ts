import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { parseAs } from '../../shared/transport.ts';
import { DingtalkApi } from './api.ts';
import { type Department, departmentIdList, departmentList, idList, type LegacyAnswer } from './types.ts';

const provider = 'dingtalk';
const departmentUnknown = '60003';

/** What departments hold, for one invocation. */
export const dingtalkDepartments = (deadline: Deadline): DingtalkDepartments =>
  new DingtalkDepartments(new DingtalkApi(deadline));

export class DingtalkDepartments {
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

  async #ofDepartment(path: string, dept_id: number): Promise<LegacyAnswer> {
    try {
      return await this.#api.legacy('read', path, { dept_id });
    } catch (error) {
      if (!(error instanceof OperationError) || error.options.provider?.code !== departmentUnknown) throw error;
      throw error.with({ code: 'not_found', errors: [{ path: 'dept_id', message: 'there is no such department' }] });
    }
  }
}
