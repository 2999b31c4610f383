import { subjectOf as dingtalkSubject } from '../../dingtalk/client/user.ts';
import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { forEachWebsite } from '../../shared/runs/each-website.ts';
import { alreadyAbsent, type StepEnd } from '../../shared/runs/perform-step.ts';
import { changeRun } from '../../shared/runs/run-store.ts';
import { provablyDid, type RunWrite, writeIfSame, writeOnce, writeUnlessSo } from '../../shared/runs/run-write.ts';
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
  return create(
    performed,
    { ...write, expects },
    () => wecom.createUser(member),
    () => wecom.printOf(member.userid),
  );
}

async function createDingtalk(performed: Performed): Promise<StepEnd> {
  const { dingtalk: user } = accountsOf(performed);
  const { dingtalk } = performed.clients;
  if (!user) return erased;
  const write = dingtalkWrite(performed, user, 'created');
  const expects = await dingtalk.expectUser(user);
  return create(
    performed,
    { ...write, expects },
    () => dingtalk.createUser(user),
    () => dingtalk.printOf(user.userid),
  );
}

/**
 * Makes an account. How it is then is noted before the ledger says that it is ours: whoever looks at it later, after a
 * crash too, sees whether somebody has changed it since.
 */
async function create(
  performed: Performed,
  write: RunWrite,
  send: Parameters<typeof writeOnce>[1],
  print: () => Promise<string | undefined>,
): Promise<StepEnd> {
  let made: string | undefined;
  const result = await writeOnce(write, async () => {
    const answer = await send();
    made = await print().catch(unreadable);
    if (made !== undefined) await noteMade(performed, made).catch(unreadable);
    return answer;
  });
  return { status: 'succeeded', result, made };
}

async function noteMade({ run, stepId }: Performed, made: string): Promise<void> {
  const step = run.steps[stepId];
  if (!step) throw new Error(`there is no step ${stepId}`);
  const running = { ...step, status: 'running' as const, startedAt: step.startedAt ?? clock.now(), made };
  await changeRun(run, { steps: { [stepId]: running }, when: { generation: run.generation } });
}

async function connectWibiclick(performed: Performed): Promise<StepEnd> {
  const { wibiclick: account } = accountsOf(performed);
  const { wibiclick } = performed.clients;
  if (!account) return erased;
  const websites = await forEachWebsite(account.websites, async (websiteId) => {
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
  const write = { ...wecomWrite(performed, member, 'deleted'), expects: { userid: member.userid, exists: false } };
  const find = () => wecom.printOf(member.userid);
  return undo(performed, { createdBy: 'wecom.create', write, find }, () => wecom.deleteUser(member.userid));
}

async function undoDingtalk(performed: Performed): Promise<StepEnd> {
  const { dingtalk: user } = accountsOf(performed);
  const { dingtalk } = performed.clients;
  if (!user) return erased;
  const write = { ...dingtalkWrite(performed, user, 'deleted'), expects: { userid: user.userid, exists: false } };
  if (await provablyDid({ ...write, stepId: 'dingtalk.create', outcome: 'pending_consent' })) return invited;
  const find = () => dingtalk.printOf(user.userid);
  return undo(performed, { createdBy: 'dingtalk.create', write, find }, () => dingtalk.deleteUser(user.userid));
}

interface Undo {
  /** The step that made the account. */
  createdBy: string;
  write: RunWrite;
  /** The print of the account as it is now. */
  find(): Promise<string | undefined>;
}

/** Deletes an account that this run made, and nobody has changed since. */
async function undo(
  performed: Performed,
  { createdBy, write, find }: Undo,
  send: Parameters<typeof writeIfSame>[2],
): Promise<StepEnd> {
  if (!(await provablyDid({ ...write, stepId: createdBy, outcome: 'created' }))) return notOurs;
  const made = madeBy(performed, createdBy);
  const account = { find, refusalOf: (now: string) => (now === made ? undefined : changedSince(made)) };
  const result = await writeIfSame({ ...write, removesAccess: true }, account, send);
  return { status: 'succeeded', result: result ?? alreadyAbsent };
}

async function undoWibiclick(performed: Performed): Promise<StepEnd> {
  const { wibiclick: account } = accountsOf(performed);
  const { wibiclick } = performed.clients;
  if (!account) return erased;
  const websites = await forEachWebsite(account.websites, async (websiteId) => {
    const link = { userId: account.userId, websiteId };
    const connected = { ...wibiclickWrite(performed, link, 'connected'), stepId: 'wibiclick.create' };
    if (!(await provablyDid(connected))) return undefined;
    const write = { ...wibiclickWrite(performed, link, 'disconnected'), removesAccess: true };
    const result = await writeUnlessSo(write, () => wibiclick.disconnect(link));
    return result ?? { outcome: 'already_disconnected' };
  });
  if (Object.keys(websites).length === 0) return notOurs;
  return { status: 'succeeded', result: { outcome: 'disconnected', websites } };
}

/** The account as it was right after this run made it; undefined when it could not be read then. */
const madeBy = ({ run }: Performed, stepId: string): string | undefined => run.steps[stepId]?.made;

/** The account is made all the same; without a print it is never taken back. */
function unreadable(error: unknown): undefined {
  if (!(error instanceof OperationError)) throw error;
}

const accountsOf = ({ run }: Performed) => run.request?.accounts ?? {};

const baseOf = ({ run, stepId, deadline }: Performed, outcome: string) => ({
  run,
  stepId,
  outcome,
  expects: {},
  removesAccess: false,
  msLeft: deadline.msLeft,
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
const changedSince = (made: string | undefined): OperationError =>
  new OperationError(
    'conflict',
    made === undefined
      ? 'nobody can tell whether the account was changed since this run made it, so it was not removed'
      : 'the account was changed since this run made it, so it was not removed',
    { fix: 'Look whether it is wanted.' },
  );
const erased: StepEnd = { status: 'needs_attention', reason: 'what was asked is erased already' };
