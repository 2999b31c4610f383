import { Refusal } from './wecom-answers.ts';
import { groupListRules, groupTransferRules, readBody } from './wecom-fields.ts';
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

export interface GroupOptions {
  /** How many groups a member owns, by userid. */
  groups?: Record<string, number>;
}

interface Group extends Estate {
  chat_id: string;
  owner: string;
  /** 0 the owner serves, 1 awaits a new owner, 3 has been handed over (section 8). Nothing here takes time, so never 2. */
  status: 0 | 1 | 3;
}

interface Query {
  cursor?: string;
  limit: number;
  status_filter?: number;
  owner_filter?: { userid_list: string[] };
}

const atStart = { zhangsan: 2, lisi: 1 };
const handedOver = 3;
/** Groups of one owner that can go to a new one within 24 hours. */
const groupsPerDay = 300;

/** The customer groups of all members and their handover once an owner has left (section 8). */
export class Groups {
  readonly #people: People;
  readonly #now: Clock;
  readonly #groups = new Map<string, Group>();
  readonly #moves: { from: string; at: number }[] = [];
  readonly #lists = new Listings<object>();

  constructor(people: People, now: Clock, { groups }: GroupOptions = {}) {
    this.#people = people;
    this.#now = now;
    for (const { id, owner } of startIds('wr', { ...atStart, ...groups })) {
      this.#groups.set(id, { chat_id: id, owner, status: 0 });
    }
  }

  state(): object[] {
    return [...this.#groups.values()].map(({ chat_id, owner, status }) => ({ chat_id, owner, status }));
  }

  leave({ userid }: Member): void {
    for (const group of this.#groups.values()) {
      if (group.leftAt !== undefined || !isSame(group.owner, userid)) continue;
      group.status = 1;
      group.leftAt = secondsOf(this.#now);
    }
  }

  /** Groups of owners who have left are listed only for who names the owner. */
  list(body: unknown): object {
    const { cursor, limit, status_filter = 0, owner_filter } = readBody<Query>(body, groupListRules, 'limit');
    const isWanted = (group: Group): boolean => {
      if (status_filter !== 0 && group.status !== status_filter) return false;
      if (!owner_filter) return group.leftAt === undefined;
      const isListed = group.leftAt === undefined || isOpen(group, this.#now);
      return isListed && owner_filter.userid_list.some((userid) => isSame(userid, group.owner));
    };
    const { rows, next_cursor } = this.#lists.page(cursor, limit, () =>
      [...this.#groups.values()].filter(isWanted).map(({ chat_id, status }) => ({ chat_id, status })),
    );
    return { group_chat_list: rows, next_cursor: next_cursor ?? '' };
  }

  /** All that can move does so at once, unless one owner would give away too many within a day: then none moves. */
  transfer(body: unknown): object {
    type Sent = { chat_id_list: string[]; new_owner: string };
    const { chat_id_list, new_owner } = readBody<Sent>(body, groupTransferRules, 'chat_id_list', 'new_owner');
    const taker = this.#people.find(new_owner);
    if (!taker) throw new Refusal(60111);
    const verdicts = [...new Set(chat_id_list)].map((chat_id) => this.#verdict(chat_id, taker));
    const moving = verdicts.flatMap(({ errcode, group }) => (group && errcode === 0 ? [group] : []));
    this.#checkQuota(moving);
    for (const group of moving) this.#move(group, taker);
    const failed_chat_list = verdicts
      .filter(({ errcode }) => errcode !== 0)
      .map(({ chat_id, errcode }) => ({ chat_id, errcode, errmsg: new Refusal(errcode).message }));
    return { failed_chat_list };
  }

  #verdict(chat_id: string, taker: Member): { chat_id: string; errcode: number; group: Group | undefined } {
    const group = this.#groups.get(chat_id);
    return { chat_id, group, errcode: group ? this.#refusalOf(group, taker) : 90501 };
  }

  /** That the owner left more than a year ago is said as 90502: not documented. */
  #refusalOf(group: Group, taker: Member): number {
    if (isSame(group.owner, taker.userid)) return 90504;
    if (group.leftAt === undefined) return group.status === handedOver ? 90508 : 90500;
    return isOpen(group, this.#now) ? refusalOfTaker(taker) : 90502;
  }

  #checkQuota(moving: Group[]): void {
    const since = secondsOf(this.#now) - daySeconds;
    const recent = this.#moves.filter(({ at }) => at > since).map(({ from }) => from);
    const counts = Map.groupBy([...recent, ...moving.map(({ owner }) => owner)], (owner) => owner);
    if ([...counts.values()].some(({ length }) => length > groupsPerDay)) throw new Refusal(45009);
  }

  #move(group: Group, taker: Member): void {
    this.#moves.push({ from: group.owner, at: secondsOf(this.#now) });
    group.owner = taker.userid;
    group.status = handedOver;
    group.leftAt = undefined;
  }
}
