import { handoverUnverified } from '../../dingtalk/client/handover.ts';
import type { DingtalkIdentity } from '../../dingtalk/client/identity.ts';
import { subjectOf } from '../../dingtalk/client/user.ts';
import { OperationError } from '../../shared/errors.ts';
import { protectedAccount, protection } from '../../shared/fence.ts';
import { alreadyAbsent, type StepEnd } from '../../shared/runs/perform-step.ts';
import { iso, type Step, type Steps } from '../../shared/runs/run.ts';
import { mayHaveActed, writeIfSame } from '../../shared/runs/run-write.ts';
import { type OffboardingRequest, takersOf } from '../request/request.ts';
import {
  type AccountPlan,
  cannotBeUndone,
  changesNothing,
  departmentHead,
  differs,
  needsAttention,
  nothingToRestore,
  type Perform,
  type Performed,
  planned,
  refuseNewcomer,
  unknownAccount,
} from './account.ts';
import type { OffboardingClients } from './clients.ts';

const provider = 'dingtalk';

/**
 * What the plan says of the account.
 * @param state as it was read for the plan
 * @param removalAt epoch milliseconds, if the plan is applied now
 */
export async function planDingtalk(
  { accounts, handover }: OffboardingRequest,
  { identities }: OffboardingClients['dingtalk'],
  { state, graceDays, removalAt }: { state: DingtalkIdentity | undefined; graceDays: number; removalAt: number },
): Promise<AccountPlan & { state: DingtalkIdentity | null }> {
  const { userid = '' } = accounts.dingtalk ?? {};
  const operator = await identities.operatorUserid();
  const keepsAccess = !state?.enterprise && graceDays > 0;
  const until = `${iso(removalAt).slice(0, 10)} if this is applied now`;
  const takers = takersOf({ dingtalk: handover?.dingtalk });
  const lost = Object.entries(estate)
    .filter(([, field]) => !takers.some(({ path }) => field.test(path)))
    .map(([what]) => what);
  return {
    state: state ?? null,
    steps: stepsOf(userid, { state, handover, keepsAccess, until, graceDays }),
    warnings: [
      ...(keepsAccess
        ? [
            `access_kept: ${userid} is no DingTalk enterprise account and cannot be disabled, so it keeps access until ${until}. Use urgent, or graceDays.dingtalk 0, if that must not be.`,
          ]
        : []),
      ...(handover?.dingtalk?.via === 'terminate'
        ? []
        : [
            'approvals_not_moved: Approvals cannot move by a DingTalk deletion, only by a termination (via: "terminate").',
          ]),
      ...(takers.length > 0 ? ['handover_unverified: DingTalk accepts a handover and confirms nothing of it.'] : []),
      ...(lost.length > 0
        ? [
            `no_handover: Nobody takes over the ${lost.join(' and ')} of ${userid} in DingTalk; what becomes of them is not documented.`,
          ]
        : []),
      ...departmentHead('DingTalk', userid, state?.leads),
    ],
    refusals: [
      ...(state ? [] : [unknownAccount('accounts.dingtalk.userid', userid, provider)]),
      ...(state?.admin ? [protectedAccount(provider, userid, 'DingTalk lists it as an administrator')] : []),
      ...(state?.boss ? [protectedAccount(provider, userid, 'DingTalk lists it as a boss')] : []),
      ...(userid === operator ? [protectedAccount(provider, userid, 'it is the operator of the secret')] : []),
      ...(handover?.dingtalk?.via === 'terminate' && !handover.dingtalk.optUserId && !operator ? [noOperator()] : []),
      ...protection(provider, userid),
    ],
    removals: state?.enterprise ? 2 : 1,
  };
}

/** What is lost unless somebody takes it over, by the fields that name who does. */
const estate = { documents: /dingDoc|docNote/, 'drive files': /dingPan/ };

const noOperator = (): OperationError =>
  new OperationError('invalid_input', 'a termination in DingTalk needs an operator, and none is named', {
    errors: [{ path: 'handover.dingtalk.optUserId', message: 'is required when the secret has no operatorUserid' }],
    fix: 'Give optUserId, or put operatorUserid into the secret of dingtalk.',
  });

interface StepOptions {
  state: DingtalkIdentity | undefined;
  handover: OffboardingRequest['handover'];
  keepsAccess: boolean;
  until: string;
  graceDays: number;
}

