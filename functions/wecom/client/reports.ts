import * as z from 'zod/mini';
import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { parseAs } from '../../shared/transport.ts';
import { WecomApi } from './api.ts';
import type { Envelope } from './types.ts';

const provider = 'wecom';
const maxDepartments = 200;
/** What the caller needs for the rest of its request. */
const reservedMs = 10_000;

export interface DirectReports {
  userids: string[];
  /** Whether every department that the app sees was read. */
  complete: boolean;
}

/** The chain of command of one invocation. */
export const wecomReports = (deadline: Deadline): WecomReports => new WecomReports(new WecomApi(deadline), deadline);

export class WecomReports {
  readonly #api: WecomApi;
  readonly #deadline: Deadline;

  constructor(api: WecomApi, deadline: Deadline) {
    this.#api = api;
    this.#deadline = deadline;
  }

  /**
   * Who has this member as `direct_leader`, by `department/list` and `user/list` (page sections 6 and 5.6) with the app
   * secret. WeCom has no list of them, so the departments are read one by one; what stops that makes the answer
   * incomplete: a refused read, more than 200 departments, or less than 10 s until the deadline.
   */
  async directReportsOf(userid: string): Promise<DirectReports> {
    const found = new Set<string>();
    const complete = await this.#search(userid.toLowerCase(), found).catch(refused);
    return { userids: [...found], complete };
  }

  async #search(leader: string, found: Set<string>): Promise<boolean> {
    const { department } = parseAs(provider, departmentList, await this.#read('/cgi-bin/department/list'));
    for (const { id } of department.slice(0, maxDepartments)) {
      if (this.#deadline.msLeft < reservedMs) return false;
      const answer = await this.#read('/cgi-bin/user/list', { department_id: String(id) });
      for (const { userid, direct_leader } of parseAs(provider, memberList, answer).userlist) {
        if (direct_leader?.some((held) => held.toLowerCase() === leader)) found.add(userid);
      }
    }
    return department.length <= maxDepartments;
  }

  #read(path: string, query: Record<string, string> = {}): Promise<Envelope> {
    return this.#api.call('appSecret', { method: 'GET', path, kind: 'read', query });
  }
}

function refused(error: unknown): false {
  if (error instanceof OperationError) return false;
  throw error;
}

const departmentList = z.object({ department: z.array(z.object({ id: z.int() })) });

const memberList = z.object({
  userlist: z.array(z.object({ userid: z.string(), direct_leader: z.nullish(z.array(z.string())) })),
});
