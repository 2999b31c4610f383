import { clock } from '../../shared/clock.ts';
import { unexpected } from '../../shared/transport.ts';
import { saysCursorLost } from './errors.ts';
import type { WecomClient } from './index.ts';
import type { IdPage } from './types.ts';

type Rows = IdPage['dept_user'];

/** The most that keeps an answer of `user/list_id` under 1 MiB; the page allows 10,000. */
const idsPerPage = 5_000;
/** How old a reading may be that tells who is there to be deleted. */
const recentMs = 30_000;

/** Everybody in the corp at one moment, however the userid is spelled. */
export class Members {
  /** Each once, as WeCom spells it. */
  readonly userids: string[];
  readonly #keys: Set<string>;

  constructor(rows: Rows) {
    const spelled = new Map(rows.map(({ userid }) => [keyOf(userid), userid]));
    this.userids = [...spelled.values()];
    this.#keys = new Set(spelled.keys());
  }

  get count(): number {
    return this.userids.length;
  }

  has(userid: string): boolean {
    return this.#keys.has(keyOf(userid));
  }
}

/**
 * The id list of the whole corp, page section 5.6. It alone can prove absence: `user/get` answers the same for a member
 * that the app must not see.
 */
export class Directory {
  readonly #client: Pick<WecomClient, 'listIds'>;
  #latest: { members: Members; readAt: number } | undefined;

  constructor(client: Pick<WecomClient, 'listIds'>) {
    this.#client = client;
  }

  /**
   * Everybody. A reading whose cursor WeCom forgets begins again, once.
   * @throws OperationError when a page cannot be read, or when nobody is listed
   */
  async read(): Promise<Members> {
    this.#latest = undefined;
    const readAt = clock.now();
    const members = new Members(await this.#allRows().catch((error) => this.#again(error)));
    this.#latest = { members, readAt };
    return members;
  }

  /** What was read within the last 30 s, or else everybody anew. */
  async recent(): Promise<Members> {
    const { members, readAt } = this.#latest ?? {};
    return members && readAt !== undefined && clock.now() - readAt <= recentMs ? members : this.read();
  }

  /** Whether there is such a member; reads no further than to it. */
  async lists(userid: string): Promise<boolean> {
    for await (const rows of this.#pages()) if (rows.some(isOf(userid))) return true;
    return false;
  }

  /** The rows of one member, one for each department; none when there is no member. */
  async rowsOf(userid: string): Promise<Rows> {
    return (await this.#allRows()).filter(isOf(userid));
  }

  #again(error: unknown): Promise<Rows> {
    if (saysCursorLost(error)) return this.#allRows();
    throw error;
  }

  async #allRows(): Promise<Rows> {
    return (await Array.fromAsync(this.#pages())).flat();
  }

  /** A list of nobody proves nothing: the creator of the corp is always in it. */
  async *#pages(): AsyncGenerator<Rows> {
    let cursor: string | null | undefined;
    let count = 0;
    do {
      const page: IdPage = await this.#client.listIds(idsPerPage, cursor);
      yield page.dept_user;
      cursor = page.next_cursor;
      count += page.dept_user.length;
    } while (cursor);
    if (count === 0) throw unexpected('wecom', 'its id list names nobody');
  }
}

/** WeCom ignores case (page section 4). */
const keyOf = (userid: string): string => userid.toLowerCase();

const isOf =
  (wanted: string) =>
  ({ userid }: Rows[number]): boolean =>
    keyOf(userid) === keyOf(wanted);
