import * as z from 'zod/mini';
import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { parseAs, unexpected } from '../../shared/transport.ts';
import { type Call, WecomApi } from './api.ts';
import { type TransferAnswer, transfer } from './transfer.ts';
import type { Envelope } from './types.ts';

const provider = 'wecom';
const groupsPerPage = 1_000;
const noRelation = '84061';

/** The customers and customer groups of one invocation. */
export const wecomCustomers = (deadline: Deadline): WecomCustomers => new WecomCustomers(new WecomApi(deadline));

/** What reading shows once some of a transfer has taken effect; it holds ids only, since it is stored. */
export type HandoverExpectation =
  | { userid: string; taker: string; customers: string[] }
  | { userid: string; taker: string; groups: string[] };

interface CustomerPair {
  handover_userid: string;
  takeover_userid: string;
}

export class WecomCustomers {
  readonly #api: WecomApi;

  constructor(api: WecomApi) {
    this.#api = api;
  }

  /**
   * `externalcontact/list`, page section 8: the customers of a serving member.
   * @throws OperationError `not_found` when the member is unknown or has left
   */
  async customersOf(userid: string): Promise<string[]> {
    try {
      const answer = await this.#call('read', { method: 'GET', path: 'list', query: { userid } });
      return parseAs(provider, customerList, answer).external_userid;
    } catch (error) {
      if (error instanceof OperationError && error.options.provider?.code === noRelation) return [];
      throw error;
    }
  }

  /**
   * `externalcontact/get_unassigned_list`, page section 8: the customers of a member who left within the last year, that
   * wait for somebody. WeCom lists those of the whole corp.
   */
  async unassignedOf(userid: string): Promise<string[]> {
    const rows = await this.#allPages('get_unassigned_list', {}, (answer) => {
      const { info: rows, next_cursor } = parseAs(provider, unassignedPage, answer);
      return { rows, next_cursor };
    });
    return rows
      .filter(({ handover_userid }) => handover_userid.toLowerCase() === userid.toLowerCase())
      .map(({ external_userid }) => external_userid);
  }

  /**
   * `externalcontact/groupchat/list`, page section 8, of a member who serves or has left: all pages. Status 0 the owner
   * serves, 1 awaits a new owner, 2 is being handed over, 3 was handed over.
   */
  groupsOf(userid: string): Promise<z.output<typeof group>[]> {
    const body = { limit: groupsPerPage, owner_filter: { userid_list: [userid] } };
    return this.#allPages('groupchat/list', body, (answer) => {
      const { group_chat_list: rows, next_cursor } = parseAs(provider, groupPage, answer);
      return { rows, next_cursor };
    });
  }

  /**
   * `externalcontact/resigned/transfer_customer`, page section 8. Sends at most 100 customers of a member who has left;
   * WeCom refuses more. `scheduled` is not final: `transferResults` tells after 24 hours what became of it.
   * @throws OperationError for a refusal of the whole call; `outcome: "unknown"` when some may be scheduled
   */
  transferCustomers(pair: CustomerPair, external_userids: string[]): Promise<TransferAnswer> {
    return transfer({
      ids: external_userids,
      send: (external_userid) => this.#post('write', 'resigned/transfer_customer', { ...pair, external_userid }),
      untouched: async (ids) => {
        const sent = await this.#transferred(pair);
        return ids.filter((id) => !sent.has(id));
      },
      codesIn: customerCodes,
      success: 'scheduled',
    });
  }

  /**
   * `externalcontact/resigned/transfer_result`, page section 8: every customer that was sent from the one to the other.
   * Status 1 done, 2 waiting until `takeover_time`, 3 the customer refused, 4 the taker is at the cap.
   */
  transferResults(pair: CustomerPair): Promise<z.output<typeof transferResult>[]> {
    return this.#allPages('resigned/transfer_result', { ...pair }, (answer) => {
      const { customer: rows, next_cursor } = parseAs(provider, resultPage, answer);
      return { rows, next_cursor };
    });
  }

  /**
   * `externalcontact/groupchat/transfer`, page section 8. Sends at most 100 groups, and WeCom takes 300 of one owner a
   * day. The groups are not read back: WeCom's answer counts.
   * @throws OperationError for a refusal of the whole call; `outcome: "unknown"` when some may have moved
   */
  transferGroups(
    { handover_userid, new_owner }: { handover_userid: string; new_owner: string },
    chat_ids: string[],
  ): Promise<TransferAnswer> {
    return transfer({
      ids: chat_ids,
      send: (chat_id_list) => this.#post('write', 'groupchat/transfer', { chat_id_list, new_owner }),
      untouched: async (ids) => {
        const awaiting = await this.groupsAwaiting(handover_userid);
        return ids.filter((id) => awaiting.has(id));
      },
      codesIn: groupCodes,
      success: 'moved',
    });
  }

  /** Whether a transfer took effect, as far as WeCom shows it: for who died before the answer came. */
  async holds(expected: HandoverExpectation): Promise<boolean> {
    const { userid: handover_userid, taker: takeover_userid } = expected;
    if ('customers' in expected) {
      const sent = await this.#transferred({ handover_userid, takeover_userid });
      return expected.customers.some((id) => sent.has(id));
    }
    const awaiting = await this.groupsAwaiting(handover_userid);
    return expected.groups.some((id) => !awaiting.has(id));
  }

  async #transferred(pair: CustomerPair): Promise<Set<string>> {
    const results = await this.transferResults(pair);
    return new Set(results.filter(isReached).map(({ external_userid }) => external_userid));
  }

  /** The groups of a member that nobody has taken over. */
  async groupsAwaiting(owner: string): Promise<Set<string>> {
    const groups = await this.groupsOf(owner);
    return new Set(groups.filter(({ status }) => status <= 1).map(({ chat_id }) => chat_id));
  }

  async #allPages<Row>(
    path: string,
    body: Record<string, unknown>,
    read: (answer: Envelope) => { rows: Row[]; next_cursor?: string | null | undefined },
  ): Promise<Row[]> {
    const all: Row[] = [];
    let cursor: string | null | undefined;
    do {
      const { rows, next_cursor } = read(await this.#post('read', path, { ...body, ...(cursor && { cursor }) }));
      all.push(...rows);
      cursor = next_cursor;
    } while (cursor);
    return all;
  }

  #post(kind: Call['kind'], path: string, body: Record<string, unknown>): Promise<Envelope> {
    return this.#call(kind, { method: 'POST', path, body });
  }

  #call(kind: Call['kind'], { path, ...call }: Omit<Call, 'kind'>): Promise<Envelope> {
    return this.#api.call('customerContactSecret', { ...call, kind, path: `/cgi-bin/externalcontact/${path}` });
  }
}

