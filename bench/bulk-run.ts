/** Run as a program: one job in a sandbox of its own, with the workflow in a process of its own as `npm start` has it. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { clock } from '../functions/shared/clock.ts';
import { env } from '../functions/shared/env-names.ts';
import { createDingtalkSimulator } from '../sandbox/dingtalk.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { createWecomSimulator } from '../sandbox/wecom.ts';
import { type Answers, counted } from './answers.ts';
import { finish, readTask } from './measured.ts';
import type { Probed } from './probe.ts';
import { subject } from './subject.ts';

interface Item {
  userid: string;
}

export interface BulkTask {
  provider: 'wecom' | 'dingtalk';
  rows: number;
  /** So many of the rows, spread evenly, name nobody. */
  absent: number;
  /** The members of the company. */
  members: number;
  dingtalkCallsPerSecond: number;
  /** Where the process of the workflow leaves what it notes down. */
  probe: string;
}

export interface BulkResult {
  /** From the answer to the apply until the job has ended, on its clock. */
  seconds: number;
  answers: Answers;
  /** So many rows by how they ended, such as `succeeded deleted`. */
  ends: Record<string, number>;
  /** So many of those who were there are gone, as the simulator has it. */
  deleted: number;
  probed: Probed;
}

const pollMs = 100;
const ended = ['completed', 'completed_with_errors', 'cancelled', 'expired'];

async function run(task: BulkTask): Promise<BulkResult> {
  const answers: Answers = {};
  const { api, [task.provider]: simulator } = await sandboxOf(task, answers);
  await call(`${simulator.url}/_sandbox/reset`, { members: task.members });
  const items = itemsOf(task);

  const job = await call(`${api.url}/jobs`, { operation: `${task.provider}/delete-user`, items, onError: 'continue' });
  const ofJob = `${api.url}/jobs/${job.id}`;
  await call(`${ofJob}/approve`, { digest: job.digest });
  for (const name of Object.keys(answers)) delete answers[name]; // those that the plan took
  await call(`${ofJob}/apply`, { digest: job.digest });
  const startedAt = clock.now();
  await untilEnded(ofJob);
  const seconds = (clock.now() - startedAt) / 1000;
  await setTimeout(5 * pollMs); // the last note of the probe
  const deleted = await goneOf(items, simulator.url);
  return { seconds, answers, ends: await endsOf(`${ofJob}/items`), deleted, probed: probedIn(task.probe) };
}

function sandboxOf({ dingtalkCallsPerSecond: callsPerSecond }: BulkTask, answers: Answers): Promise<Sandbox> {
  process.env[env.dingtalkCallsPerSecond] = String(callsPerSecond);
  const now = () => clock.now();
  return startSandbox(0, {
    wecom: counted(createWecomSimulator({ now }), answers),
    dingtalk: counted(createDingtalkSimulator({ callsPerSecond, now }), answers),
  });
}

const itemsOf = ({ rows, absent }: BulkTask): Item[] =>
  Array.from({ length: rows }, (_, index) => ({
    userid: absent > 0 && index % (rows / absent) === 0 ? `ghost-${index}` : subject(index + 1),
  }));

async function untilEnded(url: string): Promise<void> {
  for (;;) {
    const { status } = await call(url);
    if (ended.includes(status)) return;
    await setTimeout(pollMs);
  }
}

async function goneOf(items: Item[], simulator: string): Promise<number> {
  const { members } = await call(`${simulator}/_sandbox/state`);
  const left = new Set(members.map(({ userid }: Item) => userid));
  return items.filter(({ userid }) => !userid.startsWith('ghost') && !left.has(userid)).length;
}

async function endsOf(url: string): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const page = await call(`${url}?limit=1000&cursor=${cursor}`);
    for (const { status, outcome, error } of page.items) {
      const end = `${status} ${outcome ?? error?.code}`;
      ends[end] = (ends[end] ?? 0) + 1;
    }
    cursor = page.cursor;
  }
  return ends;
}

const probedIn = (file: string): Probed => JSON.parse(readFileSync(file, 'utf8'));

async function call(url: string, body?: object) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, body && { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}: ${text.slice(0, 1_000)}`);
  return JSON.parse(text);
}

finish(await run(readTask<BulkTask>()));
