import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import type { FieldError } from './errors.ts';

z.config({
  ...en(),
  customError: ({ code, input }) => (code === 'invalid_type' && input === undefined ? 'is required' : undefined),
});

/**
 * Adds what only the OpenAPI document shows: a description, an example, limits that a check cannot express.
 * @returns a copy, so that other fields of the same schema stay as they are
 */
export const documented = <Schema extends z.core.$ZodType>(schema: Schema, about: Record<string, unknown>): Schema => {
  const copy = z.clone(schema);
  z.globalRegistry.add(copy, about);
  return copy;
};

const between = (count: number, min: number, max: number) => count >= min && count <= max;

/** A string of `min` to `max` characters (code points, so that an emoji or a rare Han character counts as one). */
export const characters = (min: number, max: number) =>
  documented(
    z
      .string()
      .check(
        z.refine((value) => between([...value].length, min, max), { error: `must have ${min} to ${max} characters` }),
      ),
    { minLength: min, maxLength: max },
  );

/** A string of `min` to `max` bytes of UTF-8. */
export const bytes = (min: number, max: number) =>
  documented(
    z
      .string()
      .check(
        z.refine((value) => between(Buffer.byteLength(value), min, max), { error: `must have ${min} to ${max} bytes` }),
      ),
    { minLength: 1, maxLength: max, description: `${min} to ${max} bytes of UTF-8` },
  );

/** An absolute https URL without user info, query or fragment; http only for loopback. A path prefix is kept. */
export const baseUrl = z
  .string()
  .check(z.refine(isBaseUrl, { error: 'must be an absolute https URL without user, query and fragment' }));

function isBaseUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  const secure =
    protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
  return secure && [username, password, search, hash].every((part) => part === '');
}

/** What is wrong, by field, without repeating any value. An unknown field is named in its own path. */
export const fieldErrors = (issues: readonly z.core.$ZodIssue[]): FieldError[] =>
  issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: 'unknown field; remove it' }))
      : [{ path: pathOf(issue.path), message: issue.message }],
  );

const pathOf = (path: PropertyKey[]): string => path.map(String).join('.') || 'body';
