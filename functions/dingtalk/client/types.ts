import * as z from 'zod/mini';
import { baseUrl } from '../../shared/schema.ts';

const legacyHost = 'https://oapi.dingtalk.com';
const apiHost = 'https://api.dingtalk.com';

/**
 * The secret `usher/<stage>/dingtalk`. Tokens come from the new API's host; a `baseUrl` without an `apiBaseUrl` says
 * that only the legacy host of that region is known, so then its own token call is used (page sections 1, 2.1, 2.4).
 */
export const dingtalkSecret = z.pipe(
  z.object({
    appKey: z.string().check(z.minLength(1)),
    appSecret: z.string().check(z.minLength(1)),
    baseUrl: z.optional(baseUrl),
    apiBaseUrl: z.optional(baseUrl),
    operatorUserid: z.optional(z.string()),
  }),
  z.transform((secret) => ({
    ...secret,
    baseUrl: secret.baseUrl ?? legacyHost,
    apiBaseUrl: secret.apiBaseUrl ?? (secret.baseUrl ? undefined : apiHost),
  })),
);
export type DingtalkSecret = z.output<typeof dingtalkSecret>;

const numeric = z.union([z.int(), z.pipe(z.string().check(z.regex(/^-?\d+$/)), z.transform(Number))]);

/** A legacy answer, page section 3. `errcode` may be a string; 88 wraps the real cause in `sub_code` or in the text. */
export const legacyAnswer = z.looseObject({
  errcode: numeric,
  errmsg: z._default(z.string(), ''),
  sub_code: z.optional(z.union([z.string(), z.pipe(z.int(), z.transform(String))])),
  sub_msg: z.optional(z.string()),
  request_id: z.optional(z.string()),
});
export type LegacyAnswer = z.infer<typeof legacyAnswer>;

export const legacyToken = z.looseObject({ access_token: z.string().check(z.minLength(1)), expires_in: z.number() });
export const apiToken = z.object({ accessToken: z.string().check(z.minLength(1)), expireIn: z.number() });

/** A success of the new API has bare fields, if any. */
export const apiAnswer = z.looseObject({});
export type ApiAnswer = z.infer<typeof apiAnswer>;

/** The new API's failures come with either casing of these keys (page section 3). */
export const apiFailure = z.pipe(
  z.looseObject({}),
  z.transform((body) => {
    const text = (...names: string[]) => names.map((name) => body[name]).find((value) => typeof value === 'string');
    return {
      code: text('code', 'Code'),
      message: text('message', 'Message') ?? '',
      requestId: text('requestid', 'RequestId'),
      scopes: requiredScopes.safeParse(body.AccessDeniedDetail ?? body.accessdenieddetail).data?.requiredScopes ?? [],
    };
  }),
);
const requiredScopes = z.object({ requiredScopes: z.array(z.string()) });

/** `result` of `user/get`, page section 6.2; a field that the app may not read is missing. */
export const wireUser = z.looseObject({ userid: z.string() });
export type WireUser = z.infer<typeof wireUser>;

const departmentIds = z.array(z.int());
/** The departments that a user is listed in; none when DingTalk does not show them. */
export const departmentsOf = ({ dept_id_list }: WireUser): number[] => departmentIds.safeParse(dept_id_list).data ?? [];

/** `result` of `user/listid`, page section 6.5: direct members only, without paging. */
export const idList = z.object({ userid_list: z.array(z.string()) });

/** `result` of `user/count`, page section 6.5. */
export const headcount = z.object({ count: z.int() });

/** `result` of `user/listadmin`, page section 6.5. */
export const administratorList = z.array(z.object({ userid: z.string() }));

/** `result` of `department/listsub`, page section 7: one level only. */
export const department = z.object({ dept_id: z.int(), name: z.string(), parent_id: z.optional(z.int()) });
export const departmentList = z.array(department);
export type Department = z.infer<typeof department>;

/** `result` of `department/listsubid`, page section 7: one level only. */
export const departmentIdList = z.object({ dept_id_list: z.array(z.int()) });

/** `result` of `inactive/user/v2/get`, page section 9.1. */
export const activityPage = z.object({
  list: z.array(z.string()),
  has_more: z.boolean(),
  next_cursor: z.optional(z.int()),
});

/** `hrm/employees/dismissions`, page section 9.2: `hasMore` alone marks the end. */
export const dismissionPage = z.object({
  userIdList: z.array(z.string()),
  hasMore: z.boolean(),
  nextToken: z.optional(z.int()),
});
