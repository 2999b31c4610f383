import { OperationError } from '../../shared/errors.ts';
import { protection } from '../../shared/fence.ts';
import { alreadyAbsent, type StepEnd } from '../../shared/runs/perform-step.ts';
import type { Step, Steps } from '../../shared/runs/run.ts';
import { mayHaveActed, writeIfSame } from '../../shared/runs/run-write.ts';
import { disabledStatus, type WecomIdentity } from '../../wecom/client/identity.ts';
import { subjectOf } from '../../wecom/client/member.ts';
import { noteAssets } from '../handover/assets.ts';
import { type Handover, handOver } from '../handover/hand-over.ts';
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

const provider = 'wecom';

/** Reads the account for the plan. */
export async function planWecom(
  { accounts, handover }: OffboardingRequest,
  { identities }: OffboardingClients['wecom'],
  graceDays: number,
): Promise<AccountPlan & { state: WecomIdentity | null }> {
  const { userid = '' } = accounts.wecom ?? {};
  const [state, canHandOver] = await Promise.all([identities.find(userid), identities.has('customerContactSecret')]);
  const taker = handover?.wecom?.takeoverUserid;
  const wasDisabled = state?.status === disabledStatus;
  return {
    state: state ?? null,
    steps: stepsOf(userid, { taker, canHandOver, wasDisabled, graceDays }),
    warnings: [
      'mailbox_deleted: Deleting the WeCom member deletes the corporate mailbox too. Save what is needed of it before.',
      ...(state && !state.name
        ? [
            `weak_identity_check: Without an app that sees ${userid}, only the departments tell whether it is still the same member before it is disabled and removed.`,
          ]
        : []),
      ...handoverWarnings(userid, taker, canHandOver),
      ...departmentHead('WeCom', userid, state?.leads),
    ],
    refusals: [
      ...(state ? [] : [unknownAccount('accounts.wecom.userid', userid, provider)]),
      ...protection(provider, userid),
    ],
    removals: wasDisabled ? 1 : 2,
  };
}

/**
 * What else a person should know before. It is no part of the plan: what there is to hand over changes daily, and whom
 * the member leads is for people to settle.
 */
export async function adviseWecom(
  { accounts }: OffboardingRequest,
  { identities, customers, reports }: OffboardingClients['wecom'],
): Promise<string[]> {
  const { userid } = accounts.wecom ?? {};
  if (userid === undefined) return [];
  const [hasCustomers, hasApp] = await Promise.all([
    identities.has('customerContactSecret'),
    identities.has('appSecret'),
  ]);
  const advice = await Promise.all([
    hasCustomers ? estate(customers, userid) : [],
    leadership(reports, userid, hasApp),
  ]);
  return advice.flat();
}

interface StepOptions {
  taker: string | undefined;
  canHandOver: boolean;
  wasDisabled: boolean;
  graceDays: number;
}

function stepsOf(userid: string, { taker, canHandOver, wasDisabled, graceDays }: StepOptions): Steps {
  const hasSnapshot = taker !== undefined && canHandOver;
  const later = graceDays === 0 ? 'at once' : `${graceDays} days after`;
  return {
    ...(hasSnapshot && {
      'wecom.snapshot': planned(provider, 'snapshot', {
        what: `Note the customers and customer groups of ${userid}, by their ids`,
        undo: changesNothing,
      }),
    }),
    'wecom.disable': planned(provider, 'disable', {
      what: `Disable the WeCom member ${userid}`,
      undo: 'Cancel the run before the removal: the member is enabled again.',
      ...(hasSnapshot && { follows: ['wecom.snapshot'] }),
      ...(wasDisabled && { status: 'skipped', reason: 'is disabled already; a cancelled run leaves it so' }),
    }),
    'wecom.remove': planned(provider, 'remove', {
      what: `Delete the WeCom member ${userid} and the corporate mailbox, ${later} it is disabled`,
      undo: cannotBeUndone,
      after: [...(hasSnapshot ? ['wecom.snapshot'] : []), 'wecom.disable'],
    }),
    ...(taker !== undefined && {
      'wecom.handover': planned(provider, 'handover', {
        what: `Hand the customers and customer groups of ${userid} over to ${taker}`,
        undo: `${cannotBeUndone} WeCom moves them for good.`,
        after: ['wecom.remove'],
        ...(!canHandOver && {
          undo: changesNothing,
          status: 'unsupported',
          reason: 'the secret of wecom has no customerContactSecret; hand them over in the console within a year',
        }),
      }),
    }),
    'wecom.verify': planned(provider, 'verify', {
      what: `Read that the WeCom member ${userid} is gone`,
      undo: changesNothing,
      after: ['wecom.remove'],
      ...(taker !== undefined && { waitsFor: ['wecom.handover'] }),
    }),
  };
}

