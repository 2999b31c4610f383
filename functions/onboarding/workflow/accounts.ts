import { subjectOf as dingtalkSubject } from '../../dingtalk/client/user.ts';
import { OperationError } from '../../shared/errors.ts';
import { PartlyDone, type StepEnd } from '../../shared/runs/perform-step.ts';
import type { StepResult } from '../../shared/runs/run.ts';
import { findEarlier, orAlready, provablyDid, writeOnce } from '../../shared/runs/run-write.ts';
import { subjectOf as wecomSubject } from '../../wecom/client/member.ts';
import type { Perform, Performed } from './performing.ts';

/** What to do for each step. */
export const onboardingSteps: Record<string, Perform> = {
  'wecom.create': createWecom,
  'dingtalk.create': createDingtalk,
  'wibiclick.create': connectWibiclick,
  'wecom.undo': undoWecom,
  'dingtalk.undo': undoDingtalk,
  'wibiclick.undo': undoWibiclick,
};

async function createWecom(performed: Performed): Promise<StepEnd> {
  const { wecom: member } = accountsOf(performed);
  const { wecom } = performed.clients;
  if (!member) return erased;
  const write = wecomWrite(performed, member, 'created');
  const expects = await wecom.expectMember(member);
  const result = await writeOnce({ ...write, expects }, () => wecom.createUser(member));
  return { status: 'succeeded', result, made: await wecom.printOf(member.userid).catch(unreadable) };
}

async function createDingtalk(performed: Performed): Promise<StepEnd> {
  const { dingtalk: user } = accountsOf(performed);
  const { dingtalk } = performed.clients;
  if (!user) return erased;
  const write = dingtalkWrite(performed, user, 'created');
  const expects = await dingtalk.expectUser(user);
  const result = await writeOnce({ ...write, expects }, () => dingtalk.createUser(user));
  return { status: 'succeeded', result, made: await dingtalk.printOf(user.userid).catch(unreadable) };
}

async function connectWibiclick(performed: Performed): Promise<StepEnd> {
  const { wibiclick: account } = accountsOf(performed);
  const { wibiclick } = performed.clients;
  if (!account) return erased;
  const websites = await forEachWebsite(account, async (websiteId) => {
    const write = wibiclickWrite(performed, { userId: account.userId, websiteId }, 'connected');
    const { id } = await wibiclick.website(websiteId);
    return writeOnce(write, () => wibiclick.connect({ userId: account.userId, websiteId: id }));
  });
  return { status: 'succeeded', result: { outcome: 'connected', websites } };
}

async function undoWecom(performed: Performed): Promise<StepEnd> {
  const { wecom: member } = accountsOf(performed);
  const { wecom } = performed.clients;
  if (!member) return erased;
  if (!(await provablyDid({ ...wecomWrite(performed, member, 'created'), stepId: 'wecom.create' }))) return notOurs;
  const write = { ...wecomWrite(performed, member, 'deleted'), expects: { userid: member.userid, exists: false } };
  const earlier = await findEarlier(write);
  if (earlier) return { status: 'succeeded', result: earlier };
  const now = await wecom.printOf(member.userid);
  if (now === undefined) return alreadyAbsent;
  if (now !== madeBy(performed, 'wecom.create')) return changedSince;
  const result = await orAlready('already_absent', () =>
    writeOnce({ ...write, removesAccess: true }, async () => {
      const removed = await wecom.deleteUser(member.userid);
      if (removed.outcome === 'already_absent') throw removed.refusal;
      return removed;
    }),
  );
  return { status: 'succeeded', result };
}

async function undoDingtalk(performed: Performed): Promise<StepEnd> {
  const { dingtalk: user } = accountsOf(performed);
  const { dingtalk } = performed.clients;
  if (!user) return erased;
  const created = { ...dingtalkWrite(performed, user, 'created'), stepId: 'dingtalk.create' };
  if (await provablyDid({ ...created, outcome: 'pending_consent' })) return invited;
  if (!(await provablyDid(created))) return notOurs;
  const write = { ...dingtalkWrite(performed, user, 'deleted'), expects: { userid: user.userid, exists: false } };
  const earlier = await findEarlier(write);
  if (earlier) return { status: 'succeeded', result: earlier };
  const now = await dingtalk.printOf(user.userid);
  if (now === undefined) return alreadyAbsent;
  if (now !== madeBy(performed, 'dingtalk.create')) return changedSince;
  const result = await orAlready('already_absent', () =>
    writeOnce({ ...write, removesAccess: true }, async () => {
      const removed = await dingtalk.deleteUser(user.userid);
      if (removed.outcome === 'already_gone') throw removed.refusal;
      return removed;
    }),
  );
  return { status: 'succeeded', result };
}

