import { isDeepStrictEqual } from 'node:util';
import type { CleanupClients } from '../../cleanup/policies/clients.ts';
import { giveBack, type Reservation, renew } from '../../shared/budget.ts';
import { clock, Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { countOf, logger } from '../../shared/log.ts';
import { tellFenceTripped } from '../../shared/outbox.ts';
import { errorCode } from '../../shared/problem.ts';
import { isTripped } from '../../shared/recorded-write.ts';
import { failsSince, type StepEnd } from '../../shared/runs/perform-step.ts';
import { isApproved, type Run, type Step } from '../../shared/runs/run.ts';
import { changeRun } from '../../shared/runs/run-store.ts';
import type { ItemEnd } from '../job/items.ts';
import { type Job, loadJob } from '../job/job.ts';
import { countsOf, type Progress, sumOf } from '../job/progress.ts';
import { tenantOf } from '../plan/directories.ts';
import { loadOperation } from '../request/operations.ts';
import { whoCameBack } from './came-back.ts';
import { permitFor } from './permit.ts';
import { asLoggedFailure, hasErrors, Slice } from './slice.ts';
import { endTurn, takeTurn } from './turn.ts';

const waitMs = 15_000;
const longestWaitMs = 5 * 60_000;
const longestHaltMs = 60_000;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** How long rows wait for a failure to pass before they end with it; a day for all others. All within what rows are kept. */
const patienceMs: Record<string, number | undefined> = {
  halted: 30 * dayMs,
  fence_tripped: 7 * dayMs,
  internal: 10 * minuteMs,
};

/**
 * Works at a job until the deadline is near. Killed anywhere, the next slice goes on from what store and ledger hold.
 * Nothing that a provider does makes it throw.
 */
export async function workAt(job: Job, step: Step, clients: CleanupClients, deadline: Deadline): Promise<StepEnd> {
  const { provider } = step;
  try {
    // Rows that are not going to be begun take no call of the provider.
    const mayWork = restOf(job, step) !== undefined || (await takeTurn(provider, job.id));
    if (mayWork) return await workInTurn(job, step, clients, deadline);
    return { againInMs: waitMs, reason: `another job is at work in ${provider}` };
  } catch (error) {
    return waitAfter(asLoggedFailure(error), step, 0);
  } finally {
    await endTurn(provider, job.id);
  }
}

async function workInTurn(job: Job, step: Step, clients: CleanupClients, { msLeft }: Deadline): Promise<StepEnd> {
  const operation = await loadOperation(job.facts.operation);
  const rest = restOf(job, step);
  if (!rest) {
    await requireTenant(job, step.provider, clients);
    await renewBudget(job, step.provider);
  }
  const deadline = new Deadline(msLeft, permitFor(job.id, job.generation));
  const stays = rest ? () => undefined : await whoCameBack(job, step.provider, clients);
  const slice = new Slice({ job, operation, connected: operation.connect(deadline), deadline }, rest, stays);
  const progress = await slice.run();
  if (sumOf(progress.counts) === job.facts.total) {
    await endBudget(job, step.provider, progress);
    return { status: 'succeeded', result: { ...progress.counts } };
  }
  if (slice.failure) return waitAfter(slice.failure, step, slice.gained);
  if (!slice.isExhausted) return { againInMs: 0, reason: 'there are more rows' };
  if (slice.again) return waitAfter(slice.again, step, slice.gained);
  return { againInMs: waitMs, reason: 'no answer came for some rows; their effect is being read' };
}

/** How rows end that are not going to be begun; undefined as long as they are. */
function restOf(job: Job, { failingSince, reason = '' }: Step): ItemEnd | undefined {
  if (job.status === 'cancelling') return { status: 'skipped' };
  if (job.facts.onError === 'stop' && hasErrors(countsOf(job.progress))) return { status: 'skipped' };
  const [code = '', message = ''] = reason.split(/: (.*)/s);
  if (failingSince === undefined || clock.now() - failingSince <= (patienceMs[code] ?? dayMs)) return undefined;
  return { status: 'failed', error: { code: errorCode.parse(code), message } };
}

/** @throws OperationError when the secret belongs to another company than the plan */
async function requireTenant({ facts }: Job, provider: string, clients: CleanupClients): Promise<void> {
  if (isDeepStrictEqual(await tenantOf(provider, clients), facts.tenant)) return;
  throw new OperationError('conflict', `the secret of ${provider} opens another company than the plan saw`, {
    fix: 'Put the secret of that company back, or cancel the job.',
  });
}

/**
 * What was taken of the budget counts for 24 hours from the moment at which it is used. What rows without an effect have
 * left of it goes along, to be given back at the end.
 */
async function renewBudget(job: Job, provider: string): Promise<void> {
  if (!job.reserved) return;
  const { succeeded, unknown } = countsOf(job.progress);
  const count = Math.min(job.reserved.count, job.facts.total - succeeded - unknown);
  const renewal = renew(provider, { ...job.reserved, count }, isApproved(job));
  const reserved = await renewal.catch((error: unknown) => tellTripped(job, error));
  if (reserved.hour !== job.reserved.hour) await noteBudget(job, { ...reserved, count });
}

async function tellTripped({ id, digest }: Job, error: unknown): Promise<never> {
  if (isTripped(error)) await tellFenceTripped(error, { runId: id, digest });
  throw error;
}

/** Gives back what rows without an effect did not use. Noted first: killed in between, it is not given back twice. */
async function endBudget(job: Job, provider: string, { counts }: Progress): Promise<void> {
  const { reserved, removals } = await loadJob(job.id);
  // A row with an effect may be any of them where not all take access away.
  const unused = Math.max(0, (removals[provider] ?? 0) - counts.succeeded - counts.unknown);
  const count = Math.min(reserved?.count ?? 0, unused);
  if (!reserved || count === 0) return;
  if (await noteBudget(job, undefined)) await giveBack(provider, { ...reserved, count });
}

/** @returns undefined when another worker has taken over, whose budget it is now */
const noteBudget = ({ id, generation }: Job, reserved: Reservation | undefined): Promise<Run | undefined> => {
  const when = { generation };
  return changeRun({ id }, reserved ? { set: { reserved }, when } : { remove: ['reserved'], when });
};

/** A failure that may pass: the job rests a while, longer each time in a row. */
function waitAfter({ code, message, options }: OperationError, step: Step, gained: number): StepEnd {
  logger.warn('a job waits', { code, ...countOf(code) });
  const failingSince = gained > 0 ? clock.now() : failsSince(step, code);
  const delays = gained > 0 ? 0 : step.delays;
  const wait = Math.max((options.retryAfter ?? 0) * 1000, 5_000 * 2 ** Math.min(delays, 10));
  const againInMs = Math.min(wait, code === 'halted' ? longestHaltMs : longestWaitMs);
  return { againInMs, reason: [`${code}: ${message}`, options.fix].filter(Boolean).join('. '), failingSince };
}
