import { clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { changedMeanwhile, planDrifted, statusForbids } from './refusals.ts';
import type { Run } from './run.ts';
import { changeRun } from './run-store.ts';
import { runSettings } from './settings.ts';

/**
 * Approves exactly the plan that the digest names. It lets that plan past the fence's numbers at the next apply, and
 * past nothing else.
 * @throws OperationError `plan_drifted` for any other digest, `conflict`
 */
export async function approveRun(run: Run, digest: string, caller: string): Promise<Run> {
  if (run.status !== 'planned' && run.status !== 'held') throw statusForbids(run, 'approve it');
  if (clock.now() > run.expiresAt) throw planDrifted(run, 'expired');
  if (digest !== run.digest) throw planDrifted(run, 'otherDigest');
  if (runSettings().approval === 'four-eyes' && caller === run.requester) throw ownPlan(run);
  const approved = await changeRun(run, {
    set: { status: 'planned', approval: { by: caller, at: clock.now(), digest } },
    when: { statuses: ['planned', 'held'], digest },
  });
  if (!approved) throw await changedMeanwhile(run, 'approve it');
  return approved;
}

const ownPlan = ({ status }: Run): OperationError =>
  new OperationError('conflict', 'who asked for a plan cannot approve it: the setting `approval` is four-eyes', {
    members: { runStatus: status },
    fix: 'Let somebody else approve it.',
  });
