import { readFileSync, writeFileSync } from 'node:fs';
import { errorCodes } from '../functions/shared/errors.ts';
import { type LoadedOperation, loadOperations } from './operations.ts';

const readme = new URL('../README.md', import.meta.url);

/** The README with its tables as the operations and the error codes declare them now. */
export function readmeWithTables(text: string, operations: LoadedOperation[]): string {
  return [
    { name: 'operations', table: operationsTable(operations) },
    { name: 'errors', table: errorsTable() },
  ].reduce((result, { name, table }) => replaceBetween(result, `<!-- ${name} -->`, `<!-- /${name} -->`, table), text);
}

const operationsTable = (operations: LoadedOperation[]): string =>
  tableOf(
    ['Request', 'What it does', 'Effect', 'File'],
    operations.map(({ id, operation }) => [
      `\`${operation.route}\``,
      operation.summary,
      operation.effect,
      `[${id}](functions/${id}.ts)`,
    ]),
  );

const errorsTable = (): string =>
  tableOf(
    ['`code`', 'Status', 'Retry?', 'Meaning'],
    Object.entries(errorCodes).map(([code, { status, retryable, title }]) => [
      `\`${code}\``,
      String(status),
      retryable ? 'yes' : 'no',
      title,
    ]),
  );

const tableOf = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function replaceBetween(text: string, start: string, end: string, content: string): string {
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md lacks ${start} … ${end}`);
  return `${before}${start}\n${content}\n${end}${after}`;
}

if (import.meta.main) {
  writeFileSync(readme, readmeWithTables(readFileSync(readme, 'utf8'), await loadOperations()));
}
