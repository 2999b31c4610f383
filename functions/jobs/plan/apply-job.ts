import type { CleanupClients } from '../../cleanup/policies/clients.ts';
import { noLongerFound, notFoundNow } from '../../cleanup/policies/still-found.ts';
import { rosterProvider } from '../../cleanup/rosters/roster.ts';
import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { applyRun } from '../../shared/runs/apply-run.ts';
import { accountOf, inputsOf, renewableMs } from '../job/items.ts';
import { type JobRequest, loadJob } from '../job/job.ts';
import { loadOperation } from '../request/operations.ts';
import { readDirectory } from './directories.ts';
import { draftJob, rowsOf } from './plan.ts';
import { reserveAll } from './reserve.ts';

export interface WantedApply {
  id: string;
  /** Of the plan that is meant. */
  digest: string;
  caller: string;
}

/**
 * Starts a job, if rows and directory are still as its plan says.
 * @throws OperationError as `applyRun` does, or what keeps the directory from being read whole
 */
export async function applyJob({ id, digest, caller }: WantedApply, clients: CleanupClients): Promise<void> {
  const run = await loadJob(id);
  if (clock.now() > Math.max(run.expiresAt, run.createdAt + renewableMs)) throw tooOld();
  await applyRun({
    run,
    caller,
    digest,
    draft: async (request) => {
      const operation = await loadOperation(request.operation);
      const [inputs, directory] = await Promise.all([inputsOf(id), readDirectory(operation.provider, clients)]);
      const draft = draftJob(request, operation, rowsOf(operation, inputs, directory), directory);
      const refusals = await refusalsOf(request, operation.provider, inputs, clients);
      return { ...draft, refusals: [...draft.refusals, ...refusals] };
    },
    advise: async () => [],
    statusAfter: () => 'running',
    reserve: reserveAll,
  });
}

const tooOld = (): OperationError =>
  new OperationError('conflict', 'the plan is so old that its rows may not be kept until its end; nothing was sent', {
    fix: 'Plan the job anew.',
  });

/** What a cleanup has found is looked at again. */
async function refusalsOf(
  { foundBy }: JobRequest,
  provider: string,
  inputs: object[],
  clients: CleanupClients,
): Promise<OperationError[]> {
  if (!foundBy) return [];
  const ids = [...new Set(inputs.map(accountOf))];
  const others = await noLongerFound(foundBy, { provider: rosterProvider.parse(provider), ids, clients });
  return others.length > 0 ? [notFoundNow(foundBy, provider, others)] : [];
}
