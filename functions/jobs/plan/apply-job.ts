import { applyRun } from '../../shared/runs/apply-run.ts';
import { inputsOf } from '../job/items.ts';
import { loadJob } from '../job/job.ts';
import { loadOperation } from '../request/operations.ts';
import { type DirectoryClients, readDirectory } from './directories.ts';
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
export async function applyJob({ id, digest, caller }: WantedApply, clients: DirectoryClients): Promise<void> {
  await applyRun({
    run: await loadJob(id),
    caller,
    digest,
    draft: async (request) => {
      const operation = await loadOperation(request.operation);
      const [inputs, directory] = await Promise.all([inputsOf(id), readDirectory(operation.provider, clients)]);
      return draftJob(request, operation, rowsOf(operation, inputs, directory), directory);
    },
    advise: async () => [],
    statusAfter: () => 'running',
    reserve: reserveAll,
  });
}
