import { clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { type Run, toRunAnswer } from './run.ts';
import { loadRun } from './run-store.ts';

export const statusForbids = (run: Run, what: string): OperationError => {
  const { status } = toRunAnswer(run, clock.now());
  return new OperationError('conflict', `the ${run.kind} ${run.id} is ${status}, which forbids to ${what}`, {
    members: { runStatus: status },
    fix: `See GET /${run.kind}s/${run.id}.`,
  });
};

/** Somebody else changed the run first: the refusal tells what it is now. */
export const changedMeanwhile = async (run: Run, what: string): Promise<OperationError> =>
  statusForbids(await loadRun(run.id, run.kind), `${what}: somebody else changed it meanwhile`);

/** The refusal of a digest that does not stand for the plan as it is now, which is shown. */
export function planDrifted(current: Run): OperationError {
  const { id, digest, expiresAt, plan } = toRunAnswer(current, clock.now());
  return new OperationError('plan_drifted', 'this is not the plan any more: what it stands on changed, or it expired', {
    members: { id, digest, expiresAt, plan },
    fix: 'Read the fresh plan, and name its own digest if it is what you want.',
  });
}
