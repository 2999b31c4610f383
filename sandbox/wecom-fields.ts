import { Refusal } from './wecom-answers.ts';

// The fields of sections 4, 5.5, 5.6, 5.7 and 8, one row a field. Where the page names no code for a field it is 40058.

type Valid = (value: unknown) => boolean;
/** A rule that fails answers its errcode; a field's rules are asked in order. */
export type Rule = [errcode: number, valid: Valid];
type Rules = Record<string, Rule[]>;

export interface Attr {
  type: number;
  name: string;
  text?: { value: string };
  web?: { title: string; url: string };
}

export interface Extattr {
  attrs: Attr[];
}

/** What reads the same in a request and in the directory. */
export interface PlainFields {
  name: string;
  alias: string;
  mobile: string;
  email: string;
  order: number[];
  is_leader_in_dept: number[];
  direct_leader: string[];
  position: string;
  gender: string;
  telephone: string;
  address: string;
  enable: number;
  external_position: string;
  external_profile: object;
}

interface WrittenFields extends Partial<PlainFields> {
  userid: string;
  main_department?: number;
  biz_mail?: string;
  extattr?: Extattr;
}

export interface CreateFields extends WrittenFields {
  name: string;
  department?: number | number[];
  to_invite?: boolean;
}

export interface UpdateFields extends WrittenFields {
  department?: number[];
  biz_mail_alias?: { item?: string[] };
  new_userid?: string;
}

const verifiedShortName = '沙盒科技';

/** The attributes set up in the console, with their types. */
const consoleAttrs = new Map<unknown, unknown>([
  ['工号', 0],
  ['主页', 1],
]);

export const isKnownAttr = ({ name }: Attr): boolean => consoleAttrs.has(name);

/** `+86` may be left out: one number, whichever way it is written. */
export const normaliseMobile = (mobile: string): string => mobile.replace(/[ -]/g, '').replace(/^\+86/, '');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isBoolean: Valid = (value) => typeof value === 'boolean';

const oneOf =
  (...values: unknown[]): Valid =>
  (value) =>
    values.includes(value);

const int =
  (min: number, max: number): Valid =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max;

const string =
  (valid: (value: string) => boolean): Valid =>
  (value) =>
    typeof value === 'string' && valid(value);

const pattern = (regex: RegExp): Valid => string((value) => regex.test(value));

/** Counts characters, where `length` would count an emoji or a rare Chinese character twice. */
const text = (min: number, max: number): Valid => string((value) => int(min, max)([...value].length));

const bytes = (min: number, max: number): Valid => string((value) => int(min, max)(Buffer.byteLength(value)));

const list =
  (valid: Valid): Valid =>
  (value) =>
    Array.isArray(value) && value.every(valid);

const upTo =
  (max: number): Valid =>
  (value) =>
    Array.isArray(value) && value.length <= max;

const isEmptyList = upTo(0);

const either =
  (...rules: Valid[]): Valid =>
  (value) =>
    rules.some((valid) => valid(value));

const isUserid = pattern(/^[A-Za-z0-9][\w@.-]{0,63}$/);
const isUrl = pattern(/^https?:\/\/\S+$/);
const isEmpty = oneOf('');
const isDepartment = int(1, 2 ** 31 - 1);

const address = (maxBytes: number): Valid =>
  string((value) => bytes(6, maxBytes)(value) && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value));

/** Only a mainland number may leave out its country code. The official sample has a space, which 60103's text forbids. */
const isMobile = string(
  (value) => /^\+?[\d -]{1,31}$/.test(value) && /^(1\d{10}|\+\d{5,})$/.test(normaliseMobile(value)),
);

/** Nothing is checked of an attribute that the console does not know, since it is ignored. */
const isAttr: Valid = (attr) =>
  isObject(attr) && (!consoleAttrs.has(attr.name) || (consoleAttrs.get(attr.name) === attr.type && hasContent(attr)));

const hasContent = ({ type, text: line, web }: Record<string, unknown>): boolean =>
  type === 0
    ? isObject(line) && text(0, 64)(line.value)
    : isObject(web) && ((isEmpty(web.title) && isEmpty(web.url)) || (text(1, 12)(web.title) && isUrl(web.url)));

/** The key of each external attribute's content, by `type`. */
const externalContents = ['text', 'web', 'miniprogram'];

const externalKeys = ['external_corp_name', 'wechat_channels', 'external_attr'];

const isExternalProfile: Valid = (profile) =>
  isObject(profile) &&
  Object.keys(profile).every((key) => externalKeys.includes(key)) &&
  (profile.wechat_channels === undefined || isObject(profile.wechat_channels)) &&
  (profile.external_attr === undefined || list(isObject)(profile.external_attr));

const externalAttrs = (profile: unknown): Record<string, unknown>[] =>
  isObject(profile) && Array.isArray(profile.external_attr) ? profile.external_attr.filter(isObject) : [];

const hasExternalContent = (attr: Record<string, unknown>): boolean =>
  isObject(attr[externalContents[Number(attr.type)] ?? '']);

/** Whether `part` of all external attributes of that type is valid. */
const external =
  (content: string, part: string, valid: Valid): Valid =>
  (profile) =>
    externalAttrs(profile)
      .filter(({ type }) => type === externalContents.indexOf(content))
      .map((attr) => attr[content])
      .every((value) => isObject(value) && valid(value[part]));

