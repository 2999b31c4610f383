import { handler as getCleanup } from '../../functions/cleanup/get-cleanup.ts';
import { handler as listCleanups } from '../../functions/cleanup/list-cleanups.ts';
import { handler as putRoster } from '../../functions/cleanup/put-roster.ts';
import { handler as settleIntents } from '../../functions/cleanup/settle-intents.ts';
import { handler as startCleanup } from '../../functions/cleanup/start-cleanup.ts';
import { handler as sweep } from '../../functions/cleanup/sweep.ts';
import { handler as watchRuns } from '../../functions/cleanup/watch-runs.ts';
import { handler as applyJob } from '../../functions/jobs/apply-job.ts';
import { handler as approveJob } from '../../functions/jobs/approve-job.ts';
import { handler as cancelJob } from '../../functions/jobs/cancel-job.ts';
import { handler as getJob } from '../../functions/jobs/get-job.ts';
import { handler as listJobItems } from '../../functions/jobs/list-job-items.ts';
import { handler as planJob } from '../../functions/jobs/plan-job.ts';
import { handler as applyOffboarding } from '../../functions/offboarding/apply-offboarding.ts';
import { handler as approveOffboarding } from '../../functions/offboarding/approve-offboarding.ts';
import { handler as cancelOffboarding } from '../../functions/offboarding/cancel-offboarding.ts';
import { handler as getOffboarding } from '../../functions/offboarding/get-offboarding.ts';
import { handler as planOffboarding } from '../../functions/offboarding/plan-offboarding.ts';
import { handler as retryOffboarding } from '../../functions/offboarding/retry-offboarding.ts';
import { handler as createOnboarding } from '../../functions/onboarding/create-onboarding.ts';
import { handler as getOnboarding } from '../../functions/onboarding/get-onboarding.ts';
import { handler as listOnboardings } from '../../functions/onboarding/list-onboardings.ts';
import { workflowEnv } from '../../functions/shared/env-names.ts';
import { endedStatuses, type RunKind, runKinds } from '../../functions/shared/runs/run.ts';
import { durable } from './durable.ts';
import { invoke, type Json, lambdaContext, type TestAnswer, type TestRequest } from './invoke.ts';
import { simulated } from './providers.ts';
import { time } from './time.ts';

export const dayMs = 86_400_000;
export const minuteMs = 60_000;
const ended: string[] = endedStatuses;

const functionOf = (kind: RunKind): string => `usher-test-${kind}-run-${kind}`;

/** The three simulators, and the durable functions that carry out runs, in this process. */
export function runs() {
  const wecom = simulated('wecom');
  const dingtalk = simulated('dingtalk');
  const wibiclick = simulated('wibiclick');
  const lambda = durable({
    [functionOf('offboarding')]: async () => (await import('../../functions/offboarding/run-offboarding.ts')).handler,
    [functionOf('onboarding')]: async () => (await import('../../functions/onboarding/run-onboarding.ts')).handler,
    [functionOf('job')]: async () => (await import('../../functions/jobs/run-job.ts')).handler,
    [functionOf('cleanup')]: async () => (await import('../../functions/cleanup/run-cleanup.ts')).handler,
  });
  for (const kind of runKinds) process.env[workflowEnv(kind)] = `${functionOf(kind)}:live`;
  beforeEach(() => wecom.secret({ customerContactSecret: 'sandbox-customer' }));
  afterEach(() => void delete process.env.USHER_RUNS);

  return {
    wecom,
    dingtalk,
    wibiclick,
    lambda,
    /** Settings of this test, such as `{ approval: 'four-eyes' }`. */
    settings: (settings: Record<string, unknown>): void => {
      process.env.USHER_RUNS = JSON.stringify(settings);
    },
    /** Every request that changes something, of all simulators, in order. */
    writes: async (): Promise<Json[]> => {
      const all = await Promise.all([wecom, dingtalk, wibiclick].map((provider) => provider.requests()));
      return all.flat().filter(({ path }) => isWrite(path));
    },
    settleIntents: () => settleIntents({}, lambdaContext()),
    watchRuns: () => watchRuns({}, lambdaContext()),
    /** Lets time pass, in steps of `stepMs`, until `holds`. */
    async passTime(holds: () => Promise<boolean>, stepMs: number, most = 200): Promise<void> {
      for (let steps = 0; steps < most; steps++) {
        await lambda.settled();
        if (await holds()) return;
        lambda.advance(stepMs);
      }
      throw new Error(`it did not come about within ${most} steps`);
    },
  };
}

