import * as z from 'zod/mini';
import type { BulkOperation } from '../../shared/bulk.ts';
import { columnName, readCsv } from '../../shared/csv.ts';
import { type FieldError, invalidInput, OperationError, refuseAny } from '../../shared/errors.ts';
import { readJson } from '../../shared/http-input.ts';
import type { ObjectSchema } from '../../shared/operation.ts';
import { fieldErrors } from '../../shared/schema.ts';

export const maxRows = 10_000;
/** The store takes 400 KB, of which a row needs some for itself. */
const maxRowKiB = 256;

/** The rows of a job: the text of a CSV file, or objects. */
export type GivenRows = { csv: string } | { items: unknown[] };

interface Row {
  /** How an error names the row, or one of its fields. */
  pathOf(field?: string): string;
  parsed: z.core.util.SafeParseResult<object>;
}

/**
 * The inputs of one operation, checked by its schema, in the order of the rows. An account may stand in one row only,
 * since nothing tells which of two comes first; a user of WibiClick in one row for each website.
 * @throws OperationError `invalid_input`, which lists the first bad rows and names fields, and no cell
 */
export function toInputs(operation: BulkOperation, given: GivenRows): { inputs: object[] } {
  const rows = 'csv' in given ? rowsOfCsv(operation, given.csv) : rowsOfItems(operation, given.items);
  const inputs: object[] = [];
  const errors: FieldError[] = [];
  const taken = new Map<string, string>();
  for (const { pathOf, parsed } of rows) {
    if (!parsed.success) {
      errors.push(...refusals(parsed.error.issues, pathOf));
      continue;
    }
    const target = `${operation.subject(parsed.data)} ${Reflect.get(parsed.data, 'websiteId') ?? ''}`;
    const earlier = taken.get(target);
    if (earlier !== undefined)
      errors.push({ path: pathOf(), message: `is for the same account as ${earlier}; keep one` });
    taken.set(target, earlier ?? pathOf());
    if (Buffer.byteLength(JSON.stringify(parsed.data)) > maxRowKiB * 1024)
      errors.push({ path: pathOf(), message: `must be at most ${maxRowKiB} KiB` });
    inputs.push(parsed.data);
  }
  refuseAny(errors);
  refuseAny(takersWhoLeave(operation, rows, inputs));
  return { inputs };
}

/** What a leaver hands over must not go to the next one. */
function takersWhoLeave(operation: BulkOperation, rows: Row[], inputs: object[]): FieldError[] {
  const leaving = new Set(inputs.filter(operation.removesAccess).map(operation.subject));
  return inputs.flatMap((input, index) =>
    operation
      .takers(input)
      .filter(({ userid }) => leaving.has(`${operation.provider}:${userid}`))
      .map(({ path }) => ({ path: rows[index]?.pathOf(path) ?? path, message: 'is removed by the same job' })),
  );
}

function rowsOfItems({ input }: BulkOperation, items: unknown[]): Row[] {
  const count = items.length;
  if (count === 0) throw invalidInput([{ path: 'items', message: 'must have at least one item' }]);
  if (count > maxRows)
    throw invalidInput([{ path: 'items', message: `must have at most ${maxRows} items, not ${count}` }]);
  return items.map((item, index) => ({
    pathOf: (field) => (field === undefined ? `items[${index}]` : `items[${index}].${field}`),
    parsed: input.safeParse(item),
  }));
}

function rowsOfCsv({ input }: BulkOperation, csv: string): Row[] {
  const { header, rows } = readCsv(csv, maxRows);
  requireFields(input, header);
  return rows.map(({ line, cells }) => ({
    pathOf: (field) => (field === undefined ? `row ${line}` : `row ${line}: ${field}`),
    parsed: parseCells(input, cells),
  }));
}

const refusals = (issues: z.core.$ZodIssue[], pathOf: Row['pathOf']): FieldError[] =>
  fieldErrors(issues).map(({ path, message }) => ({ path: pathOf(path === 'body' ? undefined : path), message }));

/** Every column is a field, and every required field has a column. */
function requireFields(input: ObjectSchema, header: string[]): void {
  const shape = shapeOf(input);
  const fields = Object.keys(shape);
  const unknown = header.flatMap((name, index) =>
    fields.includes(name)
      ? []
      : [{ path: 'header', message: `${columnName(name, index)} is no field; the fields are ${fields.join(', ')}` }],
  );
  const lacking = Object.entries(shape)
    .filter(([name, field]) => !header.includes(name) && !z.safeParse(field, undefined).success)
    .map(([name]) => ({ path: 'header', message: `lacks ${name}, which is required` }));
  refuseAny([...unknown, ...lacking]);
}

function shapeOf(input: ObjectSchema): z.core.$ZodShape {
  if (input instanceof z.ZodMiniObject) return input.shape;
  throw new Error('the input of an operation must be an object schema');
}

/** An empty cell leaves its field out. A cell is text; where the schema wants another type, it is the JSON of a value. */
function parseCells(input: ObjectSchema, cells: Record<string, string>): Row['parsed'] {
  const texts = Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ''));
  const parsed = input.safeParse(texts);
  if (parsed.success) return parsed;
  const mistyped = new Set(parsed.error.issues.filter(isAboutType).map(({ path: [field] }) => field));
  if (mistyped.size === 0) return parsed;
  const values = Object.entries(texts).map(([name, cell]) => [name, mistyped.has(name) ? typed(cell) : cell]);
  return input.safeParse(Object.fromEntries(values));
}

const isAboutType = ({ code, path }: z.core.$ZodIssue): boolean =>
  path.length === 1 && ['invalid_type', 'invalid_union', 'invalid_value'].includes(code);

/** Spreadsheets write TRUE and FALSE. What is no JSON stays text, which the schema refuses again. */
function typed(cell: string): unknown {
  try {
    return readJson(/^(true|false)$/i.test(cell) ? cell.toLowerCase() : cell);
  } catch (error) {
    if (error instanceof OperationError) return cell;
    throw error;
  }
}
