import type { Deadline } from '../../shared/clock.ts';
import { asFailure, OperationError } from '../../shared/errors.ts';
import { type Prints, printOf, printsOf } from '../../shared/prints.ts';
import { type AlreadySo, lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { parseAs } from '../../shared/transport.ts';
import { WecomApi } from './api.ts';
import { type DeletionEnd, deleteMany } from './bulk-deletion.ts';
import { comparableFields } from './comparable.ts';
import { confirmDeleted, deleteOne } from './deletion.ts';
import { Directory } from './directory.ts';
import { leavesPartOpen, unknownToCorp } from './errors.ts';
import { type MemberChanges, type MemberFields, type NewMember, type UpdateOutcome, updateOutcome } from './member.ts';
import { compare, keptMobile, type Reading, showsNothing, showsUpdate } from './read-back.ts';
import {
  createAnswer,
  type DepartmentIds,
  departmentPage,
  type Envelope,
  type IdPage,
  idPage,
  type WireMember,
  wireMember,
} from './types.ts';
import { parseWarnings } from './warnings.ts';

const provider = 'wecom';

/** The client of one invocation. */
export const wecom = (deadline: Deadline): WecomClient => new WecomClient(new WecomApi(deadline));

/** What reading shows once a write has taken effect. */
export type WecomExpectation = ExpectedMember | ExpectedChanges | { userid: string; exists: false };
interface ExpectedMember {
  userid: string;
  exists: true;
  prints: Prints;
}
interface ExpectedChanges {
  userid: string;
  changed: Prints;
}

export class WecomClient {
  readonly directory: Directory = new Directory(this);
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
   * One page of `user/list_id`, page section 5.6: a row for each member and department.
   * @throws OperationError `provider_rejected` when WeCom does not know the cursor
   */
  async listIds(limit: number, cursor?: string | null): Promise<IdPage> {
    const answer = await this.#api.call('contactSecret', {
      method: 'POST',
      path: '/cgi-bin/user/list_id',
      kind: 'read',
      body: { ...(cursor && { cursor }), limit },
    });
    return parseAs(provider, idPage, answer);
  }

  /** `department/simplelist`, page section 6: all departments of the corp; their names are not for contact sync. */
  async listDepartments(): Promise<DepartmentIds> {
    const answer = await this.#api.call('contactSecret', {
      method: 'GET',
      path: '/cgi-bin/department/simplelist',
      kind: 'read',
    });
    return parseAs(provider, departmentPage, answer).department_id;
  }

  /**
   * A keyed print of all that our credential reads of a member, so that any change shows.
   * @returns undefined when there is no such member
   */
  async printOf(userid: string): Promise<string | undefined> {
    const found = await this.getUser(userid).catch(asFailure);
    if (!(found instanceof OperationError)) return printOf(await this.#api.printKey(), Object.entries(found).sort());
    if (found.code !== 'not_found' || (await this.directory.lists(userid))) throw found;
    return undefined;
  }

  /** That the member exists with these fields, as far as they can be read. */
  async expectMember({ userid, ...fields }: MemberFields & { userid: string }): Promise<ExpectedMember> {
    return { userid, exists: true, prints: printsOf(await this.#api.printKey(), comparableFields(fields)) };
  }

  /** That the member shows each of these changes. */
  async expectChanges({ userid, new_userid = userid, ...changes }: MemberChanges): Promise<ExpectedChanges> {
    const fields = { ...changes, ...comparableFields(changes) };
    return { userid: new_userid, changed: printsOf(await this.#api.printKey(), fields) };
  }

  /** @throws OperationError when nothing readable proves it or the contrary */
  async holds(expected: WecomExpectation): Promise<boolean> {
    if ('changed' in expected) {
      const reading = await this.#read(expected.userid, expected.changed);
      return reading !== undefined && showsUpdate(reading);
    }
    if (!expected.exists) return !(await this.directory.lists(expected.userid));
    const reading = await this.#read(expected.userid, expected.prints);
    return reading?.differing.length === 0;
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
        const found = await this.#read(member.userid, expected.prints);
        if (found && found.differing.length > 0) throw alreadyExists(member.userid);
        return found !== undefined;
      },
    });
    const confirmed = answer ? await verify(provider, () => this.holds(expected)) : { verified: true as const };
    return { outcome: 'created', ...confirmed, response: answer ?? null, warnings: createWarnings(answer) };
  }

  /**
   * `user/update`, page section 5.3: sends the given fields and no others. The warning `mobile_kept` says that WeCom
   * did not take the mobile of a member who has activated.
   * @throws OperationError with `outcome: "unknown"` when a refusal may have come after a part was written
   */
  async updateUser(changes: MemberChanges): Promise<WriteResult<UpdateOutcome>> {
    const { userid, changed } = await this.expectChanges(changes);
    let reading: Reading | undefined;
    const showsAll = async () => {
      reading = await this.#read(userid, changed);
      return reading !== undefined && showsUpdate(reading);
    };
    const isApplied = async () => {
      if (await showsAll()) return true;
      if (isAtomic(changes) || !reading || showsNothing(reading, changed)) return false;
      throw new OperationError('provider_unexpected', 'a part of the change may be there');
    };
    const { answer, ambiguous } = await settle({ send: () => this.#sendUpdate(changes), isApplied });
    if (answer instanceof OperationError) {
      const nothing = !ambiguous && (await this.#showsNothing(userid, changed));
      throw nothing ? answer : partial(answer);
    }
    const confirmed = answer ? await verify(provider, showsAll) : { verified: true as const };
    const warnings = [
      ...(answer ? parseWarnings(answer) : lostAnswer),
      ...(reading && keptMobile(reading) ? ['mobile_kept'] : []),
    ];
    return { outcome: updateOutcome(changes), ...confirmed, response: answer ?? null, warnings };
  }

  /**
   * `user/delete`, page section 5.4, which deletes the member's corporate mailbox too. `already_absent` when there was no
   * such member before.
   */
  async deleteUser(userid: string): Promise<WriteResult<'deleted'> | AlreadySo<'already_absent'>> {
    const isGone = () => this.holds({ userid, exists: false });
    const said = await deleteOne(this.#api, userid, isGone);
    if (said instanceof OperationError) return { outcome: 'already_absent', refusal: said };
    return confirmDeleted(said, isGone);
  }

  /** `user/batchdelete`, page section 5.5, for up to 200 members. */
  deleteUsers(userids: string[]): Promise<DeletionEnd[]> {
    return deleteMany(this.#api, this.directory, userids);
  }

  /** A refusal that says nothing of the other fields is an answer here, not a failure. */
  async #sendUpdate(changes: MemberChanges): Promise<Envelope | OperationError> {
    try {
      return await this.#api.call('contactSecret', {
        method: 'POST',
        path: '/cgi-bin/user/update',
        kind: 'write',
        body: changes,
      });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (error.code === 'not_found') throw unknownToCorp(error);
      if (isAtomic(changes) || !leavesPartOpen(error)) throw error;
      return error;
    }
  }

  async #showsNothing(userid: string, sent: Prints): Promise<boolean> {
    const reading = await this.#read(userid, sent).catch(asFailure);
    return reading !== undefined && !(reading instanceof OperationError) && showsNothing(reading, sent);
  }

  /** How the member stands to what was sent; undefined when there is none. */
  async #read(userid: string, sent: Prints): Promise<Reading | undefined> {
    const found = await this.getUser(userid).catch(asFailure);
    if (!(found instanceof OperationError)) return compare(sent, found, await this.#api.printKey());
    if (!(await this.directory.lists(userid))) return undefined;
    throw new OperationError('provider_permission', 'the member is there, but its details cannot be read', {
      unprovable: !found.retryable,
      provider: { name: provider },
      fix: 'Add appSecret, the secret of a self-built app that sees the member, so that writes can be verified.',
    });
  }
}

/** Only reading could tell whether nothing was written before the refusal, and it did not. */
const partial = (refusal: OperationError): OperationError =>
  refusal.with({
    outcome: 'unknown',
    mayBePartial: true,
    fix: 'Correct what WeCom refused, and send all the fields again: a part of them may have been written.',
  });

/** All at once or not at all, unless mailbox fields come with others (page section 5.3). */
const isAtomic = ({ userid: _userid, ...changes }: MemberChanges): boolean =>
  Object.keys(changes).length === 1 || !(changes.biz_mail || changes.biz_mail_alias);

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
