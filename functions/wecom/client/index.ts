import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { logger } from '../../shared/log.ts';
import { type AlreadySo, lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { parseAs } from '../../shared/transport.ts';
import { WecomApi } from './api.ts';
import { saysAbsent } from './errors.ts';
import type { NewMember } from './member.ts';
import { createAnswer, type Envelope, idPage, type WireMember, wireMember } from './types.ts';

const provider = 'wecom';
/** The most that keeps an answer of `user/list_id` under 1 MiB; the page allows 10,000. */
const idsPerPage = 5_000;

/** The client of one invocation. */
export const wecom = (deadline: Deadline): WecomClient => new WecomClient(new WecomApi(deadline));

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

  /**
   * `user/create`, page section 5.1, never sent again before the directory was read.
   * @throws OperationError `conflict` when the userid, mobile or email belongs to somebody else
   */
  async createUser(member: NewMember): Promise<WriteResult<'created'>> {
    const { answer } = await settle({
      send: () =>
        this.#api.call('contactSecret', { method: 'POST', path: '/cgi-bin/user/create', kind: 'write', body: member }),
      isApplied: async () => {
        const found = await this.#comparedWith(member);
        if (found === 'different') throw alreadyExists(member.userid);
        return found === 'same';
      },
    });
    const confirmed = answer
      ? await verify(provider, async () => (await this.#comparedWith(member)) === 'same')
      : { verified: true as const };
    return { outcome: 'created', ...confirmed, response: answer ?? null, warnings: createWarnings(answer) };
  }

  /**
   * `user/delete`, page section 5.4: a GET that changes state, so never repeated before the directory was read. It
   * deletes the member's corporate mailbox too. `already_absent` when there was no such member before.
   */
  async deleteUser(userid: string): Promise<WriteResult<'deleted'> | AlreadySo<'already_absent'>> {
    const absent = async () => !(await this.#isListed(userid));
    const { answer, ambiguous } = await settle({ send: () => this.#sendDelete(userid), isApplied: absent });
    if (!answer) return { outcome: 'deleted', verified: true, response: null, warnings: lostAnswer };
    if (answer instanceof OperationError) {
      if (!ambiguous) return { outcome: 'already_absent', refusal: answer };
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
      if (error instanceof OperationError && saysAbsent(error)) return error.with({ code: 'not_found' });
      throw error;
    }
  }

  /** Whether the directory holds this member, and with the values that were sent. */
  async #comparedWith(member: NewMember): Promise<'absent' | 'same' | 'different'> {
    const found = await this.getUser(member.userid).catch((error: unknown) => {
      if (error instanceof OperationError) return undefined;
      throw error;
    });
    if (found) return matches(member, found) ? 'same' : 'different';
    if (!(await this.#isListed(member.userid))) return 'absent';
    throw new OperationError('provider_permission', 'the member is there, but its details cannot be read', {
      provider: { name: provider },
      fix: 'Add appSecret, the secret of a self-built app that sees the member, so that creations can be verified.',
    });
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

/** The fields that WeCom gives back as they were sent. A credential that may not read a field gets no such key. */
const comparable = [
  'name',
  'alias',
  'email',
  'biz_mail',
  'position',
  'gender',
  'telephone',
  'address',
  'main_department',
  'external_position',
] as const;

function matches(sent: NewMember, found: WireMember): boolean {
  const same = comparable.every((key) => sent[key] === undefined || !(key in found) || sent[key] === found[key]);
  return same && sameMobile(sent.mobile, found.mobile) && sameDepartments(sent.department, found.department);
}

/** Mainland numbers may be given with or without +86. */
const sameMobile = (sent: string | undefined, found: unknown): boolean =>
  sent === undefined || typeof found !== 'string' || bareNumber(sent) === bareNumber(found);
const bareNumber = (mobile: string): string => mobile.replace(/^\+?86(?=1\d{10}$)/, '').replace(/\D/g, '');

/** 0 stands for a department whose id we do not know. */
const sameDepartments = (sent: number[] | undefined, found: unknown): boolean =>
  !sent || sent.includes(0) || !Array.isArray(found) || new Set(sent).symmetricDifference(new Set(found)).size === 0;
