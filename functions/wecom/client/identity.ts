import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { printOf } from '../../shared/prints.ts';
import { type CredentialName, type Tenant, WecomApi } from './api.ts';
import { WecomClient } from './index.ts';

/** 1 activated, 2 disabled, 4 not activated, 5 left the corp (page section 5.2). */
export const disabledStatus = 2;

/** Who a member is, in ids, flags and a keyed print. What our credentials may not read is missing. */
export interface WecomIdentity {
  userid: string;
  /** Ids in ascending order. */
  departments: number[];
  name?: string;
  /** Stands for the key of the print: prints of different keys cannot be compared. */
  nameKey?: string;
  status?: number;
  /** The departments that the member leads. */
  leads?: number[];
}

export const wecomIdentities = (deadline: Deadline): WecomIdentities => new WecomIdentities(new WecomApi(deadline));

export class WecomIdentities {
  readonly #api: WecomApi;
  readonly #client: WecomClient;

  constructor(api: WecomApi) {
    this.#api = api;
    this.#client = new WecomClient(api);
  }

  tenant(): Promise<Tenant> {
    return this.#api.tenant();
  }

  has(credential: CredentialName): Promise<boolean> {
    return this.#api.has(credential);
  }

  /**
   * With the app secret everything (page section 5.2); without it, and for a member whom the app must not see, the
   * departments of the id list alone (page section 5.6), which sees the whole corp.
   * @returns undefined when there is no such member
   */
  async find(userid: string): Promise<WecomIdentity | undefined> {
    return ((await this.has('appSecret')) && (await this.#visible(userid))) || this.#listed(userid);
  }

  async #visible(userid: string): Promise<WecomIdentity | undefined> {
    const found = await this.#client.getUser(userid).catch((error: unknown) => {
      if (error instanceof OperationError && error.code === 'not_found') return undefined;
      throw error;
    });
    if (!found) return undefined;
    const departments = numbers(found.department);
    const leader = numbers(found.is_leader_in_dept);
    return {
      userid: found.userid,
      departments: departments.toSorted((a, b) => a - b),
      ...(typeof found.name === 'string' && (await this.#printOf(found.name))),
      ...(found.status !== undefined && { status: found.status }),
      leads: departments.filter((_, index) => leader[index] === 1),
    };
  }

  async #listed(userid: string): Promise<WecomIdentity | undefined> {
    const rows = await this.#client.directory.rowsOf(userid);
    const [first] = rows;
    const departments = rows.map(({ department }) => department).toSorted((a, b) => a - b);
    return first && { userid: first.userid, departments };
  }

  async #printOf(name: string): Promise<{ name: string; nameKey: string }> {
    const key = await this.#api.printKey();
    return { name: printOf(key, name), nameKey: printOf(key, '') };
  }
}

const numbers = (value: unknown): number[] =>
  Array.isArray(value) ? value.filter((entry): entry is number => typeof entry === 'number') : [];
