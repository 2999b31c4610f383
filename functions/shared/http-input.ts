import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type FieldError, invalidInput, type OperationError } from './errors.ts';

const mib = 1024 * 1024;

/** What an operation takes beside path, query and a JSON body of at most 1 MiB. */
export interface HttpForm {
  /** Request headers that are fields of the input, in lower case. */
  headers?: string[];
  /** The field that holds the text of a body of type text/csv. */
  csvBody?: string;
  maxBodyMiB?: number;
}

/**
 * Path, query, declared headers and body of an HTTP API event (payload v2) as one flat object.
 * @throws OperationError `invalid_input`, when one name has two different values, or the body is no JSON object, not
 * UTF-8, too large, or holds what no field may hold
 */
export function readHttpInput(event: APIGatewayProxyEventV2, form: HttpForm): Record<string, unknown> {
  const input = new Map<string, unknown>();
  const errors: FieldError[] = [];
  const parts = [
    ...Object.entries(event.pathParameters ?? {}),
    ...new URLSearchParams(event.rawQueryString),
    ...Object.entries(event.headers).filter(([name]) => form.headers?.includes(name)),
    ...Object.entries(readBody(event, form)),
  ];
  for (const [name, value] of parts) {
    if (name === '__proto__') errors.push({ path: name, message: 'unknown field; remove it' });
    if (!input.has(name)) input.set(name, value);
    else if (input.get(name) !== value) {
      errors.push({ path: name, message: 'is given twice with different values; give it once' });
    }
  }
  if (errors.length > 0) throw invalidInput(errors);
  return Object.fromEntries(input);
}

function readBody(event: APIGatewayProxyEventV2, { csvBody, maxBodyMiB = 1 }: HttpForm): Record<string, unknown> {
  const type = (event.headers['content-type'] ?? '').toLowerCase().replace(/\s*(;.*)?$/, '');
  const isCsv = csvBody !== undefined && type === 'text/csv';
  if (!event.body && !isCsv) return {};
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > maxBodyMiB * mib) throw refusedBody(`must be at most ${maxBodyMiB} MiB`);
  if (isCsv) return { [csvBody]: decode(bytes, 'save it as CSV UTF-8') };
  if (type === 'application/json') return readObject(decode(bytes, 'encode it so'));
  const types = csvBody === undefined ? 'application/json' : 'text/csv or application/json';
  throw invalidInput([{ path: 'content-type', message: `must be ${types}` }]);
}

function decode(bytes: Buffer, fix: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refusedBody(`is not UTF-8: ${fix}`);
  }
}

function readObject(text: string): Record<string, unknown> {
  const value = readJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusedBody('must be a JSON object');
  return value as Record<string, unknown>;
}

const refusedBody = (message: string): OperationError => invalidInput([{ path: 'body', message }]);

/** @throws OperationError `invalid_input`, when the text is no JSON, or holds what no field may hold */
export function readJson(text: string): unknown {
  const errors: FieldError[] = [];
  const value = parseOrRefuse(text, (key, held) => {
    if (key === '__proto__') errors.push({ path: key, message: 'unknown field; remove it' });
    if (typeof held === 'string' && needsEscape(held)) {
      errors.push({ path: key, message: 'must not hold control characters or half characters' });
    }
    return held;
  });
  if (errors.length > 0) throw invalidInput(errors);
  return value;
}

/** WeCom refuses \uXXXX escapes (40033), and these can be sent in no other way. */
export const needsEscape = (text: string): boolean => !text.isWellFormed() || /[^\P{Cc}\t\n\r]/u.test(text);

function parseOrRefuse(text: string, reviver: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    throw refusedBody('is not valid JSON');
  }
}