/** In the order of page 90313. A text may have 32 characters by page 92230; the text of 90101 still says 12. */
const externalProfile: Rule[] = [
  [90106, isExternalProfile],
  [41036, (profile) => isObject(profile) && oneOf(undefined, verifiedShortName)(profile.external_corp_name)],
  [90100, (profile) => externalAttrs(profile).every(({ type }) => int(0, 2)(type))],
  [90106, (profile) => externalAttrs(profile).every(hasExternalContent)],
  [90106, external('miniprogram', 'appid', string(Boolean))],
  [90101, external('text', 'value', text(0, 32))],
  [90102, external('web', 'title', text(0, 12))],
  [90103, external('web', 'url', isUrl)],
  [90104, external('miniprogram', 'title', text(0, 12))],
  [90105, external('miniprogram', 'pagepath', string(Boolean))],
];

export const wellFormedUserid: Rule[] = [[40003, isUserid]];
export const requiredUserid: Rule[] = [[41009, (value) => value !== undefined && value !== ''], ...wellFormedUserid];

/** 60110's text still says 20 departments; the field table, which is newer, says 100 (section 11, 20). */
const departments = (valid: Valid): Rule[] => [
  [41019, valid], // its help text: ids must be numbers (section 11, 16)
  [60110, (value) => !Array.isArray(value) || value.length <= 100],
];

const memberRules: Rules = {
  userid: requiredUserid,
  name: [[60112, text(1, 64)]],
  alias: [[40058, text(1, 64)]],
  mobile: [[60103, either(isEmpty, isMobile)]],
  email: [[60105, either(isEmpty, address(64))]],
  order: [[40058, list(int(0, 2 ** 32 - 1))]],
  is_leader_in_dept: [[40058, list(oneOf(0, 1))]],
  main_department: [[40058, isDepartment]],
  direct_leader: [
    [40058, list(isUserid)],
    [60257, upTo(1)],
  ],
  position: [[301012, text(0, 128)]],
  gender: [[40058, oneOf('1', '2')]],
  telephone: [[301013, pattern(/^[\d+,-]{1,32}$/)]],
  address: [[40058, text(0, 128)]],
  enable: [[40058, oneOf(0, 1)]],
  avatar_mediaid: [[301015, () => false]], // nothing can be uploaded here, so no id is valid
  extattr: [[40058, (value) => isObject(value) && list(isAttr)(value.attrs)]],
  external_position: [[40058, text(0, 12)]],
  external_profile: externalProfile,
};

export const createRules: Rules = {
  ...memberRules,
  department: departments(either(oneOf(0), list(int(0, 2 ** 31 - 1)))),
  biz_mail: [[60143, address(64)]],
  to_invite: [[40058, isBoolean]],
};

export const updateRules: Rules = {
  ...memberRules,
  // An empty list and an unknown department: not documented for update, so both are refused here.
  department: [...departments(list(isDepartment)), [40066, (value) => !isEmptyList(value)]],
  biz_mail: [[60143, address(63)]],
  biz_mail_alias: [
    [60269, either(isEmptyList, (value) => isObject(value) && list(address(63))(value.item ?? []))],
    [60273, either(isEmptyList, (value) => isObject(value) && upTo(5)(value.item ?? []))],
  ],
  new_userid: [[301036, () => false]], // only a system-generated userid can change, and every userid here was given
};

export const batchDeleteRules: Rules = {
  useridlist: [
    [40031, list(isUserid)],
    [40032, (value) => Array.isArray(value) && value.length > 0 && value.length <= 200],
  ],
};

const cursor: Rule[] = [[50100, text(0, 64)]];

export const listIdRules: Rules = {
  cursor,
  limit: [[40058, int(1, 10_000)]],
};

export const byMobileRules: Rules = { mobile: [[60103, bytes(5, 32)]] };

export const byEmailRules: Rules = {
  email: [[60105, address(64)]],
  email_type: [[40058, oneOf(1, 2)]],
};

const upTo100: Valid = (value) => list(text(1, 64))(value) && upTo(100)(value) && !isEmptyList(value);

export const unassignedRules: Rules = { cursor, page_size: [[40058, int(1, 1000)]] };

const pairRules: Rules = { handover_userid: [[40058, isUserid]], takeover_userid: [[40058, isUserid]] };

export const transferRules: Rules = { ...pairRules, external_userid: [[40058, upTo100]] };

export const transferResultRules: Rules = { ...pairRules, cursor };

export const groupTransferRules: Rules = { chat_id_list: [[40058, upTo100]], new_owner: [[40058, isUserid]] };

const isOwnerFilter: Valid = (filter) =>
  isObject(filter) && Object.keys(filter).every((key) => key === 'userid_list') && upTo100(filter.userid_list);

export const groupListRules: Rules = {
  limit: [[40058, int(1, 1000)]],
  cursor,
  status_filter: [[40058, int(0, 3)]],
  owner_filter: [[40058, isOwnerFilter]],
};

/** Checks a body against the rules; a field that has none is refused, one left out is only asked about when required. */
export function readBody<Body extends object>(body: unknown, rules: Rules, ...required: (keyof Body)[]): Body {
  if (!isObject(body)) throw new Refusal(40058, '. Warning: wrong json format.');
  if (!isWellFormed(body)) throw new Refusal(40033);
  if (Object.keys(body).some((name) => !Object.hasOwn(rules, name))) throw new Refusal(40058);
  for (const [name, fieldRules] of Object.entries(rules)) {
    if (name in body || required.some((field) => field === name)) checkField(body[name], fieldRules);
  }
  return body as Body;
}

export function checkField(value: unknown, rules: Rule[]): void {
  const broken = rules.find(([, valid]) => !valid(value));
  if (broken) throw new Refusal(broken[0]);
}

/** A lone surrogate can only have been sent as an escape, which 40033 forbids; other escapes are gone once parsed. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return typeof value !== 'object' || value === null || Object.values(value).every(isWellFormed);
}
