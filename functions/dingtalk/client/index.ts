import { backoff, clock, type Deadline } from '../../shared/clock.ts';
import { invalidInput, OperationError } from '../../shared/errors.ts';
import { type Prints, printOf, printsOf } from '../../shared/prints.ts';
import { lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { unexpected } from '../../shared/transport.ts';
import { DingtalkApi } from './api.ts';
import { comparePrints, sentFields, shownFields } from './comparable.ts';
import { type Deleted, type Deletion, deletion } from './deletion.ts';
import { DeletionBatch } from './deletion-batch.ts';
import type { HandoverResource } from './handover.ts';
import { findUser, readUser } from './read-user.ts';
import { type Absence, findRemovable, remove } from './removal.ts';
import { receiversOf, type Termination } from './termination.ts';
import type { WireUser } from './types.ts';
import type { NewUser, UserChanges } from './user.ts';

const provider = 'dingtalk';

/** The client of one invocation. */
export const dingtalk = (deadline: Deadline): DingtalkClient => new DingtalkClient(new DingtalkApi(deadline));

/**
 * What reading shows once a write has taken effect. A created user may show fewer fields than were sent; a change is
 * only proved by all of them.
 */
export type DingtalkExpectation =
  | { userid: string; exists: false }
  | { userid: string; exists: true; prints: Prints }
  | { userid: string; changed: Prints }
  | { userid: string; disabled: boolean };

type Answer = Record<string, unknown>;

export class DingtalkClient {
  readonly #api: DingtalkApi;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(api: DingtalkApi) {
    this.#api = api;
  }

  /** `user/get`, page section 6.2. @throws OperationError `not_found` */
  getUser(userid: string): Promise<WireUser> {
    return readUser(this.#api, userid);
  }

  /** A keyed print of all that DingTalk shows of a user, so that any change shows. @returns undefined when there is none */
  async printOf(userid: string): Promise<string | undefined> {
    const found = await findUser(this.#api, userid);
    return found && printOf(await this.#api.printKey(), Object.entries(found).sort());
  }

  /** That the user exists with these fields, as far as they can be read. */
  async expectUser(user: NewUser): Promise<{ userid: string; exists: true; prints: Prints }> {
    return { userid: user.userid, exists: true, prints: printsOf(await this.#api.printKey(), sentFields(user)) };
  }

  /** That the user shows these changes. */
  async expectChanges(changes: UserChanges): Promise<{ userid: string; changed: Prints }> {
    return { userid: changes.userid, changed: printsOf(await this.#api.printKey(), sentFields(changes)) };
  }

  /** @throws OperationError when nothing readable proves it or the contrary */
  async holds(expected: DingtalkExpectation): Promise<boolean> {
    if ('disabled' in expected) throw unreadable(accountState);
    const found = await findUser(this.#api, expected.userid);
    if ('exists' in expected && !expected.exists) return found === undefined;
    if (!found) return false;
    if ('exists' in expected) return !(await this.#compare(expected.prints, found)).differs;
    const { differs, unseen } = await this.#compare(expected.changed, found);
    if (!differs && unseen.length > 0) throw unreadable(unseen.join(', '));
    return !differs;
  }

  /**
   * `user/create`, page section 6.3, never sent again before the userid was read. `pending_consent` when the person
   * must accept an invitation first.
   * @throws OperationError `conflict` when the userid, mobile or email belongs to somebody else
   */
  async createUser(user: NewUser): Promise<WriteResult<'created' | 'pending_consent'>> {
    const expected = await this.expectUser(user);
    const body = { ...user, dept_id_list: user.dept_id_list.join(',') };
    const { answer } = await settle<Answer>({
      send: () => this.#api.legacy('write', '/topapi/v2/user/create', body).catch(asInvitation),
      isApplied: async () => {
        const found = await findUser(this.#api, user.userid);
        if (found && (await this.#compare(expected.prints, found)).differs) throw alreadyExists(user.userid);
        return found !== undefined;
      },
    });
    if (!answer) return { outcome: 'created', verified: true, response: null, warnings: lostAnswer };
    if (answer.errcode === consentNeeded) {
      const reason = 'DingTalk has invited the person; the account exists once the invitation is accepted';
      return { outcome: 'pending_consent', verified: 'unverified', reason, response: answer, warnings: [] };
    }
    const verification = await verify(provider, () => this.holds(expected));
    return { outcome: 'created', ...verification, response: answer, warnings: [] };
  }

  /** `user/update`, page section 6.4: only what is given changes. @throws OperationError `not_found`, `conflict` */
  async updateUser({ dept_id_list, ...changes }: UserChanges): Promise<WriteResult<'updated'>> {
    const expected = await this.expectChanges({ dept_id_list, ...changes });
    const body = { ...changes, ...(dept_id_list && { dept_id_list: dept_id_list.join(',') }) };
    const shown = () => this.holds(expected);
    const { answer } = await settle<Answer>({
      send: () => this.#api.legacy('write', '/topapi/v2/user/update', body),
      isApplied: shown,
    });
    if (!answer) return { outcome: 'updated', verified: true, response: null, warnings: lostAnswer };
    return { outcome: 'updated', ...(await verify(provider, shown)), response: answer, warnings: [] };
  }

  /** Takes an enterprise account's access away, page section 9.4. @throws OperationError `conflict` for any other */
  async disableUser(userid: string): Promise<WriteResult<'disabled'>> {
    const user = await findRemovable(this.#api, userid);
    if (user instanceof OperationError) throw user;
    return { outcome: 'disabled', ...confirmedByNothing, response: await this.#setState(userid, 'disable') };
  }

  /** Gives it back. @throws OperationError `conflict` for any but an enterprise account */
  async enableUser(userid: string): Promise<WriteResult<'enabled'>> {
    return { outcome: 'enabled', ...confirmedByNothing, response: await this.#setState(userid, 'enable') };
  }

  /**
   * `user/delete`, page sections 6.1 and 8, never sent again before the member was read. What becomes of the handover
   * cannot be known: DingTalk confirms nothing. `already_gone` when DingTalk does not know the member; only who saw the
   * member before can tell that from an id that never was.
   * @throws OperationError `protected`, or `provider_rejected` when somebody who shall take over does not exist; nothing
   * is deleted then
   */
  deleteUser(userid: string, handoverResource?: HandoverResource): Promise<WriteResult<'deleted'> | Absence> {
    return remove(this.#api, deletion(this.#api, { userid, handoverResource }));
  }

  /**
   * Many deletions, each as by `deleteUser`. Of several batches one is sent after the other, so that the next one keeps up
   * the pace while this one is read back.
   * @returns how each ended, in their order; `not_found` for an absence
   */
  async deleteUsers(deletions: Deletion[]): Promise<(Deleted | OperationError)[]> {
    const batch = new DeletionBatch(this.#api, deletions);
    const sent = this.#sending.then(() => batch.send());
    this.#sending = sent.catch(() => {});
    return batch.confirm(await sent);
  }

  /**
   * `terminateAndHandOver`, page section 9.3: HR's way to remove a member, metered, and otherwise as `deleteUser`.
   * @throws OperationError `invalid_input` when neither the request nor the secret names an operator
   */
  async terminateUser({ userid, ...given }: Termination): Promise<WriteResult<'deleted'> | Absence> {
    const optUserId = given.optUserId ?? (await this.#api.operatorUserid());
    if (!optUserId)
      throw invalidInput([{ path: 'optUserId', message: 'is required: the secret has no operatorUserid' }]);
    const send = async () => {
      const body = { ...given, userId: userid, optUserId };
      const path = '/v1.0/hrm/processes/terminateAndHandOver';
      const answer = await this.#api.api({ method: 'POST', path, kind: 'write', body });
      if (answer.result === true) return answer;
      throw unexpected(provider, 'its answer is not as documented at result');
    };
    return remove(this.#api, { userid, takers: receiversOf(given), send });
  }

  /**
   * No read shows this state, so only an answer can tell whether it was set. Setting it again changes nothing more,
   * which is why a call without an answer is made once more instead of being left unknown.
   */
  async #setState(userId: string, action: 'disable' | 'enable'): Promise<Answer> {
    const path = `/v1.0/contact/orgAccounts/${action}`;
    const send = () => this.#api.api({ method: 'POST', path, kind: 'write', body: { userId } });
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof OperationError) || error.outcome !== 'unknown' || error.options.unknownCode) throw error;
      await clock.sleep(backoff(1));
      return send().catch((again: unknown) => Promise.reject(stateUnknown(again)));
    }
  }

  async #compare(sent: Prints, found: WireUser): Promise<{ differs: boolean; unseen: string[] }> {
    const key = await this.#api.printKey();
    return comparePrints(sent, printsOf(key, shownFields(found)), printOf(key, ''));
  }
}

/** The person must accept an invitation first (page section 6.3). */
const consentNeeded = 40103;

function asInvitation(error: unknown): Answer {
  const answered = error instanceof OperationError ? error.options.provider : undefined;
  if (answered?.code !== String(consentNeeded)) throw error;
  return { errcode: consentNeeded, errmsg: answered.message, request_id: answered.requestId };
}

const unreadable = (what: string): OperationError =>
  new OperationError('provider_permission', `DingTalk does not show ${what}`, {
    provider: { name: provider },
    unprovable: true,
  });

const accountState = 'whether an account is disabled';
const confirmedByNothing = {
  verified: 'unverified' as const,
  reason: unreadable(accountState).message,
  warnings: [],
};

/** The second attempt may be refused for another reason than the first one's effect. */
function stateUnknown(error: unknown): unknown {
  if (!(error instanceof OperationError)) return error;
  return new OperationError('provider_timeout', `${error.message}; and an earlier attempt had no answer`, {
    outcome: 'unknown',
    provider: error.options.provider ?? { name: provider },
    fix: 'Look at the account in the admin console, or send the request again: doing it twice changes nothing more.',
  });
}

const alreadyExists = (userid: string): OperationError =>
  new OperationError('conflict', `the userid ${userid} exists already, with other values`, {
    provider: { name: provider },
    errors: [{ path: 'userid', message: 'exists already' }],
  });
