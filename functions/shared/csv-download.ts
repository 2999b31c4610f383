import { stringify } from 'csv-stringify/sync';

/**
 * The CSV text of these rows, with the header on top. A cell that a spreadsheet would take for a formula gets an
 * apostrophe in front, which `readCsv` takes away again; ids of WeCom never begin so, and stay as they are.
 */
export const writeCsv = (header: string[], rows: Record<string, string | undefined>[]): string =>
  stringify([header, ...rows.map((row) => header.map((name) => guarded(row[name] ?? '')))], { quoted_empty: true });

/** One that begins with apostrophes already gets one more, so that reading gives back exactly what was written. */
const guarded = (cell: string): string => cell.replaceAll('\r\n', '\n').replace(/^(?='*[=+\-@\t\r＝＋－＠])/, "'");
