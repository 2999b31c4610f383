import { backoff, clock } from '../../shared/clock.ts';
import { asFailure, OperationError } from '../../shared/errors.ts';
import { readBack, type WriteResult } from '../../shared/settle.ts';
import { withoutEffect } from '../../shared/transport.ts';
import type { WecomApi } from './api.ts';
import { confirmDeleted, deleteOne, deleteTogether, foundGone, type Said } from './deletion.ts';
import type { Directory, Members } from './directory.ts';
import { notListed, refusesMember } from './errors.ts';

/**
 * A refused batch is cut into so many parts: 200, 34, 6, 1. WeCom does not name whom it refuses, and each refusal costs
 * a reading of the whole id list: one such member costs 19 calls and 3 readings (by halves 17 and 8), 200 of them cost
 * 243 calls and 43 readings (by halves 399 and 199).
 */
const parts = 6;

export type DeletionEnd = ({ userid: string } & WriteResult<'deleted'>) | OperationError;

/**
 * Deletes up to 200 members. The id list tells who is there before anything is sent, and who is gone afterwards.
 * @returns how each deletion ended, in the order of `userids`: `not_found` for who was not there
 */
export async function deleteMany(api: WecomApi, directory: Directory, userids: string[]): Promise<DeletionEnd[]> {
  const before = await directory.recent().catch(nothingSent);
  if (before instanceof OperationError) return userids.map(() => before);
  const present = userids.filter((userid) => before.has(userid));
  if (present.length === 0) return userids.map(notListed);
  const answers = await new Removal(api, directory).run(present);
  const after = await directory.read().catch(asFailure);
  return Promise.all(userids.map((userid) => endOf(userid, answers.get(userid) ?? notListed(userid), after)));
}

async function endOf(
  userid: string,
  answer: Said | OperationError,
  after: Members | OperationError,
): Promise<DeletionEnd> {
  if (answer instanceof OperationError) return answer;
  const isGone = async () => {
    if (after instanceof OperationError) throw after;
    return !after.has(userid);
  };
  return confirmDeleted(answer, isGone).then((result) => ({ userid, ...result }), asFailure);
}

/** Sends what must be sent until there is an answer for everybody. */
class Removal {
  readonly #api: WecomApi;
  readonly #directory: Directory;
  readonly #answers = new Map<string, Said | OperationError>();

  constructor(api: WecomApi, directory: Directory) {
    this.#api = api;
    this.#directory = directory;
  }

  /** What stops one group stops the others, of whom nothing is sent then. */
  async run(userids: string[]): Promise<Map<string, Said | OperationError>> {
    try {
      await this.#remove(userids);
    } catch (error) {
      const unsent = userids.filter((userid) => !this.#answers.has(userid));
      this.#record(unsent, nothingSent(error));
    }
    return this.#answers;
  }

  async #remove(group: string[], isSecond = false): Promise<void> {
    const [only = '', ...others] = group;
    if (others.length === 0) return this.#removeOne(only);
    const answer = await deleteTogether(this.#api, group).catch(asFailure);
    if (!(answer instanceof OperationError)) return this.#record(group, answer);
    const rest = await this.#stillThere(group, answer);
    if (rest.length === 0) return;
    if (refusesMember(answer)) return this.#removeParts(rest, group);
    if (isSecond || !isCut(answer)) this.#stop(rest, answer);
    await clock.sleep(backoff(1));
    return this.#remove(rest, true);
  }

  /** A single call is answered in words about this member. */
  async #removeOne(userid: string): Promise<void> {
    const isGone = async () => !(await this.#directory.lists(userid));
    const answer = await deleteOne(this.#api, userid, isGone).catch(asFailure);
    this.#record([userid], answer);
    if (answer instanceof OperationError && !refusesMember(answer)) throw answer;
  }

  /** Where a refused call did delete some, one of them may have been the reason: the rest is sent as it is. */
  async #removeParts(rest: string[], group: string[]): Promise<void> {
    const size = rest.length < group.length ? rest.length : Math.ceil(rest.length / parts);
    for (let start = 0; start < rest.length; start += size) await this.#remove(rest.slice(start, start + size));
  }

  /** After a call of which nobody knows what it did; who is gone was there before it. */
  async #stillThere(group: string[], answer: OperationError): Promise<string[]> {
    const isDoubtful = answer.outcome === 'unknown' || answer.options.repeated;
    if (!isDoubtful || answer.options.unknownCode) this.#stop(group, answer);
    const members = await readBack(() => this.#directory.read(), answer).catch((error) =>
      this.#stop(group, asFailure(error)),
    );
    const gone = group.filter((userid) => !members.has(userid));
    this.#record(gone, foundGone);
    return group.filter((userid) => members.has(userid));
  }

  #record(userids: string[], answer: Said | OperationError): void {
    for (const userid of userids) this.#answers.set(userid, answer);
  }

  /** Nothing more is sent, to these and to all others. */
  #stop(userids: string[], answer: OperationError): never {
    this.#record(userids, answer);
    throw answer;
  }
}

const nothingSent = (error: unknown): OperationError => asFailure(withoutEffect(error));

/** Unlike what timed out, it is at work no more once reading shows that nothing has changed. */
const isCut = ({ code, outcome }: OperationError): boolean => code === 'provider_unavailable' && outcome === 'unknown';
