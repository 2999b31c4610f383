import * as z from 'zod/mini';
import { jobAnswer, loadJob, toJobAnswer } from '../../jobs/job/job.ts';
import { runAnswer, type Step, stepStatus, stepsOf, toRunAnswer } from '../../shared/runs/run.ts';
import { documented } from '../../shared/schema.ts';
import { mode, policy } from '../policies/settings.ts';
import { rosterProvider } from '../rosters/roster.ts';
import type { Cleanup } from './cleanup.ts';
import { loadFound } from './found.ts';

/** What a step keeps of what it found; the ids are items of their own. */
export const stepResult = z.object({
  found: z.number(),
  warnings: z.optional(z.array(z.string())),
  job: z.optional(z.string()),
  held: z.optional(z.string()),
});
export type StepResult = z.infer<typeof stepResult>;

const result = z.object({
  policy,
  provider: rosterProvider,
  mode,
  status: stepStatus,
  found: documented(z.number(), { description: 'Accounts; 0 also where nobody was looked for, and then a reason' }),
  warnings: z.optional(z.array(z.string())),
  held: documented(z.optional(z.string()), { description: 'Why the job was not begun, and waited for a person' }),
  reason: documented(z.optional(z.string()), { description: 'Why nobody was looked for, or not yet' }),
});

const jobDone = z.pick(jobAnswer, {
  id: true,
  status: true,
  total: true,
  succeeded: true,
  failed: true,
  skipped: true,
  unknown: true,
});

const about = { policy, mode };

/** A cleanup in a list: what each step found, without the ids. */
export const cleanupListed = z.extend(runAnswer, {
  ...about,
  results: z.array(z.extend(result, { job: z.optional(z.object({ id: z.string() })) })),
});

/** A cleanup with what was found, and what became of it until now. */
export const cleanupAnswer = z.extend(runAnswer, {
  ...about,
  results: z.array(
    z.extend(result, {
      ids: documented(z.array(z.string()), { description: 'The first 1,000; WeCom ids in lower case' }),
      job: documented(z.optional(jobDone), { description: 'The job that removes them, as it is now' }),
    }),
  ),
});

export function toListed(cleanup: Cleanup, now: number): z.infer<typeof cleanupListed> {
  const { policy, mode } = cleanup.facts;
  const results = stepsOf(cleanup).map(([, step]) => {
    const { job, ...told } = toResult(cleanup, step);
    return { ...told, ...(job !== undefined && { job: { id: job } }) };
  });
  return { ...toRunAnswer(cleanup, now), policy, mode, results };
}

/** @throws OperationError `store_unavailable` */
export async function toAnswer(cleanup: Cleanup, now: number): Promise<z.infer<typeof cleanupAnswer>> {
  const { policy, mode } = cleanup.facts;
  const results = stepsOf(cleanup).map(async ([stepId, step]) => {
    const { job, ...told } = toResult(cleanup, step);
    const ids = await loadFound(cleanup.id, stepId);
    return { ...told, ids, ...(job !== undefined && { job: jobDone.parse(toJobAnswer(await loadJob(job), now)) }) };
  });
  return { ...toRunAnswer(cleanup, now), policy, mode, results: await Promise.all(results) };
}

function toResult({ facts: { policy, mode } }: Cleanup, { provider, status, reason, result }: Step) {
  const found = result ? stepResult.parse(result) : { found: 0 };
  return { policy, provider: rosterProvider.parse(provider), mode, status, ...found, ...(reason && { reason }) };
}
