import type { MemberFields } from './member.ts';
import type { WireMember } from './types.ts';

/** Fields that WeCom gives back as they were sent. */
const plain = [
  'name',
  'alias',
  'email',
  'biz_mail',
  'position',
  'gender',
  'telephone',
  'address',
  'main_department',
  'external_position',
  'enable',
] as const;

/** What was sent, in one form whatever WeCom makes of it; fields that it never gives back are missing. */
export function comparableFields(member: MemberFields | WireMember): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of plain) if (member[name] !== undefined) fields[name] = member[name];
  if (typeof member.mobile === 'string') fields.mobile = bareNumber(member.mobile);
  const { department, direct_leader: leaders } = member;
  if (Array.isArray(leaders)) fields.direct_leader = leaders.map((leader) => String(leader).toLowerCase());
  // 0 stands for a department whose id we do not know.
  if (!Array.isArray(department) || department.includes(0)) return fields;
  fields.department = [...new Set(department)].sort();
  for (const name of ['order', 'is_leader_in_dept'] as const) {
    const values = member[name];
    if (Array.isArray(values)) fields[name] = department.map((id, index) => `${id}:${values[index]}`).sort();
  }
  return fields;
}

/** Activated, disabled and not activated, as `enable` would say it (page section 5.2). */
const enableOf: Record<number, 0 | 1> = { 1: 1, 2: 0, 4: 1 };

/** The same fields of a member that was read. One that the credential may not read is missing. */
export const readableFields = (found: WireMember): Record<string, unknown> =>
  comparableFields({ ...found, enable: enableOf[found.status ?? 0] ?? found.status });

/** Mainland numbers may be given with or without +86. */
const bareNumber = (mobile: string): string => mobile.replace(/\D/g, '').replace(/^86(?=1\d{10}$)/, '');
