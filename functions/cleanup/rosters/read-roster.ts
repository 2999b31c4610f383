import * as z from 'zod/mini';
import { type CsvRow, columnName, readCsv } from '../../shared/csv.ts';
import { type FieldError, invalidInput, refuseAny } from '../../shared/errors.ts';
import { comparable, type RosterProvider, rosterIds } from './roster.ts';

const column = 'userid';
const maxIds = 100_000;

/**
 * The ids of a roster, in the form in which they are compared.
 * @throws OperationError `invalid_input`, when it has another column than `userid`, other than `count` rows, an id that
 * the provider cannot have, or one id twice
 */
export function readRoster(provider: RosterProvider, csv: string, count: number): string[] {
  const { header, rows } = readCsv(csv, maxIds);
  refuseAny(inHeader(header));
  if (rows.length !== count) {
    const message = `says ${count}, but ${rows.length} rows follow the header; send the whole file and its number of rows`;
    throw invalidInput([{ path: 'x-row-count', message }]);
  }
  return idsOf(provider, rows);
}

/** An error of a formula, a number that was rounded, or characters that nobody sees. */
const looksSpoilt = (id: string): boolean => /^#|^\d(\.\d+)?E\+?\d+$|\p{Cf}/iu.test(id);

function inHeader(header: string[]): FieldError[] {
  if (!header.includes(column)) return [{ path: 'header', message: `must be ${column}, and nothing else` }];
  return header.flatMap((name, index) =>
    name === column
      ? []
      : [{ path: 'header', message: `${columnName(name, index)} is not wanted; remove it: a roster holds ids only` }],
  );
}

function idsOf(provider: RosterProvider, rows: CsvRow[]): string[] {
  const lines = new Map<string, number>();
  const errors: FieldError[] = [];
  for (const { line, cells } of rows) {
    const parsed = z.safeParse(rosterIds[provider], cells[column]);
    if (!parsed.success) {
      errors.push(...parsed.error.issues.map(({ message }) => ({ path: `row ${line}: ${column}`, message })));
      continue;
    }
    if (looksSpoilt(parsed.data)) {
      const message = 'looks spoilt by a spreadsheet or by copying; export the ids as text';
      errors.push({ path: `row ${line}: ${column}`, message });
      continue;
    }
    const id = comparable(provider, parsed.data);
    const earlier = lines.get(id);
    if (earlier !== undefined)
      errors.push({ path: `row ${line}`, message: `repeats the id of row ${earlier}; keep one` });
    lines.set(id, earlier ?? line);
  }
  refuseAny(errors);
  return [...lines.keys()];
}
