import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { type AlreadySo, lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { parseAs, withoutEffect } from '../../shared/transport.ts';
import { type Success, type Tenant, WibiclickApi } from './api.ts';
import { readAll } from './pages.ts';
import { type Id, toUser, toWebsite, type User, userList, type Website, websiteList } from './types.ts';

const provider = 'wibiclick';

/** The client of one invocation. */
export const wibiclick = (deadline: Deadline): WibiclickClient => new WibiclickClient(new WibiclickApi(deadline));

interface Link {
  userId: Id;
  websiteId: Id;
}

/** What reading shows once a write has taken effect. */
export interface WibiclickExpectation extends Link {
  connected: boolean;
}

/** The call for each outcome, and how often it may be sent in all when answers are lost. */
const writes = {
  // Connecting twice may make a second link (page section 2.2); disconnecting twice is safe (page section 4.1).
  connected: { path: '/connect-user-to-website', attempts: 2 },
  disconnected: { path: '/disconnect-user-from-website', attempts: 3 },
};

export class WibiclickClient {
  readonly #api: WibiclickApi;
  readonly #pageSize: number;

  constructor(api: WibiclickApi, pageSize = 100) {
    this.#api = api;
    this.#pageSize = pageSize;
  }

  /** `get-websites`, page section 2.4: the websites that the key can see. */
  websites(): Promise<Website[]> {
    return this.#websites('/get-websites');
  }

  /** `get-websites-for-user`, page section 2.3. An empty list does not prove that the user exists. */
  websitesOf(userId: Id): Promise<Website[]> {
    return this.#websites('/get-websites-for-user', { id: String(userId) });
  }

  /** `users`, page section 2.5, which leaves open whether it lists the users of this website only. */
  usersOf(websiteId: Id): Promise<User[]> {
    return readAll(this.#pageSize, async (offset) => {
      const page = await this.#readPage('/users', { id: String(websiteId) }, offset);
      const { users, total } = parseAs(provider, userList, page);
      return { rows: users.map(toUser), total };
    });
  }

  /** The website with its id in the JSON type of the list. @throws OperationError `not_found`, with nothing sent */
  async website(websiteId: Id): Promise<Website> {
    const website = withId(await this.websites().catch(nothingSent), websiteId);
    if (!website) throw unknownWebsite(websiteId);
    return website;
  }

  tenant(): Promise<Tenant> {
    return this.#api.tenant();
  }

  /** @throws OperationError when the list cannot be read whole */
  async holds({ userId, websiteId, connected }: WibiclickExpectation): Promise<boolean> {
    return (withId(await this.websitesOf(userId), websiteId) !== undefined) === connected;
  }

  /**
   * Read, POST, read back (page section 2.2). Nothing is sent, with the warning `already_connected`, when the list holds
   * the website. The POST carries the website id in the JSON type in which it is given.
   * @throws OperationError `verification_failed` after one accepted POST: a second might make a second link
   */
  async connect(link: Link): Promise<WriteResult<'connected'>> {
    const connected = await this.holds({ ...link, connected: true }).catch(nothingSent);
    if (!connected) return this.#write('connected', link);
    return { outcome: 'connected', verified: true, response: null, warnings: ['already_connected'] };
  }

  /**
   * Read, POST, read back (page section 4.1). `already_disconnected`, and nothing sent, when the list does not hold the
   * website. The POST carries the website id in the JSON type that the list gave.
   * @throws OperationError `verification_failed` when the website is still there after two accepted POSTs
   */
  async disconnect(link: Link): Promise<WriteResult<'disconnected'> | AlreadySo<'already_disconnected'>> {
    const website = withId(await this.websitesOf(link.userId).catch(nothingSent), link.websiteId);
    if (!website) return { outcome: 'already_disconnected', refusal: notConnected(link) };

    const write = () => this.#write('disconnected', { ...link, websiteId: website.id });
    return write().catch((error: unknown) => {
      if (error instanceof OperationError && error.code === 'verification_failed') return write();
      throw error;
    });
  }

  /**
   * One POST, with nothing read before and after; only a lost answer is read back (page section 4.1). For who reads the
   * list himself, once for many websites.
   */
  async sendDisconnect(link: Link): Promise<WriteResult<'disconnected'>> {
    const answer = await this.#send('disconnected', link);
    if (!answer) return { outcome: 'disconnected', verified: true, response: null, warnings: lostAnswer };
    const reason = 'the list is read once, after the last website';
    return { outcome: 'disconnected', verified: 'unverified', reason, response: toResponse(answer), warnings: [] };
  }

  async #write<Outcome extends keyof typeof writes>(outcome: Outcome, link: Link): Promise<WriteResult<Outcome>> {
    const answer = await this.#send(outcome, link);
    if (!answer) return { outcome, verified: true, response: null, warnings: lostAnswer };
    const verification = await verify(provider, () => this.holds({ ...link, connected: outcome === 'connected' }));
    return { outcome, ...verification, response: toResponse(answer), warnings: [] };
  }

  /** @returns undefined when no answer came and the list shows that it took effect */
  async #send(outcome: keyof typeof writes, link: Link): Promise<Success | undefined> {
    const { path, attempts } = writes[outcome];
    const isApplied = () => this.holds({ ...link, connected: outcome === 'connected' });
    const send = () => this.#api.call({ method: 'POST', path, body: { ...link } });
    return (await settle({ send, isApplied, attempts })).answer;
  }

  #websites(path: string, query: Record<string, string> = {}): Promise<Website[]> {
    return readAll(this.#pageSize, async (offset) => {
      const list = parseAs(provider, websiteList, await this.#readPage(path, query, offset));
      const [rows, total] = Array.isArray(list) ? [list, undefined] : [list.websites, list.total];
      return { rows: rows.map(toWebsite), total };
    });
  }

  async #readPage(path: string, query: Record<string, string>, offset: number): Promise<unknown> {
    const paged = { ...query, limit: String(this.#pageSize), offset: String(offset) };
    return (await this.#api.call({ method: 'GET', path, query: paged })).json;
  }
}

const withId = (websites: Website[], websiteId: Id): Website | undefined =>
  websites.find(({ id }) => String(id) === String(websiteId));

/** An answer may hold a session token (page section 2.7), so only its status and words are shown. */
const toResponse = ({ status, message }: Success): Record<string, unknown> => ({ status, message });

/** Before the POST even a read without an answer leaves no doubt. */
const nothingSent = (error: unknown): never => {
  throw withoutEffect(error);
};

const unknownWebsite = (websiteId: Id): OperationError =>
  new OperationError('not_found', `the key sees no website ${websiteId}`, {
    provider: { name: provider },
    errors: [{ path: 'websiteId', message: 'is none of the websites that the key sees' }],
    fix: 'Check the id against GET /wibiclick/websites.',
  });

const notConnected = ({ userId, websiteId }: Link): OperationError =>
  new OperationError('not_found', `user ${userId} is not connected to website ${websiteId}`, {
    provider: { name: provider },
    fix: 'Check both ids: WibiClick may also answer an empty list for a user that does not exist.',
  });
