import type { RunStatus } from '../../shared/runs/run.ts';
import type { OffboardingRun } from '../accounts/account.ts';

/** What an offboarding is that had ended and goes on. */
export const resumedStatus = ({
  cancelledAt,
  removingAt,
}: Pick<OffboardingRun, 'cancelledAt' | 'removingAt'>): RunStatus => {
  if (cancelledAt !== undefined) return 'cancelling';
  return removingAt === undefined ? 'disabling' : 'removing';
};
