import { Deadline } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { refuseProtected } from '../fence.ts';
import { type Expectation, findByKey, requireSettled } from '../ledger.ts';
import { recordedWrite } from '../recorded-write.ts';
import type { Verification } from '../settle.ts';
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

/**
 * Sends a write once for its step: one that an earlier attempt made, as far as the ledger knows, is not made again.
 * @returns what the step's result tells of it
 * @throws OperationError `locked` while nobody knows yet what became of an earlier attempt, `protected` with nothing sent,
 * or whatever `send` throws
 */
export async function writeOnce(write: RunWrite, send: () => Promise<Output>): Promise<StepResult> {
  const { run, stepId, subject, expects, msLeft, removesAccess, evenHalted } = write;
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
    expects,
    key: keyOf(write),
  };
  const passage = { removesAccess, ...(evenHalted && { evenHalted }), ...(isApproved(run) && { approved: true }) };
  return toResult(await recordedWrite({ provider, intent, ...passage }, new Deadline(msLeft), send));
}

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
  const entry = await settledEntry(write);
  return entry?.state === 'succeeded' || entry?.state === 'unknown';
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

/** That there is nothing to do is a refusal inside of a write, so that the ledger holds no effect that was none. */
export async function orAlready<T>(outcome: string, write: () => Promise<T>): Promise<T | { outcome: string }> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof OperationError && error.code === 'not_found' && error.outcome === 'not_applied') {
      return { outcome };
    }
    throw error;
  }
}
