import { type Clock, type Directory, inventedProfile, type Leaver, phoneOf, profileOf } from './dingtalk-directory.ts';
import * as shapes from './dingtalk-fields.ts';
import { type Code, type Fields, type Input, type Json, Refusal, readInput } from './dingtalk-fields.ts';

// Every call the simulator knows. Section numbers are those of providers/dingtalk.md.

/** What a call works on. */
export interface Office {
  directory: Directory;
  now: Clock;
  issueToken(): string;
}

export interface Call {
  method: 'GET' | 'POST';
  /** The permission point the app needs. A call without one needs no token either. */
  permission?: string;
  /** Counts against the monthly quota (5). */
  metered?: true;
  needsBody: boolean;
  /** The answer's fields, or a `Refusal`. */
  run(sent: Json, office: Office): Json;
  /** A success's fields when nothing was done. */
  lie(sent: Json): Json;
}

interface Row<F extends Fields> extends Pick<Call, 'permission' | 'metered' | 'lie'> {
  fields: F;
  /** How this call refuses a malformed field. The legacy host's 400002 unless it says otherwise. */
  invalid?: Code;
  run(input: Input<F>, office: Office): Json;
}

const appKey = 'dingsandbox';
const appSecret = 'sandbox-ding';
export const tokenSeconds = 7200;
const day = 86_400_000;

const call = <F extends Fields>(method: Call['method'], { fields, invalid = 400002, run, ...row }: Row<F>): Call => ({
  ...row,
  method,
  needsBody: method === 'POST' && Object.keys(fields).length > 0,
  run: (sent, office) => run(readInput(fields, sent, invalid), office),
});

const get = <F extends Fields>(row: Row<F>) => call('GET', row);
const post = <F extends Fields>(row: Row<F>) => call('POST', row);

