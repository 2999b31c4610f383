import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { type AlreadySo, lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { parseAs, unexpected, withoutEffect } from '../../shared/transport.ts';
import { type Success, WibiclickApi } from './api.ts';
import { type Id, toWebsite, type Website, websiteList } from './types.ts';

const provider = 'wibiclick';
const maxPages = 50;

/** The client of one invocation. */
export const wibiclick = (deadline: Deadline): WibiclickClient => new WibiclickClient(new WibiclickApi(deadline));

/** What reading shows once a write has taken effect. */
export interface WibiclickExpectation {
  userId: Id;
  websiteId: Id;
  connected: boolean;
}

export class WibiclickClient {
  readonly #api: WibiclickApi;
  readonly #pageSize: number;

  constructor(api: WibiclickApi, pageSize = 100) {
    this.#api = api;
    this.#pageSize = pageSize;
  }

  /**
   * Every website that the user is connected to, all pages of `get-websites-for-user` (page section 2.3). An empty list
   * does not prove that the user exists.
   * @throws OperationError `provider_unexpected` when the list is of another shape or not complete: that is never "none"
   */
  async websitesOf(userId: Id): Promise<Website[]> {
    const found = new Map<string, Website>();
    for (let page = 0; page < maxPages; page++) {
      const { websites, total } = await this.#page(userId, page * this.#pageSize);
      const known = found.size;
      for (const website of websites) found.set(String(website.id), website);
      // A server that ignores `offset` brings nothing new.
      if (websites.length < this.#pageSize || found.size === known) return complete([...found.values()], total);
    }
    throw unexpected(provider, `it lists more than ${maxPages} pages of websites for this user`);
  }

  /** @throws OperationError when the list cannot be read whole */
  async holds({ userId, websiteId, connected }: WibiclickExpectation): Promise<boolean> {
    return ((await this.#find(userId, websiteId)) !== undefined) === connected;
  }

  /**
   * Read, POST, read back (page section 4.1). `already_disconnected`, and nothing sent, when the list does not hold the
   * website. The POST carries the website id in the JSON type that the list gave.
   * @throws OperationError `verification_failed` when the website is still there after two accepted POSTs
   */
  async disconnect(
    userId: Id,
    websiteId: Id,
  ): Promise<WriteResult<'disconnected'> | AlreadySo<'already_disconnected'>> {
    const website = await this.#find(userId, websiteId).catch(nothingSent);
    if (!website) return { outcome: 'already_disconnected', refusal: notConnected(userId, websiteId) };

    const isApplied = () => this.holds({ userId, websiteId, connected: false });
    const send = () =>
      this.#api.call({
        method: 'POST',
        path: '/disconnect-user-from-website',
        body: { userId, websiteId: website.id },
      });
    const write = async (): Promise<WriteResult<'disconnected'>> => {
      const { answer } = await settle({ send, isApplied, attempts: 3 });
      if (!answer) return { outcome: 'disconnected', verified: true, response: null, warnings: lostAnswer };
      return {
        outcome: 'disconnected',
        ...(await verify(provider, isApplied)),
        response: toResponse(answer),
        warnings: [],
      };
    };
    return write().catch((error: unknown) => {
      if (error instanceof OperationError && error.code === 'verification_failed') return write();
      throw error;
    });
  }

  async #find(userId: Id, websiteId: Id): Promise<Website | undefined> {
    const websites = await this.websitesOf(userId);
    return websites.find(({ id }) => String(id) === String(websiteId));
  }

  async #page(userId: Id, offset: number): Promise<{ websites: Website[]; total: number | undefined }> {
    const { json } = await this.#api.call({
      method: 'GET',
      path: '/get-websites-for-user',
      query: { id: String(userId), limit: String(this.#pageSize), offset: String(offset) },
    });
    const list = parseAs(provider, websiteList, json);
    const [rows, total] = Array.isArray(list) ? [list, undefined] : [list.websites, list.total];
    return { websites: rows.map(toWebsite), total };
  }
}

/** `total` is a check only; a list that is shorter would make a connected website look disconnected. */
function complete(websites: Website[], total = websites.length): Website[] {
  if (websites.length < total) throw unexpected(provider, `it lists ${websites.length} of ${total} websites`);
  return websites;
}

/** An answer may hold a session token (page section 2.7), so only its status and words are shown. */
const toResponse = ({ status, message }: Success): Record<string, unknown> => ({ status, message });

/** Before the POST even a read without an answer leaves no doubt. */
const nothingSent = (error: unknown): never => {
  throw withoutEffect(error);
};

const notConnected = (userId: Id, websiteId: Id): OperationError =>
  new OperationError('not_found', `user ${userId} is not connected to website ${websiteId}`, {
    provider: { name: provider },
    fix: 'Check both ids: WibiClick may also answer an empty list for a user that does not exist.',
  });
