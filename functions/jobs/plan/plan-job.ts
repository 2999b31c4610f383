import { clock } from '../../shared/clock.ts';
import { createRun } from '../../shared/runs/plan-run.ts';
import { putNewItems } from '../job/items.ts';
import type { Job, JobRequest } from '../job/job.ts';
import { loadOperation } from '../request/operations.ts';
import { type GivenRows, toInputs } from '../request/rows.ts';
import { type DirectoryClients, readDirectory } from './directories.ts';
import { draftJob, rowsOf } from './plan.ts';

export interface WantedJob {
  request: JobRequest;
  rows: GivenRows;
  requester: string;
}

/**
 * Stores the plan of a job; nothing is sent to a provider that writes.
 * @throws OperationError `invalid_input` for bad rows, or what keeps the directory from being read whole
 */
export async function planJob(
  { request, rows, requester }: WantedJob,
  clients: DirectoryClients,
  storedKey: string | undefined,
): Promise<Job> {
  const plannedAt = clock.now();
  const operation = await loadOperation(request.operation);
  const { inputs } = toInputs(operation, rows);
  const directory = await readDirectory(operation.provider, clients);
  const planned = rowsOf(operation, inputs, directory);
  const draft = draftJob(request, operation, planned, directory);
  const wanted = { kind: 'job' as const, requester, request, plannedAt, draft };
  const job = await createRun(wanted, storedKey, {}, (id, expiresAt) => putNewItems(id, planned, expiresAt));
  return job as Job;
}
