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
  'direct_leader',
] as const;

/**
 * The fields of a member that can be compared with what was sent, in one form whatever WeCom makes of them. A field
 * that the credential may not read is missing.
 */
export function comparableFields(member: MemberFields | WireMember): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of plain) if (member[name] !== undefined) fields[name] = member[name];
  if (typeof member.mobile === 'string') fields.mobile = bareNumber(member.mobile);
  const { department } = member;
  // 0 stands for a department whose id we do not know.
  if (!Array.isArray(department) || department.includes(0)) return fields;
  fields.department = [...new Set(department)].sort();
  for (const name of ['order', 'is_leader_in_dept'] as const) {
    const values = member[name];
    if (Array.isArray(values)) fields[name] = department.map((id, index) => `${id}:${values[index]}`).sort();
  }
  return fields;
}

/** Mainland numbers may be given with or without +86. */
const bareNumber = (mobile: string): string => mobile.replace(/\D/g, '').replace(/^86(?=1\d{10}$)/, '');
