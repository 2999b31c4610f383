import { randomUUID } from 'node:crypto';
import type { ProviderAnswer, ProviderCall, ResetOptions, SimulatedProvider } from './simulator.ts';
import { Access, type Credential } from './wecom-access.ts';
import { answer, Refusal, refusalAnswer } from './wecom-answers.ts';
import { allScheduled, type CustomerOptions, Customers } from './wecom-customers.ts';
import { type Department, Directory, emailKey, mailboxKey, mobileKey } from './wecom-directory.ts';
import {
  batchDeleteRules,
  byEmailRules,
  byMobileRules,
  type CreateFields,
  checkField,
  createRules,
  listIdRules,
  type Rule,
  readBody,
  requiredUserid,
  type UpdateFields,
  updateRules,
  wellFormedUserid,
} from './wecom-fields.ts';
import { type GroupOptions, Groups } from './wecom-groups.ts';
import type { Clock } from './wecom-handover.ts';
import { Listings } from './wecom-listings.ts';
import { changesTo, homesOf, type Member, mergeAttrs, newMember, toDetail, toSummary } from './wecom-members.ts';

interface Endpoint {
  method: 'GET' | 'POST';
  /** The credentials it refuses, each with the code for it. Without this the call needs no token. */
  closedTo?: Partial<Record<Credential, number>>;
  /** A wrong method is 40058, but 40003 where the query names a userid (sections 5.4 and 11, 14). */
  wrongMethod?: number;
  success?: string;
  run(call: ProviderCall): object;
  /** The body of a success that did not happen. */
  lie?(call: ProviderCall): object;
}

interface IdRow {
  userid: string;
  department: number;
}

interface DeletionOptions {
  /** Who is managed in the console only, 其他邮箱成员 (section 5.4). */
  unmanaged?: string[];
  /** A refused batchdelete has deleted whom it names before the first that is refused: not documented (section 5.5). */
  partialBatches?: boolean;
}

type WecomResetOptions = ResetOptions & CustomerOptions & GroupOptions & DeletionOptions;

// Section 2.1. Detail reads are closed to contact sync, as for every installation since 2022-08-15.
const contactSyncOnly = { app: 48002, customer: 48002 };
const appsOnly = { contact: 48009 };
const customerContactOnly = { contact: 48002, app: 48002 };
const everybody = {};

/** `now` is the time of handovers; tokens and limits keep that of the machine. */
export function createWecomSimulator({ now = Date.now }: { now?: Clock } = {}): SimulatedProvider {
  return new WecomSimulator(now);
}

class WecomSimulator implements SimulatedProvider {
  readonly #access = new Access();
  readonly #now: Clock;
  #directory = new Directory(0);
  #customers: Customers;
  #groups: Groups;
  #idListings = new Listings<IdRow>();
  #unmanaged: string[] = [];
  #partialBatches = false;

