import * as z from 'zod/mini';
import { documented } from '../../shared/schema.ts';
import { userid } from './user.ts';

/**
 * One of the five modules of the delete call, page section 8. DingTalk requires `handoverUserId` nowhere; we do for
 * `handover`, where it would be a deletion without a receiver. With `remove` and `skip` it is sent as given.
 */
const module = <Action extends string>(actions: [Action, ...Action[]], restriction?: string) =>
  z
    .strictObject({
      action: z.enum(actions, { error: restriction ?? `must be one of ${actions.join(', ')}` }),
      handoverUserId: z.optional(userid),
    })
    .check(
      z.refine(({ action, handoverUserId }) => action !== 'handover' || handoverUserId !== undefined, {
        path: ['handoverUserId'],
        error: 'is required for the action handover',
      }),
    );

export const handoverModules = {
  subordinate: z.optional(module(['handover', 'remove', 'skip'])),
  oaApproval: z.optional(
    module(['skip'], 'must be skip: the deletion cannot hand approvals over, only a termination can'),
  ),
  subAdmin: z.optional(module(['handover', 'remove', 'skip'])),
  dingDoc: z.optional(module(['handover'], 'must be handover: documents can only be handed over')),
  dingPan: z.optional(module(['handover'], 'must be handover: drive files can only be handed over')),
};

export const handoverResource = documented(
  z.strictObject(handoverModules).check(
    z.refine((modules) => Object.keys(modules).length > 0, {
      error: 'must name at least one module, or be left out',
    }),
  ),
  { description: 'What becomes of direct reports, approvals, sub-administrator rights, documents and drive files.' },
);
export type HandoverResource = z.output<typeof handoverResource>;

/** The modules that name somebody. */
export const takersOf = (resource: HandoverResource): { path: string; action: string; userid: string }[] =>
  Object.entries(resource).flatMap(([name, module]) =>
    module?.handoverUserId
      ? [{ path: `handoverResource.${name}.handoverUserId`, action: module.action, userid: module.handoverUserId }]
      : [],
  );

/** The leaver cannot take over from herself. */
export const isNotLeaver = z.check<{ userid: string; handoverResource?: HandoverResource | undefined }>(
  ({ value: { userid, handoverResource = {} }, issues }) => {
    for (const taker of takersOf(handoverResource).filter((taker) => taker.userid === userid)) {
      const message = 'must not be the member who is deleted';
      issues.push({ code: 'custom', path: taker.path.split('.'), message, input: taker.userid });
    }
  },
);

/** What becomes of a handover cannot be known. */
export const handoverAnswer = z.optional(z.object({ status: z.literal('unverified'), reason: z.string() }));
export const handoverUnverified = {
  status: 'unverified' as const,
  reason: 'DingTalk accepts a handover and confirms nothing of it',
};
