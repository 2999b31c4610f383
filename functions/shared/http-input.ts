import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type FieldError, invalidInput } from './errors.ts';

const maxBodyBytes = 1024 * 1024;

/**
 * Path, query and body of an HTTP API event (payload v2) as one flat object.
 * @throws OperationError `invalid_input`, when one name has two different values, or the body is no JSON object, too
 * large, or holds what no field may hold
 */
export function readHttpInput(event: APIGatewayProxyEventV2): Record<string, unknown> {
  const input = new Map<string, unknown>();
  const errors: FieldError[] = [];
  const parts = [
    ...Object.entries(event.pathParameters ?? {}),
    ...new URLSearchParams(event.rawQueryString),
    ...Object.entries(readBody(event)),
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

function readBody({ body, isBase64Encoded, headers }: APIGatewayProxyEventV2): Record<string, unknown> {
  if (!body) return {};
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
  if (Buffer.byteLength(text) > maxBodyBytes) throw invalidInput([{ path: 'body', message: 'must be at most 1 MiB' }]);
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    throw invalidInput([{ path: 'content-type', message: 'must be application/json' }]);
  }
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidInput([{ path: 'body', message: 'must be a JSON object' }]);
  }
  return value as Record<string, unknown>;
}

function parse(text: string): unknown {
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
const needsEscape = (text: string): boolean => !text.isWellFormed() || /[^\P{Cc}\t\n\r]/u.test(text);

function parseOrRefuse(text: string, reviver: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    throw invalidInput([{ path: 'body', message: 'is not valid JSON' }]);
  }
}