  readonly #endpoints: Record<string, Endpoint> = {
    '/cgi-bin/gettoken': {
      method: 'GET',
      run: (call) => this.#access.issueToken(call),
      lie: () => ({ access_token: randomUUID(), expires_in: 7200 }),
    },
    '/cgi-bin/user/create': {
      method: 'POST',
      closedTo: contactSyncOnly,
      success: 'created',
      run: ({ body }) => this.#create(body),
    },
    '/cgi-bin/user/update': {
      method: 'POST',
      closedTo: contactSyncOnly,
      success: 'updated',
      run: ({ body }) => this.#update(body),
    },
    '/cgi-bin/user/delete': {
      method: 'GET',
      closedTo: contactSyncOnly,
      wrongMethod: 40003,
      success: 'deleted',
      run: ({ query }) => this.#delete(this.#member(query.userid, requiredUserid)),
    },
    '/cgi-bin/user/batchdelete': {
      method: 'POST',
      closedTo: contactSyncOnly,
      success: 'deleted',
      run: ({ body }) => this.#batchDelete(body),
    },
    '/cgi-bin/user/get': {
      method: 'GET',
      closedTo: appsOnly,
      wrongMethod: 40003,
      run: ({ query }) => toDetail(this.#member(query.userid, wellFormedUserid)),
      lie: ({ query }) => toDetail(newMember({ userid: query.userid ?? '', name: '无名', department: [1] })),
    },
    '/cgi-bin/user/simplelist': {
      method: 'GET',
      closedTo: appsOnly,
      run: ({ query }) => ({ userlist: this.#membersIn(query.department_id).map(toSummary) }),
      lie: () => ({ userlist: [] }),
    },
    '/cgi-bin/user/list': {
      method: 'GET',
      closedTo: appsOnly,
      run: ({ query }) => ({ userlist: this.#membersIn(query.department_id).map(toDetail) }),
      lie: () => ({ userlist: [] }),
    },
    '/cgi-bin/user/list_id': {
      method: 'POST',
      closedTo: contactSyncOnly,
      run: ({ body }) => this.#listId(body),
      lie: () => ({ dept_user: [] }),
    },
    '/cgi-bin/user/getuserid': {
      method: 'POST',
      closedTo: everybody,
      run: ({ body }) => this.#byMobile(body),
      lie: () => ({ userid: 'nobody' }),
    },
    '/cgi-bin/user/get_userid_by_email': {
      method: 'POST',
      closedTo: everybody,
      run: ({ body }) => this.#byEmail(body),
      lie: () => ({ userid: 'nobody' }),
    },
    '/cgi-bin/department/simplelist': {
      method: 'GET',
      closedTo: everybody,
      run: ({ query }) => ({
        department_id: this.#departments(query.id).map(({ id, parentid, order }) => ({ id, parentid, order })),
      }),
      lie: () => ({ department_id: [] }),
    },
    '/cgi-bin/department/list': {
      method: 'GET',
      closedTo: appsOnly,
      run: ({ query }) => ({ department: this.#departments(query.id).map((each) => this.#withLeaders(each)) }),
      lie: () => ({ department: [] }),
    },
    '/cgi-bin/department/get': {
      method: 'GET',
      closedTo: appsOnly,
      run: ({ query }) => ({ department: this.#withLeaders(this.#directory.department(departmentId(query.id))) }),
      lie: ({ query }) => ({ department: { id: Number(query.id), name: '无名', parentid: 1, order: 0 } }),
    },
    '/cgi-bin/externalcontact/list': {
      method: 'GET',
      closedTo: customerContactOnly,
      run: ({ query }) => this.#customers.list(this.#member(query.userid, requiredUserid)),
      lie: () => ({ external_userid: [] }),
    },
    '/cgi-bin/externalcontact/get_unassigned_list': {
      method: 'POST',
      closedTo: customerContactOnly,
      run: ({ body }) => this.#customers.unassigned(body),
      lie: () => ({ info: [], is_last: true, next_cursor: '' }),
    },
    '/cgi-bin/externalcontact/resigned/transfer_customer': {
      method: 'POST',
      closedTo: customerContactOnly,
      run: ({ body }) => this.#customers.transfer(body),
      lie: ({ body }) => allScheduled(body),
    },
    '/cgi-bin/externalcontact/resigned/transfer_result': {
      method: 'POST',
      closedTo: customerContactOnly,
      run: ({ body }) => this.#customers.results(body),
      lie: () => ({ customer: [], next_cursor: '' }),
    },
    '/cgi-bin/externalcontact/groupchat/list': {
      method: 'POST',
      closedTo: customerContactOnly,
      run: ({ body }) => this.#groups.list(body),
      lie: () => ({ group_chat_list: [], next_cursor: '' }),
    },
    '/cgi-bin/externalcontact/groupchat/transfer': {
      method: 'POST',
      closedTo: customerContactOnly,
      run: ({ body }) => this.#groups.transfer(body),
      lie: () => ({ failed_chat_list: [] }),
    },
  };

  constructor(now: Clock) {
    this.#now = now;
    this.#customers = new Customers(this.#directory, now);
    this.#groups = new Groups(this.#directory, now);
  }

  handle(call: ProviderCall): ProviderAnswer {
    const endpoint = this.#endpoints[call.path];
    if (!endpoint) return { status: 404, body: '', contentType: 'text/plain' }; // not documented
    try {
      this.#admit(call, endpoint);
      return answer(endpoint.success, endpoint.run(call));
    } catch (error) {
      if (error instanceof Refusal) return refusalAnswer(call, error);
      throw error;
    }
  }

  answerCode(call: ProviderCall, errcode: number | string): ProviderAnswer {
    // A token that was called invalid once is not given out again.
    if (['40014', '42001'].includes(String(errcode))) this.#access.revoke(call.query.access_token);
    if (Number(errcode) !== 0) return refusalAnswer(call, new Refusal(Number(errcode)));
    const endpoint = this.#endpoints[call.path];
    return answer(endpoint?.success, endpoint?.lie?.(call) ?? {});
  }

  state(): unknown {
    return { ...this.#directory.state(), customers: this.#customers.state(), groups: this.#groups.state() };
  }

  reset({ members = 0, unmanaged = [], partialBatches = false, ...handover }: WecomResetOptions): void {
    this.#unmanaged = unmanaged;
    this.#partialBatches = partialBatches;
    this.#directory = new Directory(members);
    this.#customers = new Customers(this.#directory, this.#now, handover);
    this.#groups = new Groups(this.#directory, this.#now, handover);
    this.#idListings = new Listings();
    this.#access.resetCounters();
  }

  #admit(call: ProviderCall, { closedTo, method, wrongMethod = 40058 }: Endpoint): void {
    this.#access.countForIp(call);
    if (closedTo) {
      const forbidden = closedTo[this.#access.credentialOf(call)];
      if (forbidden) throw new Refusal(forbidden);
    }
    if (call.method !== method) throw new Refusal(wrongMethod);
  }

  #create(body: unknown): object {
    const { department, extattr, ...fields } = readBody<CreateFields>(body, createRules, 'userid', 'name');
    const member = newMember({
      ...fields,
      department: homesOf(department),
      extattr: mergeAttrs({ attrs: [] }, extattr),
    });
    const department_info = this.#directory.add(member).map(({ name, id }) => ({ name, id }));
    return department_info.length > 0 ? { created_department_list: { department_info } } : {};
  }

  /** Not atomic (section 5.3): what was written before the mailbox was refused stays. */
  #update(body: unknown): object {
    const { biz_mail, biz_mail_alias, ...fields } = readBody<UpdateFields>(body, updateRules, 'userid');
    const member = this.#member(fields.userid, requiredUserid);
    const changed = this.#directory.change(member, changesTo(member, fields));
    const renamed = biz_mail === undefined ? changed : this.#changeMailbox(changed, biz_mail);
    if (biz_mail_alias) this.#directory.change(renamed, { biz_mail_alias: biz_mail_alias.item ?? [] });
    return {};
  }

  #changeMailbox(member: Member, biz_mail: string): Member {
    if (biz_mail === member.biz_mail) return member;
    if (member.biz_mail_frozen) throw new Refusal(60144);
    return this.#directory.change(member, { biz_mail, biz_mail_frozen: true });
  }

  #delete(member: Member): object {
    const errcode = this.#objectionTo(member);
    if (errcode) throw new Refusal(errcode);
    this.#remove(member);
    return {};
  }

  /** 0 for who can be deleted. */
  #objectionTo({ creator, userid }: Member): number {
    if (creator) return 301005;
    return this.#unmanaged.includes(userid) ? 60275 : 0;
  }

  #remove(member: Member): void {
    this.#directory.remove(member);
    this.#customers.leave(member);
    this.#groups.leave(member);
  }

  /** All or nothing unless told otherwise; the code of the first that is refused is not documented (section 5.5). */
  #batchDelete(body: unknown): object {
    const { useridlist } = readBody<{ useridlist: string[] }>(body, batchDeleteRules, 'useridlist');
    const members = useridlist.map((userid) => this.#directory.find(userid));
    const objections = members.map((member) => (member ? this.#objectionTo(member) : 40031));
    const refused = objections.findIndex(Boolean);
    const errcode = objections[refused];
    const removed = errcode ? members.slice(0, this.#partialBatches ? refused : 0) : members;
    for (const member of new Set(removed)) if (member) this.#remove(member);
    if (errcode) throw new Refusal(errcode);
    return {};
  }

  /** One row per department of a member. The last page omits `next_cursor` (section 5.6). */
  #listId(body: unknown): object {
    // The default of `limit` is not documented: here it is the maximum.
    const { cursor, limit = 10_000 } = readBody<{ cursor?: string; limit?: number }>(body, listIdRules);
    const { rows: dept_user, next_cursor } = this.#idListings.page(cursor, limit, () => this.#idRows());
    return { dept_user, ...(next_cursor && { next_cursor }) };
  }

  #idRows(): IdRow[] {
    return this.#directory
      .members()
      .flatMap(({ userid, department }) => department.map((id) => ({ userid, department: id })));
  }

  #byMobile(body: unknown): object {
    const { mobile } = readBody<{ mobile: string }>(body, byMobileRules, 'mobile');
    return this.#useridOf(mobileKey(mobile));
  }

  #byEmail(body: unknown): object {
    type Query = { email: string; email_type?: number };
    const { email, email_type = 1 } = readBody<Query>(body, byEmailRules, 'email');
    return this.#useridOf(email_type === 1 ? mailboxKey(email) : emailKey(email));
  }

  #useridOf(key: string): object {
    const holder = this.#directory.holderOf(key);
    if (!holder) throw new Refusal(46004);
    return { userid: holder.userid };
  }

  #member(userid: string | undefined, rules: Rule[]): Member {
    checkField(userid, rules);
    const member = this.#directory.find(userid ?? '');
    if (!member) throw new Refusal(60111);
    return member;
  }

  #membersIn(id: string | undefined): Member[] {
    return this.#directory.membersIn(this.#directory.department(departmentId(id)).id);
  }

  #departments(id: string | undefined): Department[] {
    return this.#directory.departmentTree(id === undefined ? undefined : departmentId(id));
  }

  #withLeaders(department: Department): object {
    const leaders = this.#directory
      .membersIn(department.id)
      .filter((member) => member.is_leader_in_dept[member.department.indexOf(department.id)] === 1);
    return { ...department, department_leader: leaders.map(({ userid }) => userid) };
  }
}

function departmentId(sent: string | undefined): number {
  if (!/^[1-9]\d{0,9}$/.test(sent ?? '')) throw new Refusal(40058);
  return Number(sent);
}
