import { writeCsv } from '../../shared/csv-writer.ts';
import { type ItemStatus, itemsFrom, type JobItem } from './items.ts';

const header = ['index', 'subject', 'status', 'outcome', 'verified', 'warnings', 'code', 'message', 'fix'];

/** The rows of a job as the text of a CSV file, all of them or those of one status. */
export async function itemsCsv(jobId: string, status?: ItemStatus): Promise<string> {
  const items = await Array.fromAsync(itemsFrom(jobId));
  return writeCsv(header, items.filter((item) => !status || item.status === status).map(toRow));
}

const toRow = ({ index, subject, status, outcome, verified, warnings, error }: JobItem) => ({
  index: String(index),
  subject,
  status,
  outcome,
  verified: verified && String(verified),
  warnings: warnings?.join(' '),
  code: error?.code,
  message: error?.message,
  fix: error?.fix,
});
