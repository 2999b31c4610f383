import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { type AlreadySo, lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { parseAs, withoutEffect } from '../../shared/transport.ts';
import { DingtalkApi } from './api.ts';
import { type HandoverResource, takersOf } from './handover.ts';
import { type LegacyAnswer, type WireUser, wireUser } from './types.ts';

const provider = 'dingtalk';

/** The client of one invocation. */
export const dingtalk = (deadline: Deadline): DingtalkClient => new DingtalkClient(new DingtalkApi(deadline));

/** What reading shows once a write has taken effect. */
export interface DingtalkExpectation {
  userid: string;
  exists: boolean;
}

export class DingtalkClient {
  readonly #api: DingtalkApi;

  constructor(api: DingtalkApi) {
    this.#api = api;
  }

  /** `user/get`, page section 6.2. @throws OperationError `not_found` */
  async getUser(userid: string): Promise<WireUser> {
    const { result } = await this.#api.legacy('read', '/topapi/v2/user/get', { userid });
    return parseAs(provider, wireUser, result);
  }

  /** @throws OperationError when nothing readable proves it or the contrary */
  async holds({ userid, exists }: DingtalkExpectation): Promise<boolean> {
    return (await this.#exists(userid)) === exists;
  }

  /**
   * `user/delete`, page sections 6.1 and 8, never sent again before the member was read. What becomes of the handover
   * cannot be known: DingTalk confirms nothing. `already_gone` when DingTalk does not know the member; only who saw the
   * member before can tell that from an id that never was.
   * @throws OperationError `provider_rejected`, with nothing deleted, when somebody who shall take over does not exist
   */
  async deleteUser(
    userid: string,
    handoverResource?: HandoverResource,
  ): Promise<WriteResult<'deleted'> | AlreadySo<'already_gone'>> {
    if (handoverResource) await this.#requireTakers(handoverResource);
    const gone = () => this.holds({ userid, exists: false });
    const { answer, ambiguous } = await settle({
      send: () => this.#sendDelete(userid, handoverResource),
      isApplied: gone,
    });
    if (!answer) return { outcome: 'deleted', verified: true, response: null, warnings: lostAnswer };
    if (answer instanceof OperationError) {
      if (!ambiguous && !answer.options.repeated) return { outcome: 'already_gone', refusal: answer };
      return { outcome: 'deleted', ...(await verify(provider, gone)), response: null, warnings: lostAnswer };
    }
    return { outcome: 'deleted', ...(await verify(provider, gone)), response: answer, warnings: [] };
  }

  /** That the member is gone is an answer here, not a failure. */
  async #sendDelete(userid: string, handoverResource?: HandoverResource): Promise<LegacyAnswer | OperationError> {
    const body = { userid, ...(handoverResource && { handoverResource }) };
    return this.#api.legacy('write', '/topapi/v2/user/delete', body).catch(asAbsence);
  }

  async #exists(userid: string): Promise<boolean> {
    const user = await this.getUser(userid).catch(asAbsence);
    return !(user instanceof OperationError);
  }

  /** The code for an unknown receiver is not documented, and a deletion cannot be repeated with a better one. */
  async #requireTakers(resource: HandoverResource): Promise<void> {
    const takers = takersOf(resource).filter(({ action }) => action === 'handover');
    const userids = [...new Set(takers.map(({ userid }) => userid))];
    const reads = userids.map(async (id) => [id, await this.#exists(id)] as const);
    const exist = new Map(await Promise.all(reads).catch((error: unknown) => Promise.reject(withoutEffect(error))));
    const errors = takers
      .filter(({ userid }) => !exist.get(userid))
      .map(({ path, userid }) => ({ path, message: `${userid} does not exist in DingTalk` }));
    if (errors.length === 0) return;
    throw new OperationError('provider_rejected', 'somebody who shall take over does not exist; nobody was deleted', {
      provider: { name: provider },
      errors,
    });
  }
}

function asAbsence(error: unknown): OperationError {
  if (error instanceof OperationError && error.code === 'not_found') return error;
  throw error;
}