function stepsOf(userid: string, { state, handover, keepsAccess, until, graceDays }: StepOptions): Steps {
  const takers = takersOf({ dingtalk: handover?.dingtalk }).map((taker) => taker.userid);
  const handingOver = takers.length > 0 ? ` and hand over to ${[...new Set(takers)].join(', ')} within it` : '';
  const verb = handover?.dingtalk?.via === 'terminate' ? 'Terminate the DingTalk employee' : 'Delete the DingTalk user';
  const later = graceDays === 0 ? 'at once' : `after ${graceDays} days`;
  return {
    'dingtalk.disable': planned(provider, 'disable', {
      what: `Disable the DingTalk account ${userid}`,
      undo: 'Cancel the run before the removal: the account is enabled again (unverified: DingTalk does not show it).',
      ...(!state?.enterprise && {
        undo: changesNothing,
        status: 'unsupported',
        reason: keepsAccess
          ? `only enterprise accounts can be disabled; it keeps access until ${until}`
          : 'only enterprise accounts can be disabled; it is removed at once',
      }),
    }),
    'dingtalk.remove': planned(provider, 'remove', {
      what: `${verb} ${userid}${handingOver}, ${later}`,
      undo: cannotBeUndone,
      after: ['dingtalk.disable'],
    }),
    'dingtalk.verify': planned(provider, 'verify', {
      what: `Read that the DingTalk user ${userid} is gone`,
      undo: changesNothing,
      after: ['dingtalk.remove'],
    }),
  };
}

/** What to do for each step. */
export const dingtalkSteps: Record<string, Perform> = {
  'dingtalk.disable': disable,
  'dingtalk.remove': remove,
  'dingtalk.verify': verify,
  'dingtalk.restore': restore,
};

export const dingtalkRestore = (run: Performed['run']): Step =>
  planned(provider, 'restore', {
    what: `Enable the DingTalk account ${useridOf(run)} again`,
    undo: 'Disable the account.',
  });

const useridOf = (run: Performed['run']): string => run.facts.accounts.dingtalk?.userid ?? '';

async function disable(performed: Performed): Promise<StepEnd> {
  const userid = useridOf(performed.run);
  const write = { ...writeOf(performed, { userid, disabled: true }), outcome: 'disabled' };
  const { users } = performed.clients.dingtalk;
  const result = await writeIfSame(write, userOf(performed), () => users.disableUser(userid));
  return { status: 'succeeded', result: result ?? alreadyAbsent };
}

async function remove(performed: Performed): Promise<StepEnd> {
  const { run } = performed;
  const userid = useridOf(run);
  const write = { ...writeOf(performed, { userid, exists: false }), outcome: 'deleted' };
  const handsOver = takersOf({ dingtalk: run.request?.handover?.dingtalk }).length > 0;
  const result = await writeIfSame(write, userOf(performed), () => removeUser(performed, userid));
  const handover = result && handsOver && { handover: handoverUnverified };
  return { status: 'succeeded', result: { ...(result ?? alreadyAbsent), ...handover } };
}

function removeUser({ run, clients }: Performed, userid: string) {
  const { users } = clients.dingtalk;
  const handover = run.request?.handover?.dingtalk;
  if (!handover) return users.deleteUser(userid);
  if (handover.via === 'terminate') {
    const { via: _via, ...fields } = handover;
    return users.terminateUser({ userid, ...fields });
  }
  const { via: _via, ...modules } = handover;
  return users.deleteUser(userid, Object.keys(modules).length > 0 ? modules : undefined);
}

async function verify({ run, clients }: Performed): Promise<StepEnd> {
  const found = await clients.dingtalk.identities.find(useridOf(run));
  return found
    ? needsAttention('the user is in the directory again, or still')
    : { status: 'succeeded', result: { outcome: 'absent', verified: true } };
}

async function restore(performed: Performed): Promise<StepEnd> {
  const userid = useridOf(performed.run);
  const write = {
    ...writeOf(performed, { userid, disabled: false }),
    outcome: 'enabled',
    removesAccess: false,
    evenHalted: true,
  };
  if (!(await mayHaveActed({ ...write, stepId: 'dingtalk.disable' }))) return nothingToRestore;
  const { users } = performed.clients.dingtalk;
  const result = await writeIfSame(write, userOf(performed), () => users.enableUser(userid));
  return result
    ? { status: 'succeeded', result }
    : needsAttention('the user was deleted by somebody else; it cannot be enabled again');
}

/** The user of the plan. */
const userOf = ({ run, clients }: Performed) => ({
  find: () => clients.dingtalk.identities.find(useridOf(run)),
  refusalOf: (found: DingtalkIdentity) =>
    refuseNewcomer(run, provider) ?? refusalOf(run.facts.accounts.dingtalk, found),
});

const writeOf = (performed: Performed, expects: object) => ({
  run: performed.run,
  stepId: performed.stepId,
  subject: subjectOf({ userid: useridOf(performed.run) }),
  expects,
  removesAccess: true,
  msLeft: performed.deadline.msLeft,
});

/** A user must be as the plan saw it. No read shows whether an account is disabled. */
function refusalOf(before: DingtalkIdentity | null | undefined, now: DingtalkIdentity): OperationError | undefined {
  const different = (['unionid', 'admin', 'boss'] as const).filter((name) => before?.[name] !== now[name]);
  return different.length > 0 ? differs(different.map((name) => `the ${name}`)) : undefined;
}
