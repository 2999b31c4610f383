import type { Prints } from '../../shared/prints.ts';
import type { WireUser } from './types.ts';
import type { NewUser, UserChanges } from './user.ts';

type Fields = Record<string, unknown>;

/** The fields that a write sends, in a form that can be compared with what reading shows. */
export function sentFields(user: NewUser | UserChanges): Fields {
  const { language: _language, ext_attrs_update_mode: _mode, ...fields }: Fields = user;
  const { userid: _userid, force_update_fields: cleared, ...comparable } = comparableFields(fields);
  return { ...comparable, ...(cleared !== undefined && { manager_userid: '' }) };
}

/** The same of a user as DingTalk shows it. In which form it shows `extension_i18n` is not documented. */
export const shownFields = (user: WireUser): Fields => comparableFields({ ...user, extension_i18n: undefined });

function comparableFields({ mobile, dept_id_list, senior_mode, extension, ...fields }: Fields): Fields {
  const { dept_order_list, dept_position_list, ...plain } = fields;
  const comparable = {
    ...plain,
    ...(typeof mobile === 'string' && { mobile: mobile.replace(/^\+\d+-/, '') }),
    ...(Array.isArray(dept_id_list) && { dept_id_list: [...new Set(dept_id_list)].sort() }),
    ...(senior_mode !== undefined && { senior: senior_mode }),
    ...perDepartment('dept_order_list', dept_order_list),
    ...perDepartment('dept_position_list', dept_position_list),
    ...named('extension', parsed(extension)),
  };
  return Object.fromEntries(Object.entries(comparable).filter(([, value]) => value !== undefined));
}

/** DingTalk may list departments that were not sent. */
function perDepartment(field: string, list: unknown): Fields {
  const entries: unknown[] = Array.isArray(list) ? list : [];
  return Object.assign(
    {},
    ...entries.filter(isFields).map(({ dept_id, ...held }) => named(`${field}.${dept_id}`, held)),
  );
}

/** Attributes may come back in another order, and with some that were not sent. */
const named = (prefix: string, held: unknown): Fields =>
  isFields(held) ? Object.fromEntries(Object.entries(held).map(([name, value]) => [`${prefix}.${name}`, value])) : {};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(json: unknown): unknown {
  try {
    return JSON.parse(String(json));
  } catch {
    return undefined;
  }
}

/**
 * Compares what was sent with what is shown.
 * @param emptied the print of an empty text: what was emptied may be left out of an answer
 * @returns `unseen`: the fields that were sent and are not shown
 */
export function comparePrints(sent: Prints, shown: Prints, emptied: string): { differs: boolean; unseen: string[] } {
  const fields = Object.entries(sent);
  return {
    differs: fields.some(([name, print]) => shown[name] !== undefined && shown[name] !== print),
    unseen: fields.filter(([name, print]) => shown[name] === undefined && print !== emptied).map(([name]) => name),
  };
}
