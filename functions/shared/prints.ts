import { createHmac } from 'node:crypto';

/** Keyed fingerprints of fields: they can be compared, and tell nothing of the values to who lacks the key. */
export type Prints = Record<string, string>;

export const printOf = (key: string, value: unknown): string =>
  createHmac('sha256', key).update(JSON.stringify(value)).digest('base64url').slice(0, 22);

export const printsOf = (key: string, fields: Record<string, unknown>): Prints =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, printOf(key, value)]));
