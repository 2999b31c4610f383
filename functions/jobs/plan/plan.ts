import { allowedPerRun } from '../../shared/budget.ts';
import type { BulkOperation } from '../../shared/bulk.ts';
import { protectedAccount, protection } from '../../shared/fence.ts';
import { named } from '../../shared/named.ts';
import { digestOf } from '../../shared/runs/digest.ts';
import type { Draft } from '../../shared/runs/plan-run.ts';
import type { Step } from '../../shared/runs/run.ts';
import type { JobFacts, JobRequest } from '../job/job.ts';
import type { Directory } from './directories.ts';

/** A row as the plan sees it. */
export interface PlannedRow {
  input: object;
  subject: string;
  /** Whether the directory has the account, where it was read by its ids. */
  seen?: boolean;
}

export const rowsOf = (operation: BulkOperation, inputs: object[], { has }: Directory): PlannedRow[] =>
  inputs.map((input) => {
    const subject = operation.subject(input);
    return { input, subject, ...(has && { seen: has(idOf(subject)) }) };
  });

/** What a job is going to do, as far as rows and directory tell; each row is read again when its turn comes. */
export function draftJob(
  request: JobRequest,
  operation: BulkOperation,
  rows: PlannedRow[],
  directory: Directory,
): Draft<JobFacts> {
  const { provider } = operation;
  const removing = rows.filter(({ input }) => operation.removesAccess(input)).map(({ subject }) => idOf(subject));
  const refusals = [...new Set(removing)].flatMap((id) => [
    ...protection(provider, id),
    ...(directory.keeps?.(id) ?? []).map((why) => protectedAccount(provider, id, why)),
  ]);
  const absent = rows.filter(({ seen }) => seen === false).map(({ subject }) => idOf(subject));
  return {
    facts: {
      ...request,
      total: rows.length,
      tenant: directory.tenant,
      subjects: digestOf(rows.map(({ subject }) => subject)),
      absent: digestOf(absent),
    },
    steps: { work: stepOf(operation, rows.length) },
    warnings: [
      ...fenceWarnings(provider, removing.length, directory),
      ...refusals.map(({ message }) => `protected: ${message}.`),
      ...directoryWarnings(operation, rows, absent),
    ],
    refusals,
    removals: removing.length > 0 ? { [provider]: removing.length } : {},
    directory: directory.size,
  };
}

const stepOf = ({ provider, summary, description, effect }: BulkOperation, total: number): Step => ({
  provider,
  action: effect,
  what: `${summary}: ${total} ${total === 1 ? 'row' : 'rows'}`,
  undo: description ?? 'Usher keeps no earlier values: what was changed is changed back by another request.',
  status: 'pending',
  after: [],
  delays: 0,
});

function fenceWarnings(provider: string, removals: number, { size }: Directory): string[] {
  const allowed = allowedPerRun(size);
  if (removals <= allowed) return [];
  return [
    `needs_approval: ${removals} removals of ${size} accounts in ${provider}; without an approval ${allowed} ${allowed === 1 ? 'is' : 'are'} allowed at once.`,
  ];
}

/** Accounts that are to be made should not be there yet, all others should. */
function directoryWarnings({ effect, provider }: BulkOperation, rows: PlannedRow[], absent: string[]): string[] {
  if (effect !== 'create') return countOf('not_in_directory', absent, `not in ${provider}`);
  const present = rows.filter(({ seen }) => seen).map(({ subject }) => idOf(subject));
  return countOf('already_there', present, `in ${provider} already`);
}

function countOf(code: string, ids: string[], where: string): string[] {
  if (ids.length === 0) return [];
  return [`${code}: ${named(ids)} ${ids.length === 1 ? 'is' : 'are'} ${where}.`];
}

export const idOf = (subject: string): string => subject.slice(subject.indexOf(':') + 1);
