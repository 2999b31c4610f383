import { stringify } from 'csv-stringify/sync';
import { guarded } from './csv-guard.ts';

/**
 * The CSV text of these rows, with the header on top; line breaks in a cell become LF. Cells are guarded against
 * spreadsheets, which `readCsv` undoes; ids of WeCom need no guard, and stay as they are for any other reader.
 */
export const writeCsv = (header: string[], rows: Record<string, string | undefined>[]): string =>
  stringify([header, ...rows.map((row) => header.map((name) => cellOf(row[name])))], { quoted_empty: true });

const cellOf = (value = ''): string => guarded(value.replace(/\r\n?/g, '\n'));
