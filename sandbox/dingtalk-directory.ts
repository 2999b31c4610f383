import { randomBytes } from 'node:crypto';
import {
  type Code,
  type HandoverResource,
  type Input,
  type Json,
  Refusal,
  type userCreate,
  type userUpdate,
} from './dingtalk-fields.ts';

type NewUser = Input<typeof userCreate>;
type Changes = Input<typeof userUpdate>;

export interface Member extends Omit<NewUser, 'dept_id_list' | 'extension'> {
  userid: string;
  unionid: string;
  dept_id_list: number[];
  extension?: string;
  /** Whether the person has signed in to the client; nobody has who was only just created. */
  active: boolean;
  exclusive_account: boolean;
  disabled: boolean;
  boss: boolean;
  /** The departments that the person leads. */
  leads: number[];
  /** 1 primary administrator, 2 sub-administrator. */
  sys_level?: 1 | 2;
}

export interface Leaver extends Member {
  leaveTime: string;
  leaveReason: string;
}

interface Department {
  dept_id: number;
  name: string;
  parent_id?: number;
  order: number;
}

interface Handover {
  userid: string;
  handoverResource: HandoverResource | Record<string, string>;
}

/** Gives epoch milliseconds. */
export type Clock = () => number;

const day = 86_400_000;

const startDepartments: Department[] = [
  { dept_id: 1, name: 'Sandbox Ltd', order: 0 },
  { dept_id: 2, name: 'Sales', parent_id: 1, order: 2 },
  { dept_id: 3, name: 'Engineering', parent_id: 1, order: 3 },
  { dept_id: 4, name: 'Platform', parent_id: 3, order: 4 },
];

const startMembers: (Pick<Member, 'userid' | 'name' | 'dept_id_list'> & Partial<Member>)[] = [
  { userid: 'founder', name: 'Fang Da', dept_id_list: [1], title: 'Founder', boss: true, sys_level: 1 },
  { userid: 'zhangsan', name: 'Zhang San', dept_id_list: [2], manager_userid: 'founder', leads: [2] },
  { userid: 'lisi', name: 'Li Si', dept_id_list: [3], manager_userid: 'founder' },
  { userid: 'wangwu', name: 'Wang Wu', dept_id_list: [3, 4], manager_userid: 'lisi' },
  { userid: 'zhaoliu', name: 'Zhao Liu', dept_id_list: [1], sys_level: 2 },
  { userid: 'sunqi', name: 'Sun Qi', dept_id_list: [2], exclusive_account: true },
  { userid: 'zhouba', name: 'Zhou Ba', dept_id_list: [4], exclusive_account: true },
  { userid: 'wujiu', name: 'Wu Jiu', dept_id_list: [2], active: false },
];

const blank = {
  hide_mobile: false,
  senior_mode: false,
  telephone: '',
  job_number: '',
  title: '',
  active: false,
  exclusive_account: false,
  disabled: false,
  boss: false,
  leads: [],
};

const uniqueFields = [
  ['userid', 60102],
  ['mobile', 60104],
  ['email', 60106],
  ['telephone', 40100],
] as const;

/** One organisation's people and departments. */
export class Directory {
  readonly departments = startDepartments;
  readonly members = new Map<string, Member>();
  readonly history: Leaver[] = [];
  readonly handovers: Handover[] = [];
  readonly #now: Clock;
  readonly #formerIds = new Set<string>();

  constructor(generated: number, now: Clock) {
    this.#now = now;
    startMembers.forEach((row, index) => {
      this.#add({ ...blank, active: true, unionid: unionId(), mobile: startMobile(index), ...row });
    });
    for (let number = 1; number <= generated; number += 1) this.#add(generatedMember(number));
    this.#addLeaver(formerMember(now()));
  }

  member(userid: string, code: Code): Member {
    const member = this.members.get(userid);
    if (!member) throw new Refusal(code);
    return member;
  }

  hasLeft(userid: string): boolean {
    return this.#formerIds.has(userid);
  }

  department(id: number): Department {
    const department = this.departments.find(({ dept_id }) => dept_id === id);
    if (!department) throw new Refusal(60003);
    return department;
  }

  subdepartments(id: number): Department[] {
    const { dept_id } = this.department(id);
    return this.departments.filter(({ parent_id }) => parent_id === dept_id);
  }

  membersOf(id: number): Member[] {
    const { dept_id } = this.department(id);
    return [...this.members.values()].filter((member) => member.dept_id_list.includes(dept_id));
  }

  leadersOf(id: number): Member[] {
    return this.membersOf(id).filter(({ leads }) => leads.includes(id));
  }

