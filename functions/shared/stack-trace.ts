import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';

/**
 * The frames of a stack in terms of the source, by the map beside the bundle. Node could do that itself, but reads the
 * map at every start (`--enable-source-maps`); here it is read when there is a bug.
 */
export const framesOf = (stack: string): string[] =>
  stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => line.trim().replace(/\(?(?:file:\/\/)?(\/[^():]+):(\d+):(\d+)\)?$/, toSource));

function toSource(place: string, file: string, line: string, column: string): string {
  const map = `${file}.map`;
  if (!existsSync(map)) return place;
  const entry = new SourceMap(JSON.parse(readFileSync(map, 'utf8'))).findEntry(Number(line) - 1, Number(column) - 1);
  return 'originalSource' in entry ? `${entry.originalSource}:${entry.originalLine + 1}` : place;
}
