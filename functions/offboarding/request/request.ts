import * as z from 'zod/mini';
import { handoverModules } from '../../dingtalk/client/handover.ts';
import { hasReason, receiversOf, terminationFields } from '../../dingtalk/client/termination.ts';
import { userid as dingtalkUserid } from '../../dingtalk/client/user.ts';
import { clock } from '../../shared/clock.ts';
import { documented } from '../../shared/schema.ts';
import { userid as wecomUserid } from '../../wecom/client/member.ts';
import { userId, websiteId } from '../../wibiclick/client/types.ts';
import { providers } from '../accounts/account.ts';
import { momentForms, momentOf } from './effective-at.ts';

const dayMs = 86_400_000;
/** The wait, the grace and the handover must end within the year that an execution may last. */
const mostDays = 180;

const days = documented(z.int().check(z.minimum(0), z.maximum(mostDays)), {
  description: 'Days between disabling and removing; 0 removes at once',
});

/** When to begin, or to have begun. */
export const effectiveMoment = z.string().check(
  z.refine((text) => momentOf(text) !== undefined, { error: momentForms }),
  z.refine((text) => (momentOf(text) ?? 0) < clock.now() + mostDays * dayMs, {
    error: `must be within ${mostDays} days`,
  }),
);

const effectiveAt = documented(
  effectiveMoment.check(
    z.refine((text) => (momentOf(text) ?? clock.now()) > clock.now() - 60_000, {
      error: 'lies in the past; leave it out to begin at once',
    }),
  ),
  {
    description: 'When to begin, with an offset or a zone; at once unless given',
    example: '2027-03-26T18:00[Asia/Shanghai]',
  },
);

const accounts = z
  .strictObject({
    wecom: z.optional(z.strictObject({ userid: wecomUserid })),
    dingtalk: z.optional(z.strictObject({ userid: dingtalkUserid })),
    wibiclick: z.optional(
      z.strictObject({
        userId,
        websites: documented(z.optional(z.array(websiteId).check(z.minLength(1))), {
          description: 'The websites to disconnect from; all of them unless given',
        }),
      }),
    ),
  })
  .check(z.refine((given) => Object.keys(given).length > 0, { error: 'give at least one account' }));

const taker = { takeoverUserid: wecomUserid };
const fallback = documented(z.optional(wecomUserid), {
  description: 'Takes over the customers who refuse the first taker, or for whom there is no room',
});

const dingtalkHandover = z.discriminatedUnion('via', [
  z.strictObject({
    via: documented(z.optional(z.literal('delete')), { description: 'Within the deletion' }),
    ...handoverModules,
  }),
  z.strictObject({ via: z.literal('terminate'), ...terminationFields }).check(hasReason),
]);
export type DingtalkHandover = z.output<typeof dingtalkHandover>;

/** What `POST /offboardings` takes. */
export const offboardingRequest = documented(
  z
    .strictObject({
      accounts,
      handover: z.optional(
        z.strictObject({
          wecom: z.optional(z.strictObject({ ...taker, fallbackUserid: fallback })),
          dingtalk: z.optional(dingtalkHandover),
        }),
      ),
      effectiveAt: z.optional(effectiveAt),
      graceDays: documented(
        z.optional(
          z.union(
            [
              days,
              z.strictObject({ wecom: z.optional(days), dingtalk: z.optional(days), wibiclick: z.optional(days) }),
            ],
            { error: `must be a number of days from 0 to ${mostDays}, or such a number for each provider` },
          ),
        ),
        { description: 'The setting `graceDays` unless given' },
      ),
      urgent: documented(z.optional(z.boolean()), {
        description:
          'Begins at once, and nobody keeps access: no grace, except an explicit one for an account that can be disabled',
      }),
    })
    .check(
      z.refine(({ urgent, effectiveAt }) => !urgent || effectiveAt === undefined, {
        path: ['effectiveAt'],
        error: 'cannot be given with urgent, which begins at once',
      }),
      z.check(({ value, issues }) => {
        for (const { path, message } of misplaced(value)) {
          issues.push({ code: 'custom', path: path.split('.'), message, input: value });
        }
      }),
    ),
  {
    example: {
      accounts: { wecom: { userid: 'lisi' }, dingtalk: { userid: 'lisi' }, wibiclick: { userId: '101' } },
      handover: { wecom: { takeoverUserid: 'wangwu' } },
      graceDays: 30,
    },
  },
);
export type OffboardingRequest = z.output<typeof offboardingRequest>;

/** Takers who are the leaver or named twice, and handovers and graces of accounts that do not leave. */
function misplaced({
  accounts,
  handover = {},
  graceDays,
}: Pick<OffboardingRequest, 'accounts' | 'handover' | 'graceDays'>) {
  const missing = (['wecom', 'dingtalk'] as const)
    .filter((provider) => handover[provider] && !accounts[provider])
    .map((provider) => ({ path: `handover.${provider}`, message: `needs accounts.${provider}` }));
  const self = namedIn(handover)
    .filter(({ provider, userid }) => userid.toLowerCase() === accounts[provider]?.userid.toLowerCase())
    .map(({ path }) => ({ path, message: 'must not be the member who leaves' }));
  const { takeoverUserid, fallbackUserid } = handover.wecom ?? {};
  const twice =
    takeoverUserid?.toLowerCase() === fallbackUserid?.toLowerCase() && fallbackUserid !== undefined
      ? [{ path: 'handover.wecom.fallbackUserid', message: 'must be another member than takeoverUserid' }]
      : [];
  const graces = typeof graceDays === 'object' ? Object.keys(graceDays) : [];
  const idle = providers
    .filter((provider) => graces.includes(provider) && !accounts[provider])
    .map((provider) => ({ path: `graceDays.${provider}`, message: `needs accounts.${provider}` }));
  return [...missing, ...self, ...twice, ...idle];
}

export interface Taker {
  provider: 'wecom' | 'dingtalk';
  path: string;
  userid: string;
}

type Handovers = NonNullable<OffboardingRequest['handover']>;

/** Everybody who must be there and stay, with the field that names them: the takers, and who terminates in DingTalk. */
export function namedIn(handover: Handovers): Taker[] {
  const { dingtalk } = handover;
  const operator = dingtalk?.via === 'terminate' ? dingtalk.optUserId : undefined;
  return [
    ...takersOf(handover),
    ...(operator === undefined
      ? []
      : [{ provider: 'dingtalk' as const, path: 'handover.dingtalk.optUserId', userid: operator }]),
  ];
}

/** Everybody who shall take something over, with the field that names them. */
export const takersOf = ({ wecom, dingtalk }: Handovers): Taker[] => [
  ...Object.entries(wecom ?? {}).flatMap(([name, userid]) =>
    userid === undefined ? [] : [{ provider: 'wecom' as const, path: `handover.wecom.${name}`, userid }],
  ),
  ...dingtalkTakers(dingtalk).map(({ path, userid }) => ({
    provider: 'dingtalk' as const,
    path: `handover.dingtalk.${path}`,
    userid,
  })),
];

function dingtalkTakers(given: DingtalkHandover | undefined): { path: string; userid: string }[] {
  if (!given) return [];
  if (given.via === 'terminate') return receiversOf(given);
  const { via: _via, ...modules } = given;
  return Object.entries(modules).flatMap(([name, module]) =>
    module?.action === 'handover' && module.handoverUserId
      ? [{ path: `${name}.handoverUserId`, userid: module.handoverUserId }]
      : [],
  );
}
