import { giveBack, requireAllowedPerRun, reserve } from '../../shared/budget.ts';
import { nothingTaken, type Taken } from '../../shared/runs/apply-run.ts';
import type { Draft } from '../../shared/runs/plan-run.ts';

/**
 * Counts all removals of a job before its first one, so that of two jobs at once only those begin that fit.
 * @throws OperationError `fence_tripped` with the numbers
 */
export async function reserveAll({ removals, directory = 0 }: Draft, approved: boolean): Promise<Taken> {
  const [[provider, count] = []] = Object.entries(removals);
  if (provider === undefined || count === undefined) return nothingTaken;
  if (!approved) requireAllowedPerRun(provider, count, directory);
  const reserved = await reserve(provider, { count, ...(approved && { approved }) });
  return { set: { reserved }, giveBack: () => giveBack(provider, reserved) };
}
