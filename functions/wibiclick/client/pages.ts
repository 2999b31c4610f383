import { unexpected } from '../../shared/transport.ts';
import type { Id } from './types.ts';

const provider = 'wibiclick';
const maxPages = 50;

export interface Page<Row> {
  rows: Row[];
  /** How many rows the whole list has; a check only, which not every list gives. */
  total: number | undefined;
}

/**
 * Every row of a list, all its pages (page section 2.3).
 * @throws OperationError `provider_unexpected` when the list is not complete: a row that is missing is never "none"
 */
export async function readAll<Row extends { id: Id }>(
  pageSize: number,
  readPage: (offset: number) => Promise<Page<Row>>,
): Promise<Row[]> {
  const found = new Map<string, Row>();
  for (let page = 0; page < maxPages; page++) {
    const { rows, total } = await readPage(page * pageSize);
    const known = found.size;
    for (const row of rows) found.set(String(row.id), row);
    // A server that ignores `offset` brings nothing new.
    if (rows.length < pageSize || found.size === known) return complete([...found.values()], total);
  }
  throw unexpected(provider, `its list has more than ${maxPages} pages`);
}

function complete<Row>(rows: Row[], total = rows.length): Row[] {
  if (rows.length < total) throw unexpected(provider, `it lists ${rows.length} of ${total} rows`);
  return rows;
}
