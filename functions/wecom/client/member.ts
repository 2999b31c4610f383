import * as z from 'zod/mini';
import { bytes, characters, documented } from '../../shared/schema.ts';

/** The field catalogue of a WeCom member, page section 4. Limits are bytes where the page says bytes, else characters. */

/** Unique in the corp ignoring case. */
export const userid = documented(
  z.string().check(
    z.regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, {
      error: 'must be 1 to 64 of the characters A-Z a-z 0-9 _ - @ . and start with a letter or digit',
    }),
  ),
  { example: 'zhangsan' },
);

const address = (min: number, max: number) =>
  bytes(min, max).check(z.regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, { error: 'must be an e-mail address' }));
const flag = z.union([z.literal(0), z.literal(1)], { error: 'must be the number 0 or 1' });
const unsigned32 = z.int().check(z.minimum(0), z.maximum(2 ** 32 - 1));
const departmentId = z.int().check(z.minimum(0), z.maximum(2 ** 31 - 1));
const existingDepartment = z.int().check(z.minimum(1), z.maximum(2 ** 31 - 1));
const httpUrl = z.string().check(z.regex(/^(https?:\/\/.+)?$/, { error: 'must start with http:// or https://' }));

const text = (max: number) => z.strictObject({ value: characters(0, max) });
/** Both empty clears the attribute; one empty is refused by WeCom. */
const web = z
  .strictObject({ url: httpUrl, title: characters(0, 12) })
  .check(
    z.refine(({ url, title }) => (url === '') === (title === ''), { error: 'give both url and title, or neither' }),
  );
const miniprogram = z.strictObject({ appid: z.string(), title: characters(0, 12), pagepath: z.string() });

const textAttribute = (max: number) =>
  z.strictObject({ type: z.literal(0), name: z.string().check(z.minLength(1)), text: text(max) });
const webAttribute = z.strictObject({ type: z.literal(1), name: z.string().check(z.minLength(1)), web });
const miniprogramAttribute = z.strictObject({
  type: z.literal(2),
  name: z.string().check(z.minLength(1)),
  miniprogram,
});

export const memberFields = {
  name: documented(characters(1, 64), { example: '张三' }),
  alias: z.optional(characters(1, 64)),
  mobile: documented(
    z.optional(
      z.string().check(z.regex(/^[0-9+-]{1,32}$/, { error: 'must be 1 to 32 digits, + or -, without spaces' })),
    ),
    { description: 'Unique in the corp. Numbers outside mainland China need the country code.' },
  ),
  email: documented(z.optional(address(6, 64)), { description: 'Unique in the corp.' }),
  biz_mail: documented(z.optional(address(6, 64)), { description: 'Can never be changed once given at creation.' }),
  department: documented(z.optional(z.array(departmentId).check(z.minLength(1), z.maxLength(100))), {
    description: 'Department ids. Omitted or 0: 其他（待设置部门）. WeCom creates a department for an unknown id.',
  }),
  order: documented(z.optional(z.array(unsigned32)), { description: 'One for each department; larger sorts first.' }),
  is_leader_in_dept: documented(z.optional(z.array(flag)), { description: 'One for each department.' }),
  main_department: documented(z.optional(departmentId), { description: 'The id of one of the departments.' }),
  direct_leader: z.optional(z.array(userid).check(z.maxLength(1, { error: 'must hold at most one userid' }))),
  position: z.optional(characters(0, 128)),
  gender: documented(z.optional(z.enum(['1', '2'])), { description: '"1" male, "2" female' }),
  telephone: z.optional(z.string().check(z.regex(/^[0-9+,-]{1,32}$/, { error: 'must be 1 to 32 digits, -, + or ,' }))),
  address: z.optional(characters(0, 128)),
  enable: documented(z.optional(flag), { description: '1 enabled, 0 disabled' }),
  avatar_mediaid: z.optional(z.string().check(z.minLength(1))),
  extattr: documented(
    z.optional(z.strictObject({ attrs: z.array(z.discriminatedUnion('type', [textAttribute(64), webAttribute])) })),
    { description: 'An attribute whose name does not exist in the console is silently ignored by WeCom.' },
  ),
  external_position: z.optional(characters(0, 12)),
  external_profile: z.optional(
    z.strictObject({
      external_corp_name: z.optional(z.string()),
      wechat_channels: z.optional(z.strictObject({ nickname: z.string() })),
      external_attr: z.optional(
        z.array(z.discriminatedUnion('type', [textAttribute(32), webAttribute, miniprogramAttribute])),
      ),
    }),
  ),
};

