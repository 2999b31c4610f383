import { Deadline } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { refuseProtected } from '../fence.ts';
import { type Expectation, entriesByKey, findByKey, requireSettled } from '../ledger.ts';
import { recordedWrite } from '../recorded-write.ts';
import type { AlreadySo, Verification } from '../settle.ts';
import { withoutEffect } from '../transport.ts';
import { isApproved, type Run, type StepResult } from './run.ts';

/** One write of a run's step. */
export interface RunWrite {
  run: Pick<Run, 'id' | 'kind' | 'requester' | 'appliedBy' | 'retriedBy' | 'cancelledBy' | 'approval' | 'digest'>;
  stepId: string;
  /** Tells the writes of one step apart. */
  part?: string;
  /** `<provider>:<id>`, lower case where the provider ignores case. */
  subject: string;
  /** The `outcome` of a success. */
  outcome: string;
  /** What the provider's client can check after a crash; ids, flags and keyed prints only. */
  expects: Expectation;
  removesAccess: boolean;
  /** Gives access back, and is let through whatever is halted. */
  evenHalted?: boolean;
  msLeft: number;
}

type Output = Verification & { outcome: string; warnings: string[] };
type Send = () => Promise<Output>;
/** Where the provider may say that there is nothing to do. */
type Attempt = () => Promise<Output | AlreadySo<string>>;

/**
 * Sends a write once for its step: one that an earlier attempt made, as far as the ledger knows, is not made again.
 * @returns what the step's result tells of it
 * @throws OperationError `locked` while nobody knows yet what became of an earlier attempt, `protected` with nothing sent,
 * or whatever `send` throws
 */
export async function writeOnce(write: RunWrite, send: Send): Promise<StepResult> {
  const { run, stepId, subject, outcome, expects, msLeft, removesAccess, evenHalted } = write;
  const earlier = await findEarlier(write);
  if (earlier) return earlier;
  const [provider = '', id = ''] = subject.split(/:(.*)/s);
  if (removesAccess) refuseProtected(provider, id);
  const intent = {
    subject,
    requestId: run.id,
    runId: run.id,
    caller: run.cancelledBy ?? run.retriedBy ?? run.appliedBy ?? run.requester,
    operation: `${run.kind} ${stepId}`,
    outcome,
    expects,
    key: keyOf(write),
  };
  const passage = { removesAccess, ...(evenHalted && { evenHalted }), ...(isApproved(run) && { approved: true }) };
  return toResult(await recordedWrite({ provider, intent, ...passage }, new Deadline(msLeft), send));
}

/**
 * Writes once, unless there is nothing to do. That is a refusal inside of the write, so that the ledger holds no effect
 * that was none.
 * @returns undefined when there was nothing to do
 */
export async function writeUnlessSo(write: RunWrite, attempt: Attempt): Promise<StepResult | undefined> {
  let isSo = false;
  try {
    return await writeOnce(write, async () => {
      const answer = await attempt();
      if (!('refusal' in answer)) return answer;
      isSo = true;
      throw answer.refusal;
    });
  } catch (error) {
    if (isSo) return undefined;
    throw error;
  }
}

interface Account<Found> {
  find(): Promise<Found | undefined>;
  /** Why nothing may be sent to what was found. */
  refusalOf(found: Found): OperationError | undefined;
}

/**
 * Writes once, if the account is still there and still the one that is meant. It is read under the lock of the write, so
 * that no other write of ours comes in between.
 * @returns undefined when there is no such account
 * @throws OperationError the refusal with nothing sent, or whatever `writeOnce` throws
 */
export const writeIfSame = <Found>(
  write: RunWrite,
  { find, refusalOf }: Account<Found>,
  attempt: Attempt,
): Promise<StepResult | undefined> =>
  writeUnlessSo(write, async () => {
    const found = await find().catch((error: unknown) => Promise.reject(withoutEffect(error)));
    if (found === undefined) {
      return {
        outcome: 'already_absent',
        refusal: new OperationError('not_found', 'there is no such account any more'),
      };
    }
    const refusal = refusalOf(found);
    if (refusal) throw refusal;
    return attempt();
  });

/**
 * What an earlier attempt at this write achieved, as the ledger tells it; undefined when it achieved nothing so far.
 * @throws OperationError `locked` while nobody knows yet
 */
export async function findEarlier(write: Written & Pick<RunWrite, 'outcome'>): Promise<StepResult | undefined> {
  const entry = await settledEntry(write);
  if (entry?.state !== 'succeeded') return undefined;
  const { outcome, verified } = entry.answered ?? { outcome: write.outcome, verified: true };
  return { outcome, verified: verified || ('unverified' as const), ledgerId: entry.id };
}

/**
 * Whether an earlier attempt at this write acted on the account, or may have.
 * @throws OperationError `locked` while nobody knows yet
 */
export async function mayHaveActed(write: Written): Promise<boolean> {
  await requireSettled(write.subject, write.run.id);
  // Of all attempts: a later one may have been refused because of what an earlier one did.
  for await (const { state } of entriesByKey(write.subject, keyOf(write))) {
    if (state === 'succeeded' || state === 'unknown') return true;
  }
  return false;
}

/** Whether this run did it beyond doubt: the provider itself answered so. What was only read afterwards may be another's doing. */
export async function provablyDid(write: Written & Pick<RunWrite, 'outcome'>): Promise<boolean> {
  const entry = await settledEntry(write);
  return entry?.state === 'succeeded' && entry.answered?.confirmed === true && entry.answered.outcome === write.outcome;
}

async function settledEntry(write: Written): ReturnType<typeof findByKey> {
  // In this order: a write that is settled in between is in the ledger before its lock is gone.
  await requireSettled(write.subject, write.run.id);
  return findByKey(write.subject, keyOf(write));
}

/** What names a write in the ledger. */
type Written = Pick<RunWrite, 'run' | 'stepId' | 'part' | 'subject'>;

const keyOf = ({ run, stepId, part }: Written): string => [`run#${run.id}`, stepId, ...(part ? [part] : [])].join('/');

const toResult = ({ outcome, warnings, ...verification }: Output): StepResult => ({
  outcome,
  verified: verification.verified,
  ...(verification.verified === 'unverified' && { reason: verification.reason }),
  ...(warnings.length > 0 && { warnings }),
});
