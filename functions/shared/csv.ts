import { CsvError, parse } from 'csv-parse/sync';
import { unguarded } from './csv-guard.ts';
import { type FieldError, invalidInput, type OperationError, refuseAny } from './errors.ts';
import { needsEscape } from './http-input.ts';

export interface CsvRow {
  /** The line of the file where it begins; a header on top is line 1. */
  line: number;
  cells: Record<string, string>;
}

export interface Csv {
  header: string[];
  rows: CsvRow[];
}

interface Line {
  line: number;
  cells: string[];
}

/**
 * Reads a CSV file with a header: commas between the fields, with a byte order mark or without, any line ends (LF in
 * the cells), empty lines ignored. What `writeCsv` guarded against spreadsheets is read as it was.
 * @throws OperationError `invalid_input`, which names the header or the row by its line in the file, and no cell
 */
export function readCsv(text: string, maxRows: number): Csv {
  if (/[\0\uFFFD\uFFFE]/.test(text)) throw refusal('body', 'is not UTF-8: save it as CSV UTF-8');
  const [first, ...lines] = linesOf(text, maxRows + 2);
  if (!first) throw refusal('header', 'is missing: the first line must name the fields');
  const header = first.cells.map((name) => name.trim());
  refuseAny(headerErrors(header));
  if (lines.length === 0) throw refusal('body', 'must have at least one row below the header');
  if (lines.length > maxRows) throw refusal('body', `must have at most ${maxRows} rows below the header`);
  refuseAny(lines.flatMap((line) => lineErrors(line, header)));
  return { header, rows: lines.map(({ line, cells }) => ({ line, cells: named(header, cells) })) };
}

const refusal = (path: string, message: string): OperationError => invalidInput([{ path, message }]);

/** A field as an error may name it; without a header, what stands in its place can be anything, also a phone number. */
export const columnName = (name: string, index: number): string =>
  /^[A-Za-z]\w{0,63}$/.test(name) ? name : `column ${index + 1}`;

function linesOf(text: string, maxRecords: number): Line[] {
  const lines: Line[] = [];
  let last = 0;
  try {
    // The parser counts a CRLF inside quotes as two lines.
    parse(text.replace(/\r\n?/g, '\n'), {
      bom: true,
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      to: maxRecords,
      on_record: (cells: string[], info) => {
        last = info.lines;
        lines.push({ line: last - breaksIn(cells), cells });
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const isOpen = error.code === 'CSV_QUOTE_NOT_CLOSED';
    throw refusal(`row ${isOpen ? last + 1 : error.lines}`, isOpen ? openQuote : strayQuote);
  }
  return lines;
}

const openQuote = 'has a quote that is never closed; close it, and write a quote inside a cell twice';
const strayQuote = 'has a quote in the middle of a cell; put the whole cell in quotes, and write the quote twice';

const breaksIn = (cells: string[]): number => cells.join().split('\n').length - 1;

function headerErrors(header: string[]): FieldError[] {
  const [only = ''] = header;
  if (header.length === 1 && /[;\t]/.test(only)) {
    return [{ path: 'header', message: 'must have commas between the fields; save the file as comma-separated' }];
  }
  const firstAt = new Map(header.map((name, index): [string, number] => [name, index]).reverse());
  return header.flatMap((name, index) => {
    if (name === '') return [{ path: 'header', message: `column ${index + 1} has no name; name it or remove it` }];
    if (firstAt.get(name) === index) return [];
    return [{ path: 'header', message: `${columnName(name, index)} is given twice; keep one column of it` }];
  });
}

function lineErrors({ line, cells }: Line, header: string[]): FieldError[] {
  const path = `row ${line}`;
  if (cells.length !== header.length) {
    const message = `has ${cells.length} fields where the header has ${header.length}; put a cell with a comma in quotes`;
    return [{ path, message }];
  }
  return header.flatMap((name, index) =>
    needsEscape(cells[index] ?? '')
      ? [{ path: `${path}: ${columnName(name, index)}`, message: 'must not hold control characters' }]
      : [],
  );
}

const named = (header: string[], cells: string[]): Record<string, string> =>
  Object.fromEntries(header.map((name, index) => [name, unguarded(cells[index] ?? '')]));
