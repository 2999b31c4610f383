import { Refusal } from './wecom-answers.ts';
import { normaliseMobile } from './wecom-fields.ts';
import { type Member, startMembers, statusOf, unassignedId } from './wecom-members.ts';

export interface Department {
  id: number;
  name: string;
  name_en: string;
  parentid: number;
  order: number;
}

const rootId = 1;
const maxNodes = 30_000;

const startDepartments: [id: number, name: string, name_en: string, parentid: number][] = [
  [rootId, '沙盒科技', 'Sandbox', 0],
  [2, '研发部', 'Engineering', rootId],
  [3, '市场部', 'Marketing', rootId],
  [4, '财务部', 'Finance', rootId],
  [5, '平台组', 'Platform', 2],
  [unassignedId, '其他（待设置部门）', 'Unassigned', rootId],
];

/** What no two members may share, and the code that says so. Unlike userids these compare with case. */
const uniqueFields: [errcode: number, keysOf: (member: Member) => string[]][] = [
  [60104, ({ mobile }) => (mobile ? [mobileKey(mobile)] : [])],
  [60106, ({ email }) => (email ? [emailKey(email)] : [])],
  [60145, ({ biz_mail }) => [mailboxKey(biz_mail)]],
  [60270, ({ biz_mail_alias }) => biz_mail_alias.map(mailboxKey)],
];

export const mobileKey = (mobile: string): string => `mobile ${normaliseMobile(mobile)}`;
export const emailKey = (email: string): string => `email ${email}`;
export const mailboxKey = (biz_mail: string): string => `mailbox ${biz_mail}`;

/** The members and departments of one corp, and what must hold of them whoever writes. */
export class Directory {
  readonly #departments = new Map<number, Department>();
  readonly #members = new Map<string, Member>();
  readonly #removed: (Member & { removedAt: string })[] = [];
  readonly #holders = new Map<string, Member>();
  /** Members and sub-departments directly in each department. */
  readonly #nodes = new Map<number, number>();

  constructor(generated: number) {
    for (const [id, name, name_en, parentid] of startDepartments) this.#addDepartment(id, name, name_en, parentid);
    for (const member of startMembers(generated)) this.#index(member);
  }

  state(): object {
    return {
      members: this.members().map((member) => ({ ...member, status: statusOf(member) })),
      departments: [...this.#departments.values()],
      history: this.#removed,
    };
  }

  members(): Member[] {
    return [...this.#members.values()];
  }

  /** Ignores case, as section 4 has it. */
  find(userid: string): Member | undefined {
    return this.#members.get(userid.toLowerCase());
  }

  hasLeft(userid: string): boolean {
    return this.#removed.some((member) => member.userid.toLowerCase() === userid.toLowerCase());
  }

  holderOf(key: string): Member | undefined {
    return this.#holders.get(key);
  }

  department(id: number): Department {
    const department = this.#departments.get(id);
    if (!department) throw new Refusal(60003);
    return department;
  }

  /** A department and all below it. */
  departmentTree(id = rootId): Department[] {
    const children = [...this.#departments.values()].filter(({ parentid }) => parentid === id);
    return [this.department(id), ...children.flatMap((child) => this.departmentTree(child.id))];
  }

  membersIn(id: number): Member[] {
    return this.members().filter(({ department }) => department.includes(id));
  }

  /** Since 2024-05-31 an unknown department is no error but is made, and given back (section 4). */
  add(member: Member): Department[] {
    if (this.find(member.userid)) throw new Refusal(60102);
    const unknown = member.department.filter((id) => !this.#departments.has(id));
    this.#check(member);
    if (unknown.length > 0) this.#checkRoom([unassignedId]);
    const made = unknown.map((id) => this.#addDepartment(id, String(id), '', unassignedId));
    this.#index(member);
    return made;
  }

  change(member: Member, changes: Partial<Member>): Member {
    const changed = { ...member, ...changes };
    if (changed.department.some((id) => !this.#departments.has(id))) throw new Refusal(60123);
    this.#check(changed, member);
    this.#unindex(member);
    this.#index(changed);
    return changed;
  }

  remove(member: Member): void {
    this.#unindex(member);
    this.#members.delete(member.userid.toLowerCase());
    this.#removed.push({ ...member, removedAt: new Date().toISOString() });
  }

  #check(member: Member, before?: Member): void {
    const { mobile, email, department, order, is_leader_in_dept, direct_leader } = member;
    if (!mobile && !email) throw new Refusal(60129);
    if (order.length !== department.length || is_leader_in_dept.length !== department.length) throw new Refusal(60132);
    // Not documented: no department twice, the main one among them, and a new leader who exists.
    if (new Set(department).size < department.length) throw new Refusal(40066);
    if (!department.includes(member.main_department)) throw new Refusal(40058);
    const newLeaders = direct_leader.filter((leader) => !before?.direct_leader.includes(leader));
    if (!newLeaders.every((leader) => this.find(leader))) throw new Refusal(40058);
    this.#checkUnique(member);
    this.#checkRoom(department.filter((id) => !before?.department.includes(id)));
  }

  #checkUnique(member: Member): void {
    for (const [errcode, keysOf] of uniqueFields) {
      const holders = keysOf(member).map((key) => this.#holders.get(key)?.userid ?? member.userid);
      if (holders.some((userid) => userid !== member.userid)) throw new Refusal(errcode);
    }
  }

  #checkRoom(entered: number[]): void {
    if (entered.some((id) => this.#nodesIn(id) >= maxNodes)) throw new Refusal(81001);
  }

  #addDepartment(id: number, name: string, name_en: string, parentid: number): Department {
    const department = { id, name, name_en, parentid, order: id };
    this.#departments.set(id, department);
    this.#nodes.set(parentid, this.#nodesIn(parentid) + 1);
    return department;
  }

  #index(member: Member): void {
    this.#members.set(member.userid.toLowerCase(), member);
    for (const [, keysOf] of uniqueFields) for (const key of keysOf(member)) this.#holders.set(key, member);
    for (const id of member.department) this.#nodes.set(id, this.#nodesIn(id) + 1);
  }

  #unindex(member: Member): void {
    for (const [, keysOf] of uniqueFields) for (const key of keysOf(member)) this.#holders.delete(key);
    for (const id of member.department) this.#nodes.set(id, this.#nodesIn(id) - 1);
  }

  #nodesIn(id: number): number {
    return this.#nodes.get(id) ?? 0;
  }
}
