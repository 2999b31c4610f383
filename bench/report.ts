import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

const resultsFile = new URL('results.md', import.meta.url);
const title =
  '# Results of the benchmarks\n\nWritten by the commands that each section names; figures are from one machine and comparable within a table only.\n';

/** Shows a section and writes it into `bench/results.md`, in place of the one with the same heading. */
export function report(heading: string, command: string, paragraphs: string[]): void {
  const section = [`## ${heading}`, `\`${command}\`, ${conditions()}.`, ...paragraphs].join('\n\n');
  console.log(`\n${section}\n`);
  const text = existsSync(resultsFile) ? readFileSync(resultsFile, 'utf8') : title;
  const [head = title, ...sections] = text.split(/^(?=## )/m);
  const others = sections.filter((other) => !other.startsWith(`## ${heading}\n`));
  const all = [...others, section].sort().map((each) => each.trim());
  writeFileSync(resultsFile, `${[head.trim(), ...all].join('\n\n')}\n`);
}

function conditions(): string {
  const date = new Date().toISOString().slice(0, 10);
  const [load = 0] = loadavg();
  return `${date}, ${cpus()[0]?.model}, ${availableParallelism()} cores (load ${load.toFixed(1)}), Node.js ${process.versions.node}`;
}

/** A table of Markdown whose source is aligned too: the first column to the left, numbers to the right. */
export function table(header: string[], rows: string[][]): string {
  const widths = header.map((name, column) => Math.max(...[name, ...rows.map((row) => row[column] ?? '')].map(length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => padded(cell, widths[column] ?? 0, column)).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

const length = (text: string): number => text.length;
const padded = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);