const isWrite = (path: string): boolean =>
  /\/user\/(create|update|delete|batchdelete)|orgAccounts|terminateAndHandOver|transfer(_customer)?$|connect/.test(
    path,
  ) && !path.includes('transfer_result');

/** Offboardings through their handlers. */
export function offboardings(base = runs()) {
  const { lambda } = base;
  const byId = (id: string) => ({ path: { id } });

  const plan = (body: object, caller?: string): Promise<TestAnswer> =>
    invoke(planOffboarding, { body, ...(caller && { caller }) });
  const apply = (id: string, digest: string, caller?: string): Promise<TestAnswer> =>
    invoke(applyOffboarding, { ...byId(id), body: { digest }, ...(caller && { caller }) });
  const get = async (id: string): Promise<Json> => (await invoke(getOffboarding, byId(id))).body;

  return {
    ...base,
    plan,
    apply,
    get,
    approve: (id: string, digest: string, caller?: string): Promise<TestAnswer> =>
      invoke(approveOffboarding, { ...byId(id), body: { digest }, ...(caller && { caller }) }),
    cancel: (id: string, caller?: string): Promise<TestAnswer> =>
      invoke(cancelOffboarding, { ...byId(id), ...(caller && { caller }) }),
    retry: (id: string): Promise<TestAnswer> => invoke(retryOffboarding, byId(id)),
    /** Plans and applies, and waits until the workflow rests. @returns the id */
    async start(body: object): Promise<string> {
      const { body: planned } = await plan(body);
      const applied = await apply(planned.id, planned.digest);
      if (applied.status !== 202) throw new Error(JSON.stringify(applied.body));
      await lambda.settled();
      return planned.id;
    },
    /** Moves the clock from one time at which something is due to the next until the run has ended. */
    toEnd: (id: string, most = 100): Promise<Json> => untilEnded(lambda, () => get(id), most),
  };
}

/** Onboardings through their handlers. */
export function onboardings() {
  const base = runs();
  const { lambda } = base;
  const get = async (id: string): Promise<Json> => (await invoke(getOnboarding, { path: { id } })).body;
  const create = (body: object, request: Omit<TestRequest, 'body'> = {}): Promise<TestAnswer> =>
    invoke(createOnboarding, { ...request, body });

  return {
    ...base,
    create,
    get,
    list: async (query = ''): Promise<Json> => (await invoke(listOnboardings, { query })).body,
    /** Creates one, and waits until the workflow rests. @returns the id */
    async start(body: object): Promise<string> {
      const created = await create(body);
      if (created.status !== 202) throw new Error(JSON.stringify(created.body));
      await lambda.settled();
      return created.body.id;
    },
    /** Moves the clock from one time at which something is due to the next until the run has ended. */
    toEnd: (id: string, most = 100): Promise<Json> => untilEnded(lambda, () => get(id), most),
  };
}

