import * as z from 'zod/mini';
import { baseUrl } from '../../shared/schema.ts';

/** The secret `usher/<stage>/wecom`. Writes and the id list need `contactSecret`, member details `appSecret`. */
export const wecomSecret = z.object({
  corpId: z.string().check(z.minLength(1)),
  contactSecret: z.string().check(z.minLength(1)),
  appSecret: z.optional(z.string().check(z.minLength(1))),
  customerContactSecret: z.optional(z.string().check(z.minLength(1))),
  baseUrl: z._default(baseUrl, 'https://qyapi.weixin.qq.com'),
});
export type WecomSecret = z.infer<typeof wecomSecret>;

/** Any answer. A present, non-zero `errcode` is a failure; a few calls omit it on success (page section 1). */
export const envelope = z.looseObject({ errcode: z._default(z.int(), 0), errmsg: z._default(z.string(), '') });
export type Envelope = z.infer<typeof envelope>;

export const tokenAnswer = z.object({ access_token: z.string().check(z.minLength(1)), expires_in: z.number() });

/** `user/get`, page section 5.2. Which keys come depends on the rights of the credential. */
export const wireMember = z.looseObject({ userid: z.string(), status: z.optional(z.int()) });
export type WireMember = z.infer<typeof wireMember>;

/** `user/list_id`, page section 5.6: one row per member and department; absent, null and "" all end the list. */
export const idPage = z.object({
  next_cursor: z.nullish(z.string()),
  dept_user: z.array(z.object({ userid: z.string(), department: z.int() })),
});
export type IdPage = z.infer<typeof idPage>;

/** `department/simplelist`, page section 6. */
export const departmentPage = z.object({
  department_id: z.array(z.object({ id: z.int(), parentid: z.int(), order: z.int() })),
});
export type DepartmentIds = z.infer<typeof departmentPage>['department_id'];

export const createAnswer = z.looseObject({
  created_department_list: z.optional(
    z.object({ department_info: z._default(z.array(z.looseObject({ id: z.int() })), []) }),
  ),
});
