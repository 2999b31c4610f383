import { clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { iso, type Run, toRunAnswer } from './run.ts';
import { loadRun } from './run-store.ts';

export const statusForbids = (run: Run, what: string): OperationError => {
  const { status } = toRunAnswer(run, clock.now());
  const began = run.removingAt === undefined ? '' : `, has begun to remove at ${iso(run.removingAt)}`;
  return new OperationError('conflict', `the ${run.kind} ${run.id} is ${status}${began}, which forbids to ${what}`, {
    members: { runStatus: status },
    fix: `See GET /${run.kind}s/${run.id}.`,
  });
};

/** Somebody else changed the run first: the refusal tells what it is now. */
export const changedMeanwhile = async (run: Run, what: string): Promise<OperationError> =>
  statusForbids(await loadRun(run.id, run.kind), `${what}: somebody else changed it meanwhile`);

const driftReasons = {
  changed: 'what the plan stands on has changed, so a fresh plan is in its place',
  replaced: 'the plan had expired, so a fresh plan is in its place',
  expired: 'the plan has expired; POST …/apply reads everything again and puts a fresh plan in its place',
  otherDigest: 'this is not the digest of the plan, which is shown as it was read for it',
};

/** The refusal of a digest that does not stand for the plan as it is now, which is shown. */
export function planDrifted(current: Run, reason: keyof typeof driftReasons): OperationError {
  const { id, digest, expiresAt, plan } = toRunAnswer(current, clock.now());
  return new OperationError('plan_drifted', driftReasons[reason], {
    members: { id, digest, expiresAt, plan },
    fix: 'Read the plan, and name its own digest if it is what you want.',
  });
}
