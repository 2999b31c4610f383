import type { Deadline } from '../../shared/clock.ts';
import { DingtalkApi, type Tenant } from './api.ts';
import { findUser, isTrue } from './read-user.ts';

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

  /** @returns undefined when there is no such user */
  async find(userid: string): Promise<DingtalkIdentity | undefined> {
    const found = await findUser(this.#api, userid);
    return (
      found && {
        userid: found.userid,
        unionid: String(found.unionid ?? ''),
        admin: isTrue(found.admin),
        boss: isTrue(found.boss),
        enterprise: isTrue(found.exclusive_account),
        leads: ledBy(found.leader_in_dept),
      }
    );
  }
}

const ledBy = (entries: unknown): number[] =>
  Array.isArray(entries) ? entries.filter(({ leader }) => isTrue(leader)).map(({ dept_id }) => Number(dept_id)) : [];
