import type { $ZodType } from 'zod/v4/core';
import { jsonSchema } from './json-schema.ts';
import type { LoadedFunction } from './operations.ts';

export interface Provider {
  name: string;
  /** What its secret must hold. */
  secretKeys: string[];
}

/**
 * The providers that some function calls.
 * @throws Error naming the file that exports no schema of the secret
 */
export function loadProviders(operations: LoadedFunction[]): Promise<Provider[]> {
  const names = new Set(operations.flatMap(({ operation }) => operation.providers));
  return Promise.all([...names].sort().map(load));
}

async function load(name: string): Promise<Provider> {
  const types = (await import(`../functions/${name}/client/types.ts`)) as Record<string, $ZodType | undefined>;
  const schema = types[`${name}Secret`];
  if (!schema) throw new Error(`functions/${name}/client/types.ts exports no ${name}Secret`);
  return { name, secretKeys: jsonSchema(schema, 'input').required ?? [] };
}