export const calls: Record<string, Call> = {
  '/gettoken': get({
    invalid: 40035,
    fields: shapes.legacyToken,
    run: ({ appkey, appsecret }, office) => {
      if (appkey !== appKey || appsecret !== appSecret) throw new Refusal(40096);
      return { access_token: office.issueToken(), expires_in: tokenSeconds };
    },
    lie: () => ({ access_token: 'never-issued', expires_in: tokenSeconds }),
  }),

  '/v1.0/oauth2/accessToken': post({
    invalid: 'invalidClientIdOrSecret',
    fields: shapes.newToken,
    run: (app, office) => {
      if (app.appKey !== appKey || app.appSecret !== appSecret) throw new Refusal('invalidClientIdOrSecret');
      return { accessToken: office.issueToken(), expireIn: tokenSeconds };
    },
    lie: () => ({ accessToken: 'never-issued', expireIn: tokenSeconds }),
  }),

  '/topapi/v2/user/create': post({
    permission: 'qyapi_manage_addresslist',
    fields: shapes.userCreate,
    run: (user, { directory }) => {
      const { userid, unionid } = directory.create(user);
      return { result: { userid, unionId: unionid } };
    },
    lie: ({ userid = 'never-created' }) => ({ result: { userid, unionId: 'never-created' } }),
  }),

  '/topapi/v2/user/get': post({
    permission: 'qyapi_get_member',
    fields: shapes.userGet,
    run: ({ userid }, { directory }) => {
      // The page documents 33012 (6.2) and shows 60121 for somebody deleted (dt-16).
      return { result: profileOf(directory.member(userid, directory.hasLeft(userid) ? 60121 : 33012)) };
    },
    lie: ({ userid }) => ({ result: inventedProfile(String(userid)) }),
  }),

  '/topapi/v2/user/update': post({
    permission: 'qyapi_manage_addresslist',
    fields: shapes.userUpdate,
    run: (changes, { directory }) => {
      directory.update(changes);
      return {};
    },
    lie: () => ({}),
  }),

  '/topapi/v2/user/delete': post({
    permission: 'qyapi_manage_addresslist',
    fields: shapes.userDelete,
    run: (request, { directory }) => {
      deleteUser(request, directory);
      return {};
    },
    lie: () => ({}),
  }),

  '/topapi/user/listid': post({
    permission: 'qyapi_get_member',
    fields: shapes.department,
    run: ({ dept_id }, { directory }) => ({
      result: { userid_list: directory.membersOf(dept_id).map(({ userid }) => userid) },
    }),
    lie: () => ({ result: { userid_list: [] } }),
  }),

  '/topapi/user/count': post({
    permission: 'qyapi_get_member',
    fields: shapes.userCount,
    run: ({ only_active }, { directory }) => ({
      result: { count: [...directory.members.values()].filter(({ active }) => active || !only_active).length },
    }),
    lie: () => ({ result: { count: 0 } }),
  }),

  '/topapi/user/listadmin': post({
    permission: 'qyapi_get_member',
    fields: shapes.noFields,
    run: (_, { directory }) => ({
      result: [...directory.members.values()].flatMap(({ userid, sys_level }) =>
        sys_level ? { userid, sys_level } : [],
      ),
    }),
    lie: () => ({ result: [] }),
  }),

  '/topapi/v2/department/listsub': post({
    permission: 'qyapi_get_department_list',
    fields: shapes.departmentListsub,
    // What leaving out `dept_id` means is not documented (7): the root here.
    run: ({ dept_id = 1 }, { directory }) => ({
      result: directory
        .subdepartments(dept_id)
        .map(({ order: _, ...shown }) => ({ ...shown, create_dept_group: false, auto_add_user: false })),
    }),
    lie: () => ({ result: [] }),
  }),

  '/topapi/v2/department/listsubid': post({
    permission: 'qyapi_get_department_list',
    fields: shapes.department,
    run: ({ dept_id }, { directory }) => ({
      result: { dept_id_list: directory.subdepartments(dept_id).map((department) => department.dept_id) },
    }),
    lie: () => ({ result: { dept_id_list: [] } }),
  }),

  '/topapi/v2/department/get': post({
    permission: 'qyapi_get_department_list',
    fields: shapes.departmentGet,
    run: ({ dept_id }, { directory }) => ({
      result: {
        ...directory.department(dept_id),
        dept_manager_userid_list: directory.leadersOf(dept_id).map(({ userid }) => userid),
        member_count: directory.membersOf(dept_id).length,
        hide_dept: false,
        outer_dept: false,
      },
    }),
    lie: ({ dept_id }) => ({ result: { dept_id, name: 'Never Made', order: 0, dept_manager_userid_list: [] } }),
  }),

  '/topapi/inactive/user/v2/get': post({
    permission: 'qyapi_liveness_base',
    fields: shapes.inactiveUsers,
    run: (query, office) => ({ result: usersByActivity(query, office) }),
    lie: () => ({ result: { list: [], has_more: false } }),
  }),

  '/v1.0/contact/orgAccounts/disable': post({
    invalid: 'invalid.param',
    permission: 'Contact.OrgAccountSecurity.ReadWrite',
    metered: true,
    fields: shapes.accountDisable,
    run: ({ userId }, { directory }) => setDisabled(userId, true, directory),
    lie: () => ({}),
  }),

  '/v1.0/contact/orgAccounts/enable': post({
    invalid: 'invalid.param',
    permission: 'Contact.OrgAccountSecurity.ReadWrite',
    metered: true,
    fields: shapes.accountEnable,
    run: ({ userId }, { directory }) => setDisabled(userId, false, directory),
    lie: () => ({}),
  }),

  '/v1.0/contact/empLeaveRecords': get({
    invalid: 'invalidParameter.param.invalid',
    permission: 'Contact.Common.Read',
    fields: shapes.leaveRecords,
    run: leaveRecords,
    lie: () => ({ records: [] }),
  }),

  '/v1.0/hrm/employees/dismissions': get({
    invalid: 'invalidParameter',
    permission: 'qyapi_hrm_read_user',
    fields: shapes.dismissions,
    run: ({ nextToken = '0', maxResults = '30' }, { directory }) => {
      const { items, end, hasMore } = page(directory.history, Number(nextToken), Number(maxResults));
      return { userIdList: items.map(({ userid }) => userid), nextToken: end, hasMore };
    },
    lie: () => ({ userIdList: [], nextToken: 0, hasMore: false }),
  }),

  '/v1.0/hrm/processes/terminateAndHandOver': post({
    invalid: 'invalidParameter',
    permission: 'Hrm.Process.ReadWrite',
    metered: true,
    fields: shapes.termination,
    run: (request, { directory }) => {
      terminate(request, directory);
      return { result: true };
    },
    lie: () => ({ result: true }),
  }),
};

