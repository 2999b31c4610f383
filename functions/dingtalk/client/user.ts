import * as z from 'zod/mini';
import { characters, documented } from '../../shared/schema.ts';

/** The fields of a DingTalk user, page sections 6.3 and 6.4. */

export const userid = documented(
  z.string().check(z.regex(/^[^\s\p{Cc}]{1,64}$/u, { error: 'must have 1 to 64 characters without spaces' })),
  { example: 'zhangsan' },
);

/** The account in locks and ledger. */
export const subjectOf = ({ userid }: { userid: string }): string => `dingtalk:${userid}`;

const departmentId = z.int().check(z.minimum(1));

/** The department of a list, from the query. */
export const departmentQuery = {
  dept_id: documented(z._default(z.coerce.number({ error: 'must be a number' }).check(z.int(), z.minimum(1)), 1), {
    description: 'The department; the root is 1',
  }),
};

const departmentIds = (max: number) => z.array(departmentId).check(z.minLength(1), z.maxLength(max));

const notAnObject = 'must be an object, or the JSON of one';

/** An object, or the JSON of one; it is sent as JSON, the form that both calls take. */
const jsonObject = (max: number) =>
  documented(
    z.pipe(
      z.union([z.record(z.string(), z.unknown()), z.string()], { error: notAnObject }),
      z.transform((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
    ),
    { description: `An object, or the JSON of one; at most ${max} characters of JSON` },
  ).check(
    z.refine(isJsonObject, { error: notAnObject }),
    z.refine((json) => json.length <= max, { error: `must have at most ${max} characters of JSON` }),
  );

function isJsonObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const name = documented(characters(1, 80), { example: '张三' });

const profile = {
  hide_mobile: z.optional(z.boolean()),
  senior_mode: z.optional(z.boolean()),
  telephone: documented(z.optional(characters(0, 50)), { description: 'Unique in the organisation.' }),
  job_number: z.optional(characters(0, 50)),
  title: z.optional(characters(0, 200)),
  email: documented(
    z.optional(characters(3, 50).check(z.regex(/^[^\s@]+@[^\s@]+$/, { error: 'must be an e-mail address' }))),
    { description: 'Unique in the organisation.' },
  ),
  org_email: documented(z.optional(characters(0, 100)), {
    description: 'Only where the mail of the organisation is enabled.',
  }),
  work_place: z.optional(characters(0, 100)),
  remark: z.optional(characters(0, 2000)),
  dept_order_list: z.optional(z.array(z.strictObject({ dept_id: departmentId, order: z.int() }))),
  dept_title_list: z.optional(z.array(z.strictObject({ dept_id: departmentId, title: characters(0, 200) }))),
  dept_position_list: z.optional(
    z.array(
      z.strictObject({
        dept_id: departmentId,
        is_main: z.optional(z.boolean()),
        title: z.optional(characters(0, 200)),
        work_place: z.optional(characters(0, 100)),
      }),
    ),
  ),
  extension: documented(z.optional(jsonObject(2000)), {
    description: 'Attributes that are defined in the admin console. The others are cleared, unless they are appended.',
  }),
  extension_i18n: z.optional(jsonObject(2000)),
  hired_date: documented(z.optional(z.int().check(z.minimum(0))), { description: 'Epoch milliseconds' }),
  manager_userid: z.optional(userid),
};

/** What `user/create` takes. Without a `userid` of ours a repeated request would make a second account. */
export const newUser = z.strictObject({
  userid,
  name,
  mobile: documented(
    z
      .string()
      .check(z.regex(/^(\+\d+-)?\d+$/, { error: 'must be digits, outside mainland China with the country: +44-77…' })),
    { description: 'Unique in the organisation. Outside mainland China as +CC-number.', example: '13900001111' },
  ),
  dept_id_list: documented(departmentIds(100), { description: 'Department ids; the root is 1.' }),
  ...profile,
  org_email_type: z.optional(z.enum(['profession', 'base'])),
  login_email: documented(z.optional(characters(1, 64)), { description: 'Only for accounts that sign in by mail.' }),
});
export type NewUser = z.output<typeof newUser>;

/** How an update is made, beside what it changes. */
const manner = ['userid', 'language', 'ext_attrs_update_mode'];

/** What `user/update` takes: only the fields to change. */
export const userChanges = z
  .strictObject({
    userid,
    name: z.optional(name),
    mobile: z.optional(z.never({ error: 'cannot be changed: DingTalk has no call for it, only the person can do it' })),
    dept_id_list: documented(z.optional(departmentIds(300)), { description: 'Replaces all departments of the user.' }),
    ...profile,
    ext_attrs_update_mode: documented(z.optional(z.union([z.literal(0), z.literal(1)])), {
      description: '0 clears the attributes that `extension` does not name, 1 keeps them. DingTalk takes 0 by default.',
    }),
    language: z.optional(z.enum(['zh_CN', 'en_US'])),
    force_update_fields: documented(z.optional(z.literal('manager_userid')), { description: 'A field to clear.' }),
  })
  .check(
    z.refine((changes) => Object.keys(changes).some((field) => !manner.includes(field)), {
      error: 'give at least one field to change',
    }),
    z.refine(({ manager_userid, force_update_fields }) => !(manager_userid && force_update_fields), {
      path: ['force_update_fields'],
      error: 'give manager_userid, or clear it, but not both',
    }),
  );
export type UserChanges = z.output<typeof userChanges>;
