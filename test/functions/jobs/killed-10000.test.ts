import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Job } from '../../../functions/jobs/job/job.ts';
import { countsOf, sumOf } from '../../../functions/jobs/job/progress.ts';
import { workflowEnv } from '../../../functions/shared/env-names.ts';
import { loadRun } from '../../../functions/shared/runs/run-store.ts';
import { WorkflowHost } from '../../../sandbox/workflow-host.ts';
import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { throughTrouble } from '../../support/mortal.ts';
import { jobs } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { storedItems } from '../offboarding/support.ts';
import { member } from './support.ts';

/** A large job, whose worker is a process that ends by SIGKILL again and again. */

import.meta.jest.setTimeout(300_000);
const job = jobs();
const { lambda } = job;
logLines();

const deaths = 5;

const functionName = process.env[workflowEnv('job')]?.replace(/:live$/, '') ?? '';
const entry = fileURLToPath(new URL('../../../functions/jobs/run-job.ts', import.meta.url));
const host = new WorkflowHost({
  functions: new Map([[functionName, { id: 'jobs/run-job', functionName, entry }]]),
  clockOffsetMs: () => time.ahead,
});
process.env.POWERTOOLS_LOG_LEVEL = 'WARN'; // INFO of the worker is not caught
beforeEach(() => lambda.invokeBy((name, event) => host.invoke(name, event)));
afterAll(() => host.close());

/** USHER_DEATHS=all has DingTalk too, which takes minutes. */
const large = [
  ['wecom', 10_000, 100] as const,
  ...(process.env.USHER_DEATHS === 'all' ? [['dingtalk', 10_000, 0] as const] : []),
];

test.each(large)(
  'killed five times, %s of %i rows deletes all but %i absent ones, once',
  async (provider, total, absent) => {
    const rows = Array.from({ length: total }, (_, index) =>
      isAbsent(index, total, absent) ? `ghost-${index}` : member(index + 1),
    );
    const people = rows.filter((userid) => !userid.startsWith('ghost'));
    await job[provider].reset({ members: total });

    const id = await job.begin(
      `${provider}/delete-user`,
      rows.map((userid) => ({ userid })),
    );
    const killing = killWorker(id, total);
    const ended = await throughTrouble(job, id, { kind: 'job' });

    expect(await killing).toBe(deaths);
    expect(ended).toMatchObject({ succeeded: people.length, failed: absent, skipped: 0, unknown: 0 });
    const items = await job.items(id);
    expect(items.map(({ index }) => index)).toEqual(rows.map((_, index) => index));
    expect(endedAs(items, 'succeeded')).toEqual(people);
    expect(endedAs(items, 'failed')).toEqual(rows.filter((userid) => !people.includes(userid)));
    expect(items.filter(({ status }) => status === 'failed').every(({ error }) => error.code === 'not_found')).toBe(
      true,
    );
    const { members: left } = await job[provider].state();
    expect(left.filter(({ userid }: Json) => people.includes(userid))).toEqual([]);
    expect((await sent()).sort()).toEqual(people);
    await expectSettled(provider, people);
  },
);

/** Spread evenly. */
const isAbsent = (index: number, total: number, absent: number): boolean =>
  absent > 0 && index % (total / absent) === 0;

/** Ends the process whenever a sixth more of the rows has ended. @returns how often */
async function killWorker(id: string, total: number): Promise<number> {
  for (let death = 1; death <= deaths; death++) {
    const isNear = async () => (await endedRows(id)) >= (death * total) / (deaths + 1);
    while (host.pid === undefined || !(await isNear())) await setTimeout(20);
    process.kill(host.pid, 'SIGKILL');
  }
  return deaths;
}

const endedRows = async (id: string): Promise<number> => sumOf(countsOf(((await loadRun(id, 'job')) as Job).progress));

const endedAs = (items: Json[], status: string): string[] =>
  items.filter((item) => item.status === status).map(({ subject }) => subject.split(':')[1]);

/** Whom the deletions named that the simulators got, each as often as it was named. */
async function sent(): Promise<string[]> {
  const writes = await job.writes();
  return writes.flatMap(({ query, body }) => body?.useridlist ?? [body?.userid ?? query.userid]);
}

/** No lock is left, the ledger has each deletion once, and the budget holds those alone. */
async function expectSettled(provider: string, people: string[]): Promise<void> {
  const stored = await storedItems();
  expect(stored.filter(({ sk }) => sk === 'open')).toEqual([]);
  const deleted = stored.filter(({ sk, state }) => sk.startsWith('entry#') && state === 'succeeded');
  const subjects = deleted.map(({ subject }) => subject.split(':')[1]);
  expect(subjects.filter((userid) => !userid.startsWith('ghost')).sort()).toEqual(people);
  const budget = stored.find(({ pk }) => pk === `budget#${provider}`);
  expect(budget?.used).toBe(people.length);
}
