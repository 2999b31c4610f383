import type { Deadline } from '../../shared/clock.ts';
import { unexpected } from '../../shared/transport.ts';
import { DingtalkApi, type Tenant } from './api.ts';
import { findUser, isTrue } from './read-user.ts';
import type { WireUser } from './types.ts';

/** Who a user is, in ids and flags (page section 6.2). */
export interface DingtalkIdentity {
  userid: string;
  unionid: string;
  admin: boolean;
  boss: boolean;
  /** An enterprise account (企业账号), the only kind that can be disabled (page section 9.4). */
  enterprise: boolean;
  /** The departments that the user leads. */
  leads: number[];
}

export const dingtalkIdentities = (deadline: Deadline): DingtalkIdentities =>
  new DingtalkIdentities(new DingtalkApi(deadline));

export class DingtalkIdentities {
  readonly #api: DingtalkApi;

  constructor(api: DingtalkApi) {
    this.#api = api;
  }

  tenant(): Promise<Tenant> {
    return this.#api.tenant();
  }

  operatorUserid(): Promise<string | undefined> {
    return this.#api.operatorUserid();
  }

  /**
   * @returns undefined when there is no such user
   * @throws OperationError `provider_unexpected` when nothing tells who the user is
   */
  async find(userid: string): Promise<DingtalkIdentity | undefined> {
    const found = await findUser(this.#api, userid);
    return (
      found && {
        userid: found.userid,
        unionid: unionidOf(found),
        admin: isTrue(found.admin),
        boss: isTrue(found.boss),
        enterprise: isTrue(found.exclusive_account),
        leads: ledBy(found.leader_in_dept),
      }
    );
  }
}

/** It alone tells who a user is, so without it nothing may be done to the account. */
function unionidOf({ unionid }: WireUser): string {
  if (typeof unionid === 'string' && unionid !== '') return unionid;
  throw unexpected('dingtalk', 'its answer does not tell the unionid of the user');
}

const ledBy = (entries: unknown): number[] =>
  Array.isArray(entries) ? entries.filter(({ leader }) => isTrue(leader)).map(({ dept_id }) => Number(dept_id)) : [];
