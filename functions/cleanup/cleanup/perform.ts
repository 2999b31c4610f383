import { itemsFrom } from '../../jobs/job/items.ts';
import { loadJob } from '../../jobs/job/job.ts';
import { applyJob } from '../../jobs/plan/apply-job.ts';
import { idOf } from '../../jobs/plan/plan.ts';
import { planJob } from '../../jobs/plan/plan-job.ts';
import { type ErrorCode, OperationError } from '../../shared/errors.ts';
import { countOf, logger } from '../../shared/log.ts';
import type { StepEnd } from '../../shared/runs/perform-step.ts';
import type { Performing } from '../../shared/runs/workflow.ts';
import { removableAccounts } from '../policies/accounts.ts';
import type { CleanupClients } from '../policies/clients.ts';
import { looks } from '../policies/looks.ts';
import { comparable, type RosterProvider, rosterProvider } from '../rosters/roster.ts';
import { type StepResult, stepResult } from './answer.ts';
import type { CleanupFacts, CleanupRequest } from './cleanup.ts';
import { saveFound } from './found.ts';
import { removals, toFindings } from './rows.ts';

type Performed = Performing<CleanupRequest, CleanupFacts, CleanupClients>;

/**
 * Looks for accounts, and in the mode `apply` plans a job of them; the next attempt applies the job. Whatever it dies
 * of in between, there is one job: its id is derived from the step, and is in the run before the job begins.
 */
export async function performCleanup(performed: Performed): Promise<StepEnd> {
  const { run, stepId, clients } = performed;
  const { provider, result } = stepOf(performed);
  const planned = result && stepResult.parse(result);
  if (planned?.job !== undefined) return applyPlanned(planned, planned.job, performed);

  const { policy, mode, disabledDays } = run.facts;
  const accounts = () => removableAccounts(provider, clients);
  const looked = await looks[policy]({ provider, clients, disabledDays, accounts });
  if ('status' in looked) return looked;
  const findings = await toFindings(provider, looked.ids, clients);
  const told = looked.warnings && { warnings: looked.warnings };
  if (mode === 'apply' && findings.length > 0) {
    const rows = findings.flatMap((finding) => finding.rows);
    const { job, ids } = await planFound(performed, provider, rows);
    await saveFound(run.id, stepId, ids);
    return { againInMs: 0, reason: 'its job is planned', result: { found: ids.length, ...told, job } };
  }
  await saveFound(
    run.id,
    stepId,
    findings.map(({ id }) => comparable(provider, id)),
  );
  return { status: 'succeeded', result: { found: findings.length, ...told } };
}

function stepOf({ run, stepId }: Performed) {
  const step = run.steps[stepId];
  if (!step) throw new Error(`there is no step ${stepId}`);
  return { ...step, provider: rosterProvider.parse(step.provider) };
}

/** An attempt that died may have planned the job, of what it had found: so the job tells what was found. */
async function planFound(
  { run, stepId, clients }: Performed,
  provider: RosterProvider,
  items: object[],
): Promise<{ job: string; ids: string[] }> {
  const { policy, disabledDays } = run.facts;
  const request = { operation: removals[provider], onError: 'continue' as const, foundBy: { policy, disabledDays } };
  const wanted = { request, rows: { items }, requester: run.requester };
  const { id } = await planJob(wanted, clients, `cleanup#${run.id}/${stepId}`);
  const ids = await Array.fromAsync(itemsFrom(id), ({ subject }) => idOf(subject));
  return { job: id, ids: [...new Set(ids)] };
}

/** What leaves a job where it is, until a person has looked at it. */
const holding: ErrorCode[] = ['fence_tripped', 'protected', 'plan_drifted', 'halted', 'conflict'];

async function applyPlanned(planned: StepResult, id: string, { run, stepId, clients }: Performed): Promise<StepEnd> {
  const held = await applyUnlessHeld(id, run.requester, clients);
  // Nobody waits for the answer, as somebody does who applies a job.
  if (held) logger.warn('a job is held', { runId: run.id, stepId, jobId: id, ...countOf('run_needs_attention') });
  return { status: 'succeeded', result: { ...planned, ...(held !== undefined && { held }) } };
}

/** @returns why the job is held */
async function applyUnlessHeld(id: string, caller: string, clients: CleanupClients): Promise<string | undefined> {
  const { status, heldFor, digest } = await loadJob(id);
  if (status === 'held') return heldFor ?? 'four-eyes: it needs an approval by somebody else, and is applied then';
  // An attempt that died after it had applied the job.
  if (status !== 'planned') return undefined;
  try {
    await applyJob({ id, digest, caller }, clients);
    return undefined;
  } catch (error) {
    if (!(error instanceof OperationError) || !holding.includes(error.code)) throw error;
    logger.warn('a job was not applied', { jobId: id, code: error.code, ...countOf(error.code) });
    return `${error.code}: ${error.message}`;
  }
}
