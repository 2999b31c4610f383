// What every field of a DingTalk call must be. Section numbers are those of providers/dingtalk.md.

/** An errcode (or the sub_code inside 88) of the legacy host, or a `code` of the new API. */
export type Code = number | string;
export type Json = Record<string, unknown>;

export class Refusal extends Error {
  readonly code: Code;

  constructor(code: Code) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

type Guard<T> = (value: unknown) => value is T;
interface Field<T, Required extends boolean> {
  is: Guard<T>;
  required: Required;
  /** What a malformed value is refused with, where it is not the call's own code. */
  code: Code | undefined;
}
export type Fields = Record<string, Field<unknown, boolean>>;
type Value<F> = F extends Field<infer T, boolean> ? T : never;
export type Input<F extends Fields> = {
  [K in keyof F as F[K] extends Field<unknown, true> ? K : never]: Value<F[K]>;
} & { [K in keyof F as F[K] extends Field<unknown, false> ? K : never]?: Value<F[K]> };

const required = <T>(is: Guard<T>, code?: Code): Field<T, true> => ({ is, required: true, code });
const optional = <T>(is: Guard<T>, code?: Code): Field<T, false> => ({ is, required: false, code });

export function readInput<F extends Fields>(fields: F, sent: Json, invalid: Code): Input<F> {
  const code = misfit(fields, sent, invalid);
  if (code !== undefined) throw new Refusal(code);
  return sent as Input<F>;
}

function misfit(fields: Fields, sent: Json, invalid: Code): Code | undefined {
  if (Object.keys(sent).some((name) => !Object.hasOwn(fields, name))) return invalid;
  for (const [name, { is, required, code }] of Object.entries(fields)) {
    const value = sent[name];
    if (value === undefined && required) return invalid;
    if (value !== undefined && !is(value)) return code ?? invalid;
  }
  return undefined;
}

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

// The official Java and .NET SDKs send numbers and booleans as strings too (4); only native types pass here.
const whole =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;

const text =
  (max: number, min = 0) =>
  (value: unknown): value is string =>
    typeof value === 'string' && value.length >= min && value.length <= max;

const like =
  (pattern: RegExp, max = Number.POSITIVE_INFINITY) =>
  (value: unknown): value is string =>
    text(max)(value) && pattern.test(value);

const oneOf =
  <T>(...values: T[]) =>
  (value: unknown): value is T =>
    values.some((allowed) => allowed === value);

/** A number in a query string. */
const digits =
  (min: number, max: number) =>
  (value: unknown): value is string =>
    like(/^\d+$/)(value) && whole(min, max)(Number(value));

const commaIds =
  (max: number) =>
  (value: unknown): value is string =>
    like(/^[1-9]\d*(,[1-9]\d*)*$/)(value) && value.split(',').length <= max;

const isJsonText = (value: unknown): value is string => {
  try {
    return typeof value === 'string' && isRecord(JSON.parse(value));
  } catch {
    return false;
  }
};

const isJsonObject = (value: unknown): value is Json | string => isRecord(value) || isJsonText(value);

const isExtension = (value: unknown): value is Json | string =>
  isJsonObject(value) && (typeof value === 'string' ? value : JSON.stringify(value)).length <= 2000;

const object =
  <F extends Fields>(fields: F) =>
  (value: unknown): value is Input<F> =>
    isRecord(value) && misfit(fields, value, 0) === undefined;

const listOf =
  <T>(is: Guard<T>, min = 0) =>
  (value: unknown): value is T[] =>
    Array.isArray(value) && value.length >= min && value.every(is);

// Date.parse takes 30 February for 2 March; printing it again gives that away.
const isInstant = (value: unknown): value is string =>
  like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)(value) &&
  !Number.isNaN(Date.parse(value)) &&
  new Date(value).toISOString() === value.replace('Z', '.000Z');

const isDate = (value: unknown): value is string =>
  like(/^\d{8}$/)(value) && isInstant(value.replace(/(....)(..)(..)/, '$1-$2-$3T00:00:00Z'));

const isUserid = text(64, 1);
const isDepartment = whole(1);
const isLanguage = oneOf('zh_CN', 'en_US');
// 6.3 gives the two forms and no lengths: those of mainland mobile numbers and of E.164.
const isMobile = like(/^(1\d{10}|\+[1-9]\d{0,3}-\d{4,14})$/);
const isEmail = like(/^[^\s@]+@[^\s@]+$/, 50);

export const noFields = {};
export const legacyToken = { appkey: required(text(Infinity, 1)), appsecret: required(text(Infinity, 1)) };
export const newToken = { appKey: required(text(Infinity, 1)), appSecret: required(text(Infinity, 1)) };

