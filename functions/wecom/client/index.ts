import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { logger } from '../../shared/log.ts';
import { type Prints, printsOf } from '../../shared/prints.ts';
import { type AlreadySo, lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { parseAs } from '../../shared/transport.ts';
import { WecomApi } from './api.ts';
import { comparableFields } from './comparable.ts';
import { saysAbsent } from './errors.ts';
import type { MemberFields, NewMember } from './member.ts';
import { createAnswer, type Envelope, idPage, type WireMember, wireMember } from './types.ts';

const provider = 'wecom';
/** The most that keeps an answer of `user/list_id` under 1 MiB; the page allows 10,000. */
const idsPerPage = 5_000;

/** The client of one invocation. */
export const wecom = (deadline: Deadline): WecomClient => new WecomClient(new WecomApi(deadline));

/** What reading shows once a write has taken effect. */
export type WecomExpectation = ExpectedMember | { userid: string; exists: false };
interface ExpectedMember {
  userid: string;
  exists: true;
  prints: Prints;
}

export class WecomClient {
  readonly #api: WecomApi;

  constructor(api: WecomApi) {
    this.#api = api;
  }

  /**
   * `user/get`, page section 5.2, with the app secret if there is one: contact sync gets no details from new addresses.
   * @throws OperationError `not_found` when the member is unknown or not visible to the credential
   */
  async getUser(userid: string): Promise<WireMember> {
    const credential = await this.#api.firstCredential(['appSecret', 'contactSecret']);
    const answer = await this.#api.call(credential, {
      method: 'GET',
      path: '/cgi-bin/user/get',
      kind: 'read',
      query: { userid },
    });
    const { errcode: _code, errmsg: _message, ...member } = parseAs(provider, wireMember, answer);
    return member;
  }

  /** That the member exists with these fields, as far as they can be read. */
  async expectMember({ userid, ...fields }: MemberFields & { userid: string }): Promise<ExpectedMember> {
    return { userid, exists: true, prints: printsOf(await this.#api.printKey(), comparableFields(fields)) };
  }

  /** @throws OperationError when nothing readable proves it or the contrary */
  async holds(expected: WecomExpectation): Promise<boolean> {
    return expected.exists ? (await this.#compare(expected)) === 'same' : !(await this.#isListed(expected.userid));
  }

  /**
   * `user/create`, page section 5.1, never sent again before the directory was read.
   * @throws OperationError `conflict` when the userid, mobile or email belongs to somebody else
   */
  async createUser(member: NewMember): Promise<WriteResult<'created'>> {
    const expected = await this.expectMember(member);
    const { answer } = await settle({
      send: () =>
        this.#api.call('contactSecret', { method: 'POST', path: '/cgi-bin/user/create', kind: 'write', body: member }),
      isApplied: async () => {
        const found = await this.#compare(expected);
        if (found === 'different') throw alreadyExists(member.userid);
        return found === 'same';
      },
    });
    const confirmed = answer ? await verify(provider, () => this.holds(expected)) : { verified: true as const };
    return { outcome: 'created', ...confirmed, response: answer ?? null, warnings: createWarnings(answer) };
  }

  /**
   * `user/delete`, page section 5.4: a GET that changes state, so never repeated before the directory was read. It
   * deletes the member's corporate mailbox too. `already_absent` when there was no such member before.
   */
  async deleteUser(userid: string): Promise<WriteResult<'deleted'> | AlreadySo<'already_absent'>> {
    const absent = () => this.holds({ userid, exists: false });
    const { answer, ambiguous } = await settle({ send: () => this.#sendDelete(userid), isApplied: absent });
    if (!answer) return { outcome: 'deleted', verified: true, response: null, warnings: lostAnswer };
    if (answer instanceof OperationError) {
      if (!ambiguous && !answer.options.repeated) return { outcome: 'already_absent', refusal: answer };
      return { outcome: 'deleted', ...(await verify(provider, absent)), response: null, warnings: lostAnswer };
    }
    return {
      outcome: 'deleted',
      ...(await verify(provider, absent)),
      response: answer,
      warnings: parseWarnings(answer),
    };
  }

  /** That the member is gone is an answer here, not a failure. */
  async #sendDelete(userid: string): Promise<Envelope | OperationError> {
    try {
      return await this.#api.call('contactSecret', {
        method: 'GET',
        path: '/cgi-bin/user/delete',
        kind: 'write',
        query: { userid },
      });
    } catch (error) {
      if (error instanceof OperationError && saysAbsent(error)) {
        return error.with({
          code: 'not_found',
          fix: 'Check the id: contact sync sees the whole corp, and this member is not in it.',
        });
      }
      throw error;
    }
  }

  async #compare({ userid, prints }: ExpectedMember): Promise<'absent' | 'same' | 'different'> {
    const found = await this.getUser(userid).catch((error: unknown) => {
      if (error instanceof OperationError) return undefined;
      throw error;
    });
    if (found) return (await this.#matches(prints, found)) ? 'same' : 'different';
    if (!(await this.#isListed(userid))) return 'absent';
    throw new OperationError('provider_permission', 'the member is there, but its details cannot be read', {
      provider: { name: provider },
      fix: 'Add appSecret, the secret of a self-built app that sees the member, so that writes can be verified.',
    });
  }

  async #matches(prints: Prints, found: WireMember): Promise<boolean> {
    const readable = printsOf(await this.#api.printKey(), comparableFields(found));
    return Object.entries(prints).every(([name, print]) => readable[name] === undefined || readable[name] === print);
  }

  /**
   * `user/list_id` sees the whole corp, so it alone can prove absence; `user/get` answers the same for a member that
   * the app must not see.
   */
  async #isListed(userid: string): Promise<boolean> {
    const wanted = userid.toLowerCase();
    let cursor: string | null | undefined;
    do {
      const answer = await this.#api.call('contactSecret', {
        method: 'POST',
        path: '/cgi-bin/user/list_id',
        kind: 'read',
        body: { ...(cursor && { cursor }), limit: idsPerPage },
      });
      const page = parseAs(provider, idPage, answer);
      if (page.dept_user.some((row) => row.userid.toLowerCase() === wanted)) return true;
      cursor = page.next_cursor;
    } while (cursor);
    return false;
  }
}

const alreadyExists = (userid: string): OperationError =>
  new OperationError('conflict', `the userid ${userid} exists already, with other values`, {
    provider: { name: provider },
    errors: [{ path: 'userid', message: 'exists already' }],
  });

/** Departments that this call made: an unknown id is more often a typo than a wish (page section 5.1). */
function createWarnings(answer: Envelope | undefined): string[] {
  if (!answer) return lostAnswer;
  const made = createAnswer.safeParse(answer).data?.created_department_list?.department_info ?? [];
  return [...made.map(({ id }) => `department_created:${id}`), ...parseWarnings(answer)];
}

/** WeCom may parse a bad body in part and still answer 0; only this marker in the text tells (page section 1). */
function parseWarnings({ errmsg }: Envelope): string[] {
  if (!errmsg.includes('wrong json format')) return [];
  logger.error('WeCom did not parse our request cleanly', { provider });
  return ['request_not_parsed_cleanly'];
}
