import { Refusal } from './wecom-answers.ts';
import { readBody, transferResultRules, transferRules, unassignedRules } from './wecom-fields.ts';
import {
  type Clock,
  daySeconds,
  type Estate,
  isOpen,
  isSame,
  type People,
  refusalOfTaker,
  secondsOf,
  startIds,
} from './wecom-handover.ts';
import { Listings } from './wecom-listings.ts';
import type { Member } from './wecom-members.ts';

export interface CustomerOptions {
  /** How many customers a member has, by userid. */
  customers?: Record<string, number>;
  /** How many of everybody's customers, from the first, refuse to go to this member. */
  refusing?: Record<string, number>;
  /** The most customers that a member can have. */
  customerCap?: Record<string, number>;
}

interface Pair {
  handover_userid: string;
  takeover_userid: string;
}

interface Sent extends Pair {
  external_userid: string[];
}

/** 1 done, 2 waiting, 3 refused by the customer, 4 the taker is at the cap (section 8). */
interface Transfer extends Pair {
  external_userid: string;
  status: 1 | 2 | 3 | 4;
  takeover_time: number;
}

interface Customer extends Estate {
  external_userid: string;
  userid: string;
  /** Among the customers that the first follower had at the start. */
  place: number;
  from?: string;
  transfer?: Transfer;
}

const atStart = { zhangsan: 3, lisi: 2 };
const rowsPerPage = 1000;
const waiting = 2;

/** The customers of all members and their handover once a member has left (section 8). */
export class Customers {
  readonly #people: People;
  readonly #now: Clock;
  readonly #customers = new Map<string, Customer>();
  readonly #transfers = new Map<string, Transfer>();
  readonly #results = new Listings<object>();
  readonly #unassigned = new Listings<object>();
  readonly #refusing: Record<string, number>;
  readonly #caps: Record<string, number>;

  constructor(people: People, now: Clock, { customers, refusing = {}, customerCap = {} }: CustomerOptions = {}) {
    this.#people = people;
    this.#now = now;
    this.#refusing = refusing;
    this.#caps = customerCap;
    for (const { id, owner, place } of startIds('wm', { ...atStart, ...customers })) {
      this.#customers.set(id, { external_userid: id, userid: owner, place });
    }
  }

  state(): object[] {
    this.#complete();
    return [...this.#customers.values()].map(({ external_userid, userid, from, transfer }) => ({
      external_userid,
      userid,
      ...(from && { from }),
      ...(transfer && { transfer }),
    }));
  }

  leave({ userid }: Member): void {
    this.#complete();
    for (const customer of this.#followedBy(userid)) customer.leftAt = secondsOf(this.#now);
  }

  list({ userid }: Member): object {
    this.#complete();
    return { external_userid: this.#followedBy(userid).map(({ external_userid }) => external_userid) };
  }

  /** Corp-wide; a customer who is on the way to a taker is not unassigned. */
  unassigned(body: unknown): object {
    type Query = { cursor?: string; page_size?: number };
    const { cursor, page_size = rowsPerPage } = readBody<Query>(body, unassignedRules);
    this.#complete();
    const { rows, next_cursor } = this.#unassigned.page(cursor, page_size, () =>
      [...this.#customers.values()]
        .filter((customer) => isOpen(customer, this.#now) && customer.transfer?.status !== waiting)
        .map(({ userid, external_userid, leftAt }) => ({
          handover_userid: userid,
          external_userid,
          dimission_time: leftAt,
        })),
    );
    return { info: rows, is_last: next_cursor === undefined, next_cursor: next_cursor ?? '' };
  }

  transfer(body: unknown): object {
    const sent = readBody<Sent>(body, transferRules, 'handover_userid', 'takeover_userid', 'external_userid');
    this.#complete();
    this.#checkKnown(sent);
    const taker = this.#people.find(sent.takeover_userid);
    if (!taker) throw new Refusal(60111);
    const customer = sent.external_userid.map((external_userid) => ({
      external_userid,
      errcode: this.#handOver(external_userid, sent, taker),
    }));
    return { customer };
  }

  results(body: unknown): object {
    type Query = Pair & { cursor?: string };
    const { cursor, ...pair } = readBody<Query>(body, transferResultRules, 'handover_userid', 'takeover_userid');
    this.#complete();
    this.#checkKnown(pair);
    const { rows, next_cursor } = this.#results.page(cursor, rowsPerPage, () =>
      [...this.#transfers.values()]
        .filter((transfer) => pairKey(transfer) === pairKey(pair))
        .map(({ external_userid, status, takeover_time }) => ({
          external_userid,
          status,
          ...(status <= waiting && { takeover_time }),
        })),
    );
    return { customer: rows, next_cursor: next_cursor ?? '' };
  }

  #followedBy(userid: string): Customer[] {
    return [...this.#customers.values()].filter(
      (customer) => customer.leftAt === undefined && isSame(customer.userid, userid),
    );
  }

  #checkKnown({ handover_userid, takeover_userid }: Pair): void {
    if (isSame(handover_userid, takeover_userid)) throw new Refusal(40130);
    const isKnown = (userid: string) => this.#people.find(userid) ?? this.#people.hasLeft(userid);
    if (!isKnown(handover_userid) || !isKnown(takeover_userid)) throw new Refusal(60111);
  }

  /** That the member left more than a year ago is said like an unknown customer: not documented. */
  #handOver(external_userid: string, { handover_userid }: Pair, taker: Member): number {
    if (this.#people.find(handover_userid)) return 40097;
    const customer = this.#customers.get(external_userid);
    if (!customer || !isSame(customer.userid, handover_userid) || !isOpen(customer, this.#now)) return 40096;
    if (customer.transfer?.status === waiting) return 40100;
    const refusal = refusalOfTaker(taker);
    if (refusal === 0) this.#schedule(customer, taker);
    return refusal;
  }

  #schedule(customer: Customer, taker: Member): void {
    const transfer: Transfer = {
      external_userid: customer.external_userid,
      handover_userid: customer.userid,
      takeover_userid: taker.userid,
      status: waiting,
      takeover_time: secondsOf(this.#now) + daySeconds,
    };
    customer.transfer = transfer;
    this.#transfers.set(`${pairKey(transfer)} ${transfer.external_userid}`, transfer);
  }

  /** What has waited for 24 hours happens, or does not. */
  #complete(): void {
    for (const customer of this.#customers.values()) {
      const { transfer } = customer;
      if (transfer?.status !== waiting || transfer.takeover_time > secondsOf(this.#now)) continue;
      transfer.status = this.#end(customer, transfer);
      if (transfer.status === 1) this.#move(customer, transfer.takeover_userid);
    }
  }

  #end({ place }: Customer, { takeover_userid: taker }: Transfer): 1 | 3 | 4 {
    if (place <= (this.#refusing[taker] ?? 0)) return 3;
    return this.#followedBy(taker).length < (this.#caps[taker] ?? Number.POSITIVE_INFINITY) ? 1 : 4;
  }

  #move(customer: Customer, taker: string): void {
    customer.from = customer.userid;
    customer.userid = taker;
    customer.leftAt = this.#people.find(taker) ? undefined : secondsOf(this.#now);
  }
}

const pairKey = ({ handover_userid, takeover_userid }: Pair): string =>
  `${handover_userid} ${takeover_userid}`.toLowerCase();

/** The answer to a transfer of which nothing was refused. */
export function allScheduled(body: unknown): object {
  const { external_userid = [] } = (body ?? {}) as Partial<Sent>;
  return { customer: external_userid.map((id) => ({ external_userid: id, errcode: 0 })) };
}
