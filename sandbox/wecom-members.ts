import { randomBytes } from 'node:crypto';
import { type Extattr, isKnownAttr, type PlainFields, type UpdateFields } from './wecom-fields.ts';

/** 其他（待设置部门）: home of members without a department, parent of departments made for an unknown id. */
export const unassignedId = 1000;

export interface Member extends PlainFields {
  userid: string;
  department: number[];
  main_department: number;
  extattr: Extattr;
  biz_mail: string;
  /** A given biz_mail never changes, a generated one changes once (section 4). */
  biz_mail_frozen: boolean;
  biz_mail_alias: string[];
  /** Has signed in to WeCom, and stays so while disabled. */
  activated: boolean;
  to_invite: boolean;
  creator: boolean;
}

type NewMember = Pick<Member, 'userid' | 'name' | 'department'> & Partial<Member>;

// No mainland network has the prefix 100 and 555-01xx is kept for fiction, so these numbers reach nobody.
const startPeople: NewMember[] = [
  { userid: 'founder', name: '方创', mobile: '10000000001', department: [1], is_leader_in_dept: [1], creator: true },
  { userid: 'zhangsan', name: '张三', mobile: '10000000002', department: [2], is_leader_in_dept: [1] },
  { userid: 'lisi', name: '李四', mobile: '10000000003', department: [2, 5], direct_leader: ['zhangsan'] },
  { userid: 'wangwu', name: '王五', mobile: '10000000004', department: [3], position: '市场经理' },
  { userid: 'zhaoliu', name: '赵六', mobile: '10000000005', department: [3], direct_leader: ['wangwu'] },
  { userid: 'sunqi', name: '孙七', mobile: '10000000006', department: [4], is_leader_in_dept: [1] },
  { userid: 'zhouba', name: '周八', mobile: '10000000007', department: [4], direct_leader: ['sunqi'] },
  { userid: 'wujiu', name: '吴九', mobile: '+1 202-555-0109', department: [5], activated: false },
];

/** `enable` is 1 unless given: not documented. */
export const newMember = (given: NewMember): Member => ({
  alias: '',
  mobile: '',
  email: '',
  order: given.department.map(() => 0),
  is_leader_in_dept: given.department.map(() => 0),
  main_department: given.department[0] ?? unassignedId,
  direct_leader: [],
  position: '',
  gender: '0',
  telephone: '',
  address: '',
  enable: 1,
  extattr: { attrs: [] },
  external_position: '',
  external_profile: {},
  biz_mail: `${randomBytes(6).toString('hex')}@corp.wwsandbox.example`,
  biz_mail_frozen: given.biz_mail !== undefined,
  biz_mail_alias: [],
  activated: false,
  to_invite: true,
  creator: false,
  ...given,
});

const startMember = (given: NewMember): Member =>
  newMember({
    email: `${given.userid}@wwsandbox.example`,
    biz_mail: `${given.userid}@corp.wwsandbox.example`,
    biz_mail_frozen: false,
    activated: true,
    ...given,
  });

const generatedMember = (index: number): Member => {
  const digits = String(index).padStart(5, '0');
  return startMember({
    userid: `member-${digits}`,
    name: `成员${digits}`,
    mobile: `1001${digits.padStart(7, '0')}`,
    department: [3 + (index % 3)],
  });
};

export function* startMembers(generated: number): Generator<Member> {
  yield* startPeople.map(startMember);
  for (let index = 1; index <= generated; index += 1) yield generatedMember(index);
}

/** 1 activated, 2 disabled, 4 not activated (section 5.2). */
export const statusOf = ({ enable, activated }: Member): number => (enable === 0 ? 2 : activated ? 1 : 4);

/** No department, an empty list or 0 means 其他（待设置部门） (section 4). */
export function homesOf(sent: number | number[] = 0): number[] {
  const ids = [sent].flat().map((id) => id || unassignedId);
  return ids.length > 0 ? ids : [unassignedId];
}

/** What an update changes. A field that is absent stays, and three are kept although they were sent (section 4). */
export function changesTo(member: Member, fields: Omit<UpdateFields, 'biz_mail' | 'biz_mail_alias'>): Partial<Member> {
  const { userid: _spelling, mobile, order, extattr, ...changes } = fields;
  return {
    ...(changes.department && moveTo(changes.department, member)),
    ...changes,
    ...(changes.department && order && { order }),
    ...(!member.activated && mobile !== undefined && { mobile }),
    ...(extattr && { extattr: mergeAttrs(member.extattr, extattr) }),
  };
}

/** What a member is in the departments that stay; not documented. */
function moveTo(department: number[], member: Member): Partial<Member> {
  const carry = (values: number[]) => department.map((id) => values[member.department.indexOf(id)] ?? 0);
  const stays = department.includes(member.main_department);
  return {
    order: carry(member.order),
    is_leader_in_dept: carry(member.is_leader_in_dept),
    main_department: stays ? member.main_department : (department[0] ?? unassignedId),
  };
}

/** Unknown names are ignored, empty values clear (section 4). */
export function mergeAttrs(stored: Extattr, sent: Extattr = { attrs: [] }): Extattr {
  const known = sent.attrs.filter(isKnownAttr);
  const kept = stored.attrs.filter(({ name }) => !known.some((attr) => attr.name === name));
  return { attrs: [...kept, ...known.filter(({ text, web }) => text?.value || web?.title)] };
}

export const toSummary = ({ userid, name, department }: Member): object => ({ userid, name, department });

/** Without avatar, gender, mobile, email, biz_mail, QR code and address: withheld from new apps (section 2.1). */
export const toDetail = (member: Member): object => ({
  userid: member.userid,
  name: member.name,
  alias: member.alias,
  department: member.department,
  main_department: member.main_department,
  order: member.order,
  is_leader_in_dept: member.is_leader_in_dept,
  direct_leader: member.direct_leader,
  position: member.position,
  telephone: member.telephone,
  status: statusOf(member),
  extattr: member.extattr,
  external_position: member.external_position,
  external_profile: member.external_profile,
});