/** The page has no code for the primary administrator (6.1) nor for a wrong receiver (8): 400002 is our guess. */
function deleteUser({ userid, handoverResource = {} }: Input<typeof shapes.userDelete>, directory: Directory): void {
  const leaver = directory.member(userid, 33012);
  if (leaver.sys_level === 1) throw new Refusal(400002);
  for (const { action, handoverUserId = '' } of Object.values(handoverResource)) {
    if (action === 'handover' && directory.member(handoverUserId, 400002) === leaver) throw new Refusal(400002);
  }
  directory.remove(leaver, 'oapi', handoverResource);
}

/** 9.3 gives the rules and the codes, not which code says which rule; the pairs are ours. */
function terminate(request: Input<typeof shapes.termination>, directory: Directory): void {
  const { userId, optUserId, lastWorkDate, dismissionMemo, dismissionReason, ...rest } = request;
  const { terminationReasonVoluntary, terminationReasonPassive, ...receivers } = rest;
  if (!terminationReasonVoluntary && !terminationReasonPassive) throw new Refusal('invalidParameter');

  const leaver = directory.member(userId, 'empNotExists');
  if (leaver.sys_level === 1) throw new Refusal('businessError');
  for (const userid of [optUserId, ...Object.values(receivers)]) {
    if (directory.member(userid, 'empNotExists') === leaver) throw new Refusal('invalidParameter');
  }
  directory.remove(leaver, 'unknown', receivers); // the leave record's reason for this route is not documented
}

function setDisabled(userId: string, disabled: boolean, directory: Directory): Json {
  const member = directory.member(userId, 'user.not.exist');
  if (!member.exclusive_account) throw new Refusal('exclusive.account.only');
  member.disabled = disabled;
  return {}; // the page gives no answer fields
}

/** 9.1. Who has never activated the client did not sign in that day, and everybody else did. */
function usersByActivity(query: Input<typeof shapes.inactiveUsers>, { directory, now }: Office): Json {
  const today = now();
  if (query.query_date > chinaDate(today) || query.query_date < chinaDate(today - 31 * day)) throw new Refusal(400002);

  const asked = query.dept_ids?.split(',').map(Number);
  const found = [...directory.members.values()].filter(
    ({ active, dept_id_list }) =>
      active === query.is_active && (!asked || dept_id_list.some((dept_id) => asked.includes(dept_id))),
  );
  const { items, end, hasMore } = page(found, query.offset, query.size);
  return { list: items.map(({ userid }) => userid), has_more: hasMore, ...(hasMore && { next_cursor: end }) };
}

function leaveRecords(query: Input<typeof shapes.leaveRecords>, { directory, now }: Office): Json {
  const start = Date.parse(query.startTime);
  const end = query.endTime === undefined ? now() : Date.parse(query.endTime);
  if (start > end || end - start > 365 * day) throw new Refusal('invalidParameter.param.invalid');

  const found = directory.history.filter(
    ({ leaveTime }) => Date.parse(leaveTime) >= start && Date.parse(leaveTime) <= end,
  );
  const { items, end: nextToken, hasMore } = page(found, Number(query.nextToken ?? 0), Number(query.maxResults));
  return { records: items.map(leaveRecord), ...(hasMore && { nextToken: String(nextToken) }) };
}

function leaveRecord({ userid, name, mobile, leaveTime, leaveReason }: Leaver): Json {
  const phone = phoneOf(mobile);
  return { userId: userid, name, stateCode: phone.state_code, mobile: phone.mobile, leaveTime, leaveReason };
}

function page<T>(all: T[], offset: number, size: number): { items: T[]; end: number; hasMore: boolean } {
  const items = all.slice(offset, offset + size);
  const end = offset + items.length;
  return { items, end, hasMore: end < all.length };
}

/** The page gives no zone for `query_date` and assumes China's (9.1). */
function chinaDate(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10).replaceAll('-', '');
}
