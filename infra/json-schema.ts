import { type $ZodType, type JSONSchema, toJSONSchema } from 'zod/v4/core';

/** A schema as JSON Schema 2020-12, the dialect of OpenAPI 3.1. What it cannot express is left open. */
export function jsonSchema(schema: $ZodType, io: 'input' | 'output'): JSONSchema.BaseSchema {
  const { $schema, ...converted } = toJSONSchema(schema, { io, unrepresentable: 'any' });
  return converted;
}
