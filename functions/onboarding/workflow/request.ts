import * as z from 'zod/mini';
import { newUser } from '../../dingtalk/client/user.ts';
import { documented } from '../../shared/schema.ts';
import { newMember } from '../../wecom/client/member.ts';
import { userId, websiteId } from '../../wibiclick/client/types.ts';

/** What `POST /onboardings` takes. */
export const onboardingRequest = documented(
  z.strictObject({
    accounts: z
      .strictObject({
        wecom: documented(z.optional(newMember), { description: 'As POST /wecom/users takes it' }),
        dingtalk: documented(z.optional(newUser), { description: 'As POST /dingtalk/users takes it' }),
        wibiclick: z.optional(z.strictObject({ userId, websites: z.array(websiteId).check(z.minLength(1)) })),
      })
      .check(z.refine((given) => Object.keys(given).length > 0, { error: 'give at least one account' })),
    onFailure: documented(z._default(z.enum(['keep', 'undo']), 'keep'), {
      description: 'When an account cannot be made: keep the others, or remove what this run provably created',
    }),
  }),
  {
    example: {
      accounts: {
        wecom: { userid: 'qianyi', name: '钱一', email: 'qianyi@example.com', department: [2] },
        dingtalk: { userid: 'qianyi', name: '钱一', mobile: '13900001111', dept_id_list: [2] },
      },
      onFailure: 'undo',
    },
  },
);
export type OnboardingRequest = z.output<typeof onboardingRequest>;