const handoverWarnings = (userid: string, taker: string | undefined, canHandOver: boolean): string[] =>
  taker === undefined
    ? []
    : [
        'handover_limited: WeCom hands customers and groups over only within one year after the member left, only to a taker who is activated, verified and was online within the last year, and only with a second credential, customerContactSecret.',
        ...(canHandOver
          ? []
          : [
              `handover_unsupported: The secret of wecom has no customerContactSecret, so what ${userid} holds must be handed over in the console.`,
            ]),
      ];

async function estate(customers: OffboardingClients['wecom']['customers'], userid: string): Promise<string[]> {
  try {
    const [held, groups] = await Promise.all([customers.customersOf(userid), customers.groupsOf(userid)]);
    if (held.length + groups.length === 0) return [];
    return [`customers: ${userid} has ${held.length} customers and owns ${groups.length} customer groups.`];
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return [`customers_unknown: What ${userid} holds cannot be read (${error.code}: ${error.message}).`];
  }
}

async function leadership(
  reports: OffboardingClients['wecom']['reports'],
  userid: string,
  canRead: boolean,
): Promise<string[]> {
  if (!canRead) return [`leadership_unknown: Without appSecret nobody can tell whom ${userid} leads in WeCom.`];
  const { userids, complete } = await reports.directReportsOf(userid);
  return [
    ...(userids.length > 0
      ? [`direct_leader: ${userid} is the direct_leader of ${userids.join(', ')} in WeCom. Name another leader.`]
      : []),
    ...(complete
      ? []
      : [
          `leadership_unknown: Not every WeCom department could be read, so there may be more members whose direct_leader is ${userid}.`,
        ]),
  ];
}

/** What to do for each step. */
export const wecomSteps: Record<string, Perform> = {
  'wecom.snapshot': snapshot,
  'wecom.disable': disable,
  'wecom.remove': remove,
  'wecom.handover': (performed) => handOver(performed, handoverOf(performed)),
  'wecom.verify': verify,
  'wecom.restore': restore,
};

export const wecomRestore = (run: Performed['run']): Step =>
  planned(provider, 'restore', { what: `Enable the WeCom member ${useridOf(run)} again`, undo: 'Disable the member.' });

function handoverOf({ run }: Performed): Handover {
  const { takeoverUserid = '', fallbackUserid } = run.request?.handover?.wecom ?? {};
  return { leaver: useridOf(run), taker: takeoverUserid, fallback: fallbackUserid };
}

const useridOf = (run: Performed['run']): string => run.facts.accounts.wecom?.userid ?? '';

async function snapshot({ run, clients }: Performed): Promise<StepEnd> {
  const userid = useridOf(run);
  const { customers } = clients.wecom;
  const { takeoverUserid = '' } = run.request?.handover?.wecom ?? {};
  const [held, groups] = await Promise.all([customers.customersOf(userid), customers.groupsOf(userid)]).catch(
    (error: unknown) => leftBehind(customers, userid, error),
  );
  await noteAssets(run.id, 'customers', held, takeoverUserid);
  await noteAssets(
    run.id,
    'groups',
    groups.map(({ chat_id }) => chat_id),
    takeoverUserid,
  );
  return { status: 'succeeded', result: { customers: held.length, groups: groups.length } };
}

/** Somebody else deleted the member before: WeCom lists what waits for somebody (page section 8). */
async function leftBehind(customers: OffboardingClients['wecom']['customers'], userid: string, error: unknown) {
  if (!(error instanceof OperationError) || error.code !== 'not_found') throw error;
  return Promise.all([customers.unassignedOf(userid), customers.groupsOf(userid)]);
}

