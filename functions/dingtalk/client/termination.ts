import * as z from 'zod/mini';
import { documented } from '../../shared/schema.ts';
import { userid } from './user.ts';

/** Who takes over what, in the provider's own spelling (page section 9.3). */
const receivers = {
  dingPanHandoverUserId: documented(z.optional(userid), { description: 'Receives the drive files.' }),
  docNoteHandoverUserId: documented(z.optional(userid), { description: 'Receives the team documents.' }),
  aflowHandOverUserId: documented(z.optional(userid), { description: 'Receives the approvals.' }),
  permissionHandoverUserId: documented(z.optional(userid), { description: 'Receives the administrator rights.' }),
  directSubordinatesHandoverUserId: documented(z.optional(userid), { description: 'Receives the direct reports.' }),
};

const reasons = z.optional(z.array(z.string().check(z.minLength(1))).check(z.minLength(1)));
/** Anything smaller is a time in seconds, or before 1973. */
const leastMs = 100_000_000_000;

/** What `terminateAndHandOver` takes beside the person. */
export const terminationFields = {
  optUserId: documented(z.optional(userid), {
    description: 'The employee in whose name it is done: `operatorUserid` of the secret unless given.',
  }),
  lastWorkDate: documented(z.int().check(z.minimum(leastMs, { error: 'must be in epoch milliseconds' })), {
    description: 'Epoch milliseconds',
  }),
  dismissionMemo: z.string().check(z.minLength(1)),
  terminationReasonVoluntary: documented(reasons, { description: 'Ids of reasons, as Smart HR lists them.' }),
  terminationReasonPassive: documented(reasons, { description: 'Ids of reasons, as Smart HR lists them.' }),
  ...receivers,
};

interface Reasons {
  terminationReasonVoluntary?: string[] | undefined;
  terminationReasonPassive?: string[] | undefined;
}

export const hasReason = z.refine<Reasons>(
  (given) => Boolean(given.terminationReasonVoluntary || given.terminationReasonPassive),
  {
    path: ['terminationReasonVoluntary'],
    error: 'give terminationReasonVoluntary or terminationReasonPassive',
  },
);

/** What `terminateAndHandOver` takes. */
export const termination = z.strictObject({ userid, ...terminationFields }).check(
  hasReason,
  z.check(({ value, issues }) => {
    const taken = [{ path: 'optUserId', userid: value.optUserId }, ...receiversOf(value)];
    for (const { path, userid } of taken.filter((other) => other.userid === value.userid)) {
      issues.push({ code: 'custom', path: [path], message: 'must not be the member who leaves', input: userid });
    }
  }),
);
export type Termination = z.output<typeof termination>;

export const receiversOf = (
  given: { [Name in keyof typeof receivers]?: string | undefined },
): { path: string; userid: string }[] =>
  Object.keys(receivers).flatMap((path) => {
    const userid = given[path as keyof typeof receivers];
    return userid === undefined ? [] : [{ path, userid }];
  });