/** Not whom an earlier call reached, and the customer or a cap refused: such a one can be sent again. */
export const isReached = ({ status }: { status: number }): boolean => status === 1 || status === 2;

/** @throws OperationError `provider_unexpected` for a customer that WeCom does not mention: nobody knows where it is */
function customerCodes(answer: Envelope): (id: string) => number {
  const { customer } = parseAs(provider, customersSent, answer);
  const codes = new Map(customer.map(({ external_userid, errcode }) => [external_userid, errcode]));
  return (id) => {
    const code = codes.get(id);
    if (code === undefined) throw unexpected(provider, 'its answer does not mention every customer that it was sent');
    return code;
  };
}

/** WeCom names only the groups that it refused. */
function groupCodes(answer: Envelope): (id: string) => number {
  const refused = parseAs(provider, groupsSent, answer).failed_chat_list ?? [];
  const codes = new Map(refused.map(({ chat_id, errcode }) => [chat_id, errcode]));
  return (id) => codes.get(id) ?? 0;
}

const next_cursor = z.nullish(z.string());

const customerList = z.object({ external_userid: z.array(z.string()) });

const unassignedPage = z.object({
  info: z.array(z.object({ handover_userid: z.string(), external_userid: z.string() })),
  next_cursor,
});

const group = z.object({ chat_id: z.string(), status: z.int() });
const groupPage = z.object({ group_chat_list: z.array(group), next_cursor });

const transferResult = z.object({
  external_userid: z.string(),
  status: z.int(),
  takeover_time: z.optional(z.int()),
});
const resultPage = z.object({ customer: z.array(transferResult), next_cursor });

const customersSent = z.object({ customer: z.array(z.object({ external_userid: z.string(), errcode: z.int() })) });
const groupsSent = z.object({
  failed_chat_list: z.nullish(z.array(z.object({ chat_id: z.string(), errcode: z.int() }))),
});