async function disable(performed: Performed): Promise<StepEnd> {
  const { members } = performed.clients.wecom;
  const changes = { userid: useridOf(performed.run), enable: 0 as const };
  const write = { ...writeOf(performed), outcome: 'disabled', expects: await members.expectChanges(changes) };
  const { status } = performed.run.facts.accounts.wecom ?? {};
  const result = await writeIfSame(write, memberOf(performed, status), () => members.updateUser(changes));
  return { status: 'succeeded', result: result ?? alreadyAbsent };
}

async function remove(performed: Performed): Promise<StepEnd> {
  const { run, clients } = performed;
  const userid = useridOf(run);
  const write = { ...writeOf(performed), outcome: 'deleted', expects: { userid, exists: false } };
  const status = run.facts.accounts.wecom?.status === undefined ? undefined : disabledStatus;
  const result = await writeIfSame(write, memberOf(performed, status), async () => {
    await requireTaker(performed);
    return clients.wecom.members.deleteUser(userid);
  });
  return { status: 'succeeded', result: result ?? alreadyAbsent };
}

/** @throws OperationError when WeCom knows nobody any more who could take over */
async function requireTaker({ run, clients }: Performed): Promise<void> {
  const takers = takersOf({ wecom: run.request?.handover?.wecom }).map(({ userid }) => userid);
  const found = await Promise.all(takers.map((userid) => clients.wecom.identities.find(userid)));
  if (takers.length === 0 || found.some((taker) => taker !== undefined)) return;
  const message = `${takers.join(' and ')} cannot take over any more: there is no such member; nobody was deleted`;
  throw new OperationError('provider_rejected', message, { fix: 'Plan it anew, with another taker.' });
}

/** By the id list of the whole corp, which alone proves absence. */
async function verify({ run, clients }: Performed): Promise<StepEnd> {
  const isGone = await clients.wecom.members.holds({ userid: useridOf(run), exists: false });
  return isGone
    ? { status: 'succeeded', result: { outcome: 'absent', verified: true } }
    : needsAttention('the member is in the directory again, or still');
}

async function restore(performed: Performed): Promise<StepEnd> {
  const { members } = performed.clients.wecom;
  const changes = { userid: useridOf(performed.run), enable: 1 as const };
  const expects = await members.expectChanges(changes);
  const write = { ...writeOf(performed), outcome: 'enabled', expects, removesAccess: false, evenHalted: true };
  if (!(await mayHaveActed({ ...write, stepId: 'wecom.disable' }))) return nothingToRestore;
  const result = await writeIfSame(write, memberOf(performed), () => members.updateUser(changes));
  return result
    ? { status: 'succeeded', result }
    : needsAttention('the member was deleted by somebody else; it cannot be enabled again');
}

/** The member of the plan. @param status the one it must have now, if that is known */
const memberOf = ({ run, clients }: Performed, status?: number) => ({
  find: () => clients.wecom.identities.find(useridOf(run)),
  refusalOf: (found: WecomIdentity) =>
    refuseNewcomer(run, provider) ?? refusalOf(run.facts.accounts.wecom, found, status),
});

const writeOf = (performed: Performed) => ({
  run: performed.run,
  stepId: performed.stepId,
  subject: subjectOf({ userid: useridOf(performed.run) }),
  removesAccess: true,
  msLeft: performed.deadline.msLeft,
});

/** A member must be as the plan saw it, as far as the plan could read it. */
function refusalOf(
  before: WecomIdentity | null | undefined,
  now: WecomIdentity,
  status: number | undefined,
): OperationError | undefined {
  if (!before) return differs(['the account']);
  const different = [
    ...(hasOtherName(before, now) ? ['the name'] : []),
    ...(String(before.departments) !== String(now.departments) ? ['the departments'] : []),
    ...(status !== undefined && now.status !== status ? [`the status (${now.status ?? 'not readable'})`] : []),
  ];
  return different.length > 0 ? differs(different) : undefined;
}

/** A print is keyed by the secret, so after a rotation the name says nothing, and departments and status must do. */
const hasOtherName = (before: WecomIdentity, now: WecomIdentity): boolean =>
  before.name !== undefined && (now.name === undefined || (before.nameKey === now.nameKey && before.name !== now.name));