// 6.3 and 6.4: what create and update have in common.
const profile = {
  hide_mobile: optional(isBoolean),
  senior_mode: optional(isBoolean),
  telephone: optional(text(50)),
  job_number: optional(text(50)),
  title: optional(text(200)),
  email: optional(isEmail, 60105),
  org_email: optional(text(100)),
  work_place: optional(text(100)),
  remark: optional(text(2000)),
  dept_order_list: optional(listOf(object({ dept_id: required(isDepartment), order: required(whole(0)) }))),
  dept_title_list: optional(listOf(object({ dept_id: required(isDepartment), title: required(text(200)) }))),
  dept_position_list: optional(
    listOf(
      object({
        dept_id: required(isDepartment),
        is_main: optional(isBoolean),
        title: optional(text(200)),
        work_place: optional(text(100)),
      }),
    ),
  ),
  hired_date: optional(whole(0)),
  manager_userid: optional(isUserid, 60128),
  extension_i18n: optional(isJsonObject),
};

export const userCreate = {
  ...profile,
  userid: optional(isUserid),
  name: required(text(80, 1), 60112),
  mobile: required(isMobile, 40104),
  dept_id_list: required(commaIds(100)),
  extension: optional(isExtension),
  org_email_type: optional(oneOf('profession', 'base')),
  login_email: optional(text(64)),
};

// `mobile` is missing on purpose: changing it by API is stated as unsupported (6.4).
export const userUpdate = {
  ...profile,
  userid: required(isUserid),
  name: optional(text(80, 1), 60112),
  dept_id_list: optional(commaIds(300)),
  extension: optional((value: unknown): value is string => isExtension(value) && isJsonText(value)),
  ext_attrs_update_mode: optional(oneOf(0, 1)),
  language: optional(isLanguage),
  force_update_fields: optional(oneOf('manager_userid')),
};

export const userGet = { userid: required(isUserid), language: optional(isLanguage) };

/** A module of `handoverResource`. The official catalogue's sample has a user id beside every action (8). */
const module = (...actions: string[]) =>
  optional(object({ action: required(oneOf(...actions)), handoverUserId: optional(text(64)) }));

// Section 8, the column "so accept".
const handoverModules = {
  dingPan: module('handover'),
  dingDoc: module('handover'),
  subAdmin: module('handover', 'remove', 'skip'),
  oaApproval: module('skip'),
  subordinate: module('handover', 'remove', 'skip'),
};

export type HandoverResource = Input<typeof handoverModules>;

// What DingTalk says to an empty object is not documented (8); it is refused like any malformed one.
const isHandoverResource = (value: unknown): value is HandoverResource =>
  object(handoverModules)(value) && Object.keys(value).length > 0;

export const userDelete = { userid: required(isUserid), handoverResource: optional(isHandoverResource) };

export const userCount = { only_active: required(isBoolean) };
export const department = { dept_id: required(isDepartment) };
export const departmentGet = { ...department, language: optional(isLanguage) };
export const departmentListsub = { dept_id: optional(isDepartment), language: optional(isLanguage) };

export const inactiveUsers = {
  query_date: required(isDate),
  is_active: required(isBoolean),
  offset: required(whole(0), 40068),
  size: required(whole(1, 100), 40069),
  dept_ids: optional(commaIds(100)),
};

export const leaveRecords = {
  startTime: required(isInstant),
  endTime: optional(isInstant),
  nextToken: optional(digits(0, Number.MAX_SAFE_INTEGER)),
  maxResults: required(digits(1, 50)),
};

export const dismissions = {
  nextToken: optional(digits(0, Number.MAX_SAFE_INTEGER)),
  maxResults: optional(digits(1, 50)),
};

export const accountDisable = { userId: required(isUserid), reason: optional(text(Infinity)) };
export const accountEnable = { userId: required(isUserid) };

const isReasonIds = listOf(like(/^[1-9]$/), 1);

/** The receivers of 9.3, in DingTalk's own spelling. */
export const terminationReceivers = {
  dingPanHandoverUserId: optional(isUserid),
  docNoteHandoverUserId: optional(isUserid),
  aflowHandOverUserId: optional(isUserid),
  permissionHandoverUserId: optional(isUserid),
  directSubordinatesHandoverUserId: optional(isUserid),
};

export const termination = {
  ...terminationReceivers,
  userId: required(isUserid),
  optUserId: required(isUserid),
  lastWorkDate: required(whole(0)),
  dismissionMemo: required(text(Infinity, 1)),
  terminationReasonVoluntary: optional(isReasonIds),
  terminationReasonPassive: optional(isReasonIds),
  dismissionReason: optional(whole(1, 9)),
};