/** Jobs through their handlers. */
export function jobs() {
  const base = runs();
  const { lambda } = base;
  const byId = (id: string) => ({ path: { id } });

  /** @param rows objects, or the text of a CSV file */
  const plan = (operation: string, rows: object[] | string, more: TestRequest & { onError?: string } = {}) => {
    const { onError = 'continue', ...request } = more;
    if (typeof rows !== 'string') return invoke(planJob, { ...request, body: { operation, items: rows, onError } });
    const query = new URLSearchParams({ operation, onError }).toString();
    return invoke(planJob, { ...request, query, body: rows, headers: { 'content-type': 'text/csv' } });
  };
  const apply = ({ id, digest }: Json, caller?: string): Promise<TestAnswer> =>
    invoke(applyJob, { ...byId(id), body: { digest }, ...(caller && { caller }) });
  const approve = ({ id, digest }: Json, caller?: string): Promise<TestAnswer> =>
    invoke(approveJob, { ...byId(id), body: { digest }, ...(caller && { caller }) });
  const get = async (id: string): Promise<Json> => (await invoke(getJob, byId(id))).body;

  return {
    ...base,
    plan,
    apply,
    approve,
    get,
    cancel: (id: string): Promise<TestAnswer> => invoke(cancelJob, byId(id)),
    list: (id: string, query = ''): Promise<TestAnswer> => invoke(listJobItems, { ...byId(id), query }),
    /** All rows, in their order. */
    async items(id: string, status?: string): Promise<Json[]> {
      const rows: Json[] = [];
      let cursor: string | null = '0';
      while (cursor !== null) {
        const query: string = `limit=1000&cursor=${cursor}${status ? `&status=${status}` : ''}`;
        const { body }: TestAnswer = await invoke(listJobItems, { ...byId(id), query });
        rows.push(...body.items);
        cursor = body.cursor;
      }
      return rows;
    },
    /** Plans, approves and applies. @returns the id */
    async begin(operation: string, rows: object[] | string, more: { onError?: string } = {}): Promise<string> {
      const { body: planned } = await plan(operation, rows, more);
      await approve(planned);
      const applied = await apply(planned);
      if (applied.status !== 202) throw new Error(JSON.stringify(applied.body));
      return planned.id;
    },
    /** Moves the clock from one time at which something is due to the next until the job has ended. */
    toEnd: (id: string, most = 100): Promise<Json> => untilEnded(lambda, () => get(id), most),
  };
}

/** Cleanups through their handlers, and the jobs that they make. */
export function cleanups() {
  const base = jobs();
  const { lambda } = base;
  const get = async (id: string): Promise<Json> => (await invoke(getCleanup, { path: { id } })).body;
  const start = (body: object, request: Omit<TestRequest, 'body'> = {}): Promise<TestAnswer> =>
    invoke(startCleanup, { ...request, body });
  const toEndOf = (id: string): Promise<Json> => untilEnded(lambda, () => get(id), 100);

  return {
    ...base,
    jobOf: base.get,
    start,
    get,
    list: async (query = ''): Promise<Json> => (await invoke(listCleanups, { query })).body,
    sweep: () => sweep({}, lambdaContext()),
    async roster(provider: string, ids: string[]): Promise<void> {
      const headers = { 'content-type': 'text/csv', 'x-row-count': String(ids.length) };
      const answer = await invoke(putRoster, { path: { provider }, headers, body: `userid\n${ids.join('\n')}\n` });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    },
    /** Waits until a cleanup has ended. Its job may be at work still. */
    toEndOf,
    /** Starts one, and waits until it has ended. */
    async end(body: object): Promise<Json> {
      const { status, body: started } = await start(body);
      if (status !== 202) throw new Error(JSON.stringify(started));
      return toEndOf(started.id);
    },
  };
}

async function untilEnded(lambda: ReturnType<typeof durable>, get: () => Promise<Json>, most: number): Promise<Json> {
  for (let rounds = 0; rounds < most; rounds++) {
    await lambda.settled();
    const run = await get();
    if (ended.includes(run.status)) return run;
    const due = run.plan.steps.flatMap((step: Json) => (isOpen(step) && step.dueAt ? [Date.parse(step.dueAt)] : []));
    const now = Date.now() + time.ahead;
    lambda.advance(due.length > 0 ? Math.max(1_000, Math.min(...due) - now + 1_000) : minuteMs);
  }
  throw new Error(`the run did not end within ${most} rounds`);
}

const isOpen = ({ status }: Json): boolean => status === 'pending' || status === 'running';

/** The step of a run, such as `step(run, 'wecom', 'disable')`. */
export const stepOf = (run: Json, provider: string, action: string): Json =>
  run.plan.steps.find((step: Json) => step.provider === provider && step.action === action);