interface Departments {
  department?: number[] | undefined;
  order?: number[] | undefined;
  is_leader_in_dept?: (0 | 1)[] | undefined;
  main_department?: number | undefined;
}

const sameLength = (name: 'order' | 'is_leader_in_dept') =>
  z.refine<Departments>((member) => !member[name] || member[name].length === member.department?.length, {
    path: [name],
    error: 'must have one entry for each department',
  });

const holdsMain = ({ main_department: main, department = [] }: Departments): boolean =>
  main === undefined || department.includes(main);
const outside = { path: ['main_department'], error: 'must be one of the ids in department' };

/** What `user/create` takes. `to_invite` is always sent, since WeCom's default sends messages to the person. */
export const newMember = z
  .strictObject({
    userid,
    ...memberFields,
    to_invite: documented(z._default(z.boolean(), false), {
      description: 'Sends an invitation to the person for up to 3 days.',
    }),
  })
  .check(
    z.refine((member) => Boolean(member.mobile || member.email), {
      path: ['mobile'],
      error: 'give mobile or email; WeCom needs one of the two',
    }),
    sameLength('order'),
    sameLength('is_leader_in_dept'),
    z.refine(holdsMain, outside),
  );
export type NewMember = z.output<typeof newMember>;

const mailbox = address(6, 63);

/** What `user/update` takes. Nothing has a default: a field that is not given stays as it is. */
export const memberChanges = z
  .strictObject({
    userid,
    ...memberFields,
    name: z.optional(memberFields.name),
    mobile: documented(z.optional(memberFields.mobile), {
      description: 'Unique in the corp. WeCom keeps the old one once the member has activated: warning `mobile_kept`.',
    }),
    biz_mail: documented(z.optional(mailbox), { description: 'One that WeCom generated can be changed once.' }),
    biz_mail_alias: documented(z.optional(z.strictObject({ item: z.array(mailbox).check(z.maxLength(5)) })), {
      description: 'Replaces all aliases; an empty item clears them.',
    }),
    department: documented(z.optional(z.array(existingDepartment).check(z.minLength(1), z.maxLength(100))), {
      description: 'Replaces all departments of the member.',
    }),
    new_userid: documented(z.optional(userid), {
      description: 'Only where WeCom generated the userid, and only once.',
    }),
  })
  .check(
    z.refine((changes) => Object.keys(changes).length > 1, { error: 'give at least one field to change' }),
    sameLength('order'),
    sameLength('is_leader_in_dept'),
    z.refine((changes) => !changes.department || holdsMain(changes), outside),
  );
export type MemberChanges = z.output<typeof memberChanges>;

export const updateOutcomes = ['updated', 'disabled', 'enabled'] as const;
export type UpdateOutcome = (typeof updateOutcomes)[number];

export const updateOutcome = ({ enable }: MemberChanges): UpdateOutcome =>
  enable === undefined ? 'updated' : (['disabled', 'enabled'] as const)[enable];

/** Any fields that a write can carry. */
export type MemberFields = { [Name in keyof NewMember]?: NewMember[Name] | undefined };

/** The account in locks and ledger: WeCom ignores case. */
export const subjectOf = ({ userid }: { userid: string }): string => `wecom:${userid.toLowerCase()}`;
