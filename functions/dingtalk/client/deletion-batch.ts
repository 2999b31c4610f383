import pMap from 'p-map';
import type { Deadline } from '../../shared/clock.ts';
import { type ErrorCode, OperationError } from '../../shared/errors.ts';
import { DingtalkApi } from './api.ts';
import { type Deleted, type Deletion, deleted, deletion } from './deletion.ts';
import { DingtalkDepartments } from './departments.ts';
import { confirmed, findRemovable, isGone, objectionTo, requireTakers, type Sent, sendRemoval } from './removal.ts';
import { departmentsOf } from './types.ts';

/** Enough to keep up the pace when answers are slow, and few enough to stop soon when DingTalk refuses all. */
const concurrency = 10;

/** What is refused to one call for such a reason is refused to every other one. */
const refusesAll: ErrorCode[] = [
  'halted',
  'provider_credentials',
  'provider_ip_refused',
  'provider_rate_limited',
  'provider_quota',
  'store_unavailable',
];

/**
 * Many deletions, each as by `DingtalkClient.deleteUser`. Of several batches one is sent after the other, so that the
 * next one keeps up the pace while this one is read back.
 * @returns what deletes a batch, and tells how each ended, in their order; `not_found` for an absence
 */
export function dingtalkDeletions(deadline: Deadline): (batch: Deletion[]) => Promise<(Deleted | OperationError)[]> {
  const api = new DingtalkApi(deadline);
  let sending: Promise<unknown> = Promise.resolve();
  return async (deletions) => {
    const batch = new DeletionBatch(api, deletions);
    const sent = sending.then(() => batch.send());
    sending = sent.catch(() => {});
    return batch.confirm(await sent);
  };
}

interface SentDeletion extends Sent {
  one: Deletion;
  /** Where the user was listed before. */
  departments: number[];
}

/**
 * Deletes many users. Each is read before, as a single deletion does. After the last one the departments that they were
 * in are read instead of the users themselves: DingTalk takes no more reads a second than deletions.
 */
class DeletionBatch {
  readonly #api: DingtalkApi;
  readonly #departments: DingtalkDepartments;
  readonly #deletions: Deletion[];
  readonly #leaving: Set<string>;
  readonly #objections = new Map<string, Promise<string | undefined>>();
  readonly #listings = new Map<number, Promise<string[] | undefined>>();
  #stopped: OperationError | undefined;

  constructor(api: DingtalkApi, deletions: Deletion[]) {
    this.#api = api;
    this.#departments = new DingtalkDepartments(api);
    this.#deletions = deletions;
    this.#leaving = new Set(deletions.map(({ userid }) => userid));
  }

  /** @returns what is known of each, in the order given; a failure that holds for all ends those too that were not sent */
  send(): Promise<(SentDeletion | OperationError)[]> {
    return pMap(this.#deletions, (one) => this.#send(one).catch(this.#asEnd), { concurrency });
  }

  /** @returns how each of what `send` gave ended: `not_found` when DingTalk does not know the user */
  confirm(sent: (SentDeletion | OperationError)[]): Promise<(Deleted | OperationError)[]> {
    const end = async (one: SentDeletion | OperationError) =>
      one instanceof OperationError ? one : this.#confirm(one).catch(this.#asEnd);
    return pMap(sent, end, { concurrency });
  }

  async #send(one: Deletion): Promise<SentDeletion> {
    const removal = deletion(this.#api, one);
    this.#refuseIfStopped();
    const user = await findRemovable(this.#api, one.userid);
    if (user instanceof OperationError) throw user;
    await requireTakers(removal.takers, (taker) => this.#objectionTo(taker));
    this.#refuseIfStopped();
    const sent = await sendRemoval(this.#api, removal).catch(asRefused);
    if (sent instanceof OperationError) throw sent;
    return { ...sent, one, departments: departmentsOf(user) };
  }

  #refuseIfStopped(): void {
    if (this.#stopped) throw this.#stopped;
  }

  readonly #asEnd = (error: unknown): OperationError => {
    if (!(error instanceof OperationError)) throw error;
    if (refusesAll.includes(error.code)) this.#stopped ??= error.with({ outcome: 'not_applied', nothingSent: true });
    return error;
  };

  /** Read at most once, though many hand over to the same. */
  #objectionTo(taker: string): Promise<string | undefined> {
    if (this.#leaving.has(taker)) return Promise.resolve('shall be deleted too');
    return once(this.#objections, taker, () => objectionTo(this.#api, taker));
  }

  async #confirm({ one, departments, ...sent }: SentDeletion): Promise<Deleted> {
    return deleted(one, await confirmed(sent, () => this.#isGone(one.userid, departments)));
  }

  async #isGone(userid: string, departments: number[]): Promise<boolean> {
    const listings = await Promise.all(departments.map((id) => once(this.#listings, id, () => this.#list(id))));
    if (listings.length === 0 || listings.includes(undefined)) return isGone(this.#api, userid);
    return !listings.some((userids) => userids?.includes(userid));
  }

  /** @returns undefined when it cannot be read. A department that is gone lists nobody. */
  async #list(department: number): Promise<string[] | undefined> {
    try {
      return await this.#departments.useridsIn(department);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return error.code === 'not_found' ? [] : undefined;
    }
  }
}

/** In a batch `not_found` says that there is no such user, and this one is still shown. */
function asRefused(error: unknown): never {
  if (!(error instanceof OperationError) || error.code !== 'not_found') throw error;
  throw error.with({
    code: 'provider_rejected',
    fix: 'DingTalk shows the user, but does not delete it: try its console.',
  });
}

/** What `read` gives for this key, the first time that it is asked for. */
function once<Key, Value>(known: Map<Key, Promise<Value>>, key: Key, read: () => Promise<Value>): Promise<Value> {
  const value = known.get(key) ?? read();
  known.set(key, value);
  return value;
}