async function undoWibiclick(performed: Performed): Promise<StepEnd> {
  const { wibiclick: account } = accountsOf(performed);
  const { wibiclick } = performed.clients;
  if (!account) return erased;
  const websites = await forEachWebsite(account, async (websiteId) => {
    const link = { userId: account.userId, websiteId };
    const connected = { ...wibiclickWrite(performed, link, 'connected'), stepId: 'wibiclick.create' };
    if (!(await provablyDid(connected))) return undefined;
    const write = { ...wibiclickWrite(performed, link, 'disconnected'), removesAccess: true };
    return orAlready('already_disconnected', () =>
      writeOnce(write, async () => {
        const removed = await wibiclick.disconnect(link);
        if (removed.outcome === 'already_disconnected') throw removed.refusal;
        return removed;
      }),
    );
  });
  if (Object.keys(websites).length === 0) return notOurs;
  return { status: 'succeeded', result: { outcome: 'disconnected', websites } };
}

/**
 * Does the same for each website; one that is refused keeps none of the others.
 * @throws PartlyDone with a refusal, and before all others one that may pass
 */
async function forEachWebsite(
  { websites }: { websites: string[] },
  act: (websiteId: string) => Promise<StepResult | undefined>,
): Promise<Record<string, StepResult>> {
  const results: Record<string, StepResult> = {};
  const refusals: OperationError[] = [];
  for (const websiteId of websites) {
    const result = await act(websiteId).catch((error: unknown) => {
      if (error instanceof OperationError) return error;
      throw error;
    });
    if (result instanceof OperationError) refusals.push(result);
    else if (result) results[websiteId] = result;
  }
  const refusal = refusals.find(({ retryable }) => retryable) ?? refusals[0];
  if (refusal) throw new PartlyDone(refusal, { websites: results });
  return results;
}

/** The account as it was right after this run made it; undefined when it could not be read then. */
const madeBy = ({ run }: Performed, stepId: string): string | undefined => run.steps[stepId]?.made;

/** The account is made all the same; without a print it is never taken back. */
function unreadable(error: unknown): undefined {
  if (!(error instanceof OperationError)) throw error;
}

const accountsOf = ({ run }: Performed) => run.request?.accounts ?? {};

const baseOf = ({ run, stepId, msLeft }: Performed, outcome: string) => ({
  run,
  stepId,
  outcome,
  expects: {},
  removesAccess: false,
  msLeft: msLeft(),
});

const wecomWrite = (performed: Performed, account: { userid: string }, outcome: string) => ({
  ...baseOf(performed, outcome),
  subject: wecomSubject(account),
});

const dingtalkWrite = (performed: Performed, account: { userid: string }, outcome: string) => ({
  ...baseOf(performed, outcome),
  subject: dingtalkSubject(account),
});

const wibiclickWrite = (performed: Performed, link: { userId: string; websiteId: string }, outcome: string) => ({
  ...baseOf(performed, outcome),
  part: link.websiteId,
  subject: `wibiclick:${link.userId}`,
  expects: { ...link, connected: outcome === 'connected' },
});

const notOurs: StepEnd = {
  status: 'skipped',
  reason: 'this run did not provably make it, so it stays as it is; look whether it is wanted',
};
const invited: StepEnd = {
  status: 'unsupported',
  reason: 'DingTalk has invited the person, and has no call that takes an invitation back',
};
const changedSince: StepEnd = {
  status: 'needs_attention',
  reason: 'the account was changed since this run made it, so it was not removed; look whether it is wanted',
};
const alreadyAbsent: StepEnd = { status: 'succeeded', result: { outcome: 'already_absent', verified: true } };
const erased: StepEnd = { status: 'needs_attention', reason: 'what was asked is erased already' };