  create({ dept_id_list, extension, ...rest }: NewUser): Member {
    this.#checkUnique(rest);
    this.#checkManager(rest);
    return this.#add({
      ...blank,
      ...rest,
      userid: rest.userid ?? randomBytes(9).toString('hex'),
      unionid: unionId(),
      dept_id_list: this.#departmentIds(dept_id_list),
      ...(extension !== undefined && { extension: asText(extension) }),
    });
  }

  update({ userid, dept_id_list, extension, ext_attrs_update_mode, language: _, ...changes }: Changes): void {
    const member = this.member(userid, 33012);
    const { force_update_fields, ...rest } = changes;
    this.#checkUnique(rest, member);
    this.#checkManager(rest);
    const departments = dept_id_list && { dept_id_list: this.#departmentIds(dept_id_list) };
    // A cleared field may be given anew in the same call; that order is not documented.
    if (force_update_fields) delete member.manager_userid;
    Object.assign(member, rest, departments);
    if (extension) member.extension = ext_attrs_update_mode === 1 ? merged(member.extension, extension) : extension;
  }

  remove(member: Member, leaveReason: string, handoverResource: Handover['handoverResource']): void {
    const { userid } = member;
    if (Object.keys(handoverResource).length > 0) this.handovers.push({ userid, handoverResource });
    this.members.delete(userid);
    this.#addLeaver({ ...member, leaveTime: instant(this.#now()), leaveReason });
  }

  #addLeaver(leaver: Leaver): void {
    this.#formerIds.add(leaver.userid);
    this.history.push(leaver);
  }

  #add(member: Member): Member {
    this.members.set(member.userid, member);
    return member;
  }

  /** Case counts: the page says nothing of ignoring it. An empty telephone is no telephone. */
  #checkUnique(given: Partial<NewUser>, self?: Member): void {
    for (const [field, code] of uniqueFields) {
      const taken = (other: Member) => other !== self && other[field] === given[field];
      if (given[field] && [...this.members.values()].some(taken)) throw new Refusal(code);
    }
  }

  #checkManager({ manager_userid }: Partial<NewUser>): void {
    if (manager_userid !== undefined) this.member(manager_userid, 60128);
  }

  #departmentIds(list: string): number[] {
    return [...new Set(list.split(',').map(Number))].map((id) => this.department(id).dept_id);
  }
}

/** What `user/get` shows of a member (6.2). */
export function profileOf(member: Member): Json {
  const { disabled, sys_level, senior_mode, leads, mobile, login_email, org_email_type, dept_title_list, ...shown } =
    member;
  return {
    dept_order_list: member.dept_id_list.map((dept_id) => ({ dept_id, order: 0 })),
    ...shown,
    ...phoneOf(mobile),
    avatar: '',
    senior: senior_mode ?? false,
    admin: sys_level !== undefined,
    real_authed: member.active,
    leader_in_dept: member.dept_id_list.map((dept_id) => ({ dept_id, leader: leads.includes(dept_id) })),
    role_list: [],
  };
}

/** What `user/get` shows of someone it was told to show (a lie, see `answerCode`). */
export const inventedProfile = (userid: string): Json =>
  profileOf({ ...blank, userid, unionid: unionId(), name: userid, mobile: '13700000000', dept_id_list: [1] });

export function phoneOf(mobile: string): { state_code: string; mobile: string } {
  const [, state_code = '86', number = mobile] = /^\+(\d+)-(\d+)$/.exec(mobile) ?? [];
  return { state_code, mobile: number };
}

function generatedMember(number: number): Member {
  const digits = String(number).padStart(5, '0');
  const mobile = `139${digits.padStart(8, '0')}`;
  const dept_id_list = [2 + (number % 3)];
  return {
    ...blank,
    userid: `member-${digits}`,
    unionid: unionId(),
    name: `Member ${digits}`,
    mobile,
    dept_id_list,
    active: true,
  };
}

function formerMember(now: number): Leaver {
  const leaver = { userid: 'zhengshi', name: 'Zheng Shi', mobile: startMobile(99), dept_id_list: [2], active: true };
  return { ...blank, ...leaver, unionid: unionId(), leaveTime: instant(now - 45 * day), leaveReason: 'delete' };
}

function startMobile(index: number): string {
  return `138000000${String(index).padStart(2, '0')}`;
}

function unionId(): string {
  return randomBytes(12).toString('base64url');
}

function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function asText(extension: Json | string): string {
  return typeof extension === 'string' ? extension : JSON.stringify(extension);
}

function merged(old: string | undefined, added: string): string {
  return JSON.stringify({ ...JSON.parse(old ?? '{}'), ...JSON.parse(added) });
}
