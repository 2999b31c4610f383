import { mkdirSync, writeFileSync } from 'node:fs';
import type { JSONSchema } from 'zod/v4/core';
import type { Operation } from '../functions/shared/operation.ts';
import manifest from '../package.json' with { type: 'json' };
import { jsonSchema } from './json-schema.ts';
import { jsonContent, responseSchemas, responsesOf } from './openapi-responses.ts';
import { type LoadedOperation, loadOperations, parseRoute } from './operations.ts';

/** The OpenAPI 3.1 document of the API, derived from what every operation declares. */
export const buildOpenApi = (operations: LoadedOperation[]): object => ({
  openapi: '3.1.0',
  info: { title: 'Usher', version: manifest.version, summary: manifest.description },
  servers: [{ url: '/' }],
  security: [{ sigv4: [] }],
  tags: [...new Set(operations.map(({ folder }) => folder))].map((name) => ({ name })),
  paths: pathsOf(operations),
  components: {
    schemas: responseSchemas,
    securitySchemes: {
      sigv4: {
        type: 'apiKey',
        name: 'Authorization',
        in: 'header',
        description: 'AWS Signature Version 4 for the service `execute-api`',
        'x-amazon-apigateway-authtype': 'awsSigv4',
      },
    },
  },
});

/** Comes before bundling and type checks: functions import the files. */
export function writeOpenApi(operations: LoadedOperation[]): void {
  const directory = new URL('../build/', import.meta.url);
  mkdirSync(directory, { recursive: true });
  const write = (name: string, content: object) => writeFileSync(new URL(name, directory), JSON.stringify(content));
  write('openapi.json', buildOpenApi(operations));
  write(
    'bulk-operations.json',
    operations.filter(({ handler }) => 'bulk' in handler).map(({ id }) => id),
  );
}

function pathsOf(operations: LoadedOperation[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const loaded of operations) {
    const { method, path } = parseRoute(loaded.operation.route);
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(loaded) };
  }
  return paths;
}

function operationOf({ id, folder, operation }: LoadedOperation): object {
  const { summary, description } = operation;
  return {
    operationId: id.replace('/', '-'),
    tags: [folder],
    summary,
    ...(description && { description }),
    ...requestOf(operation),
    responses: responsesOf(operation),
  };
}

/** A field is in the path if the route names it; else in the query of a GET, and in the body of any other request. */
function requestOf({ route, effect, input }: Operation): object {
  const { method, pathFields } = parseRoute(route);
  const schema = jsonSchema(input, 'input');
  const others = Object.keys(schema.properties ?? {}).filter((name) => !pathFields.includes(name));
  const inPath = pathFields.map((name) => parameterOf(schema, name, 'path'));
  if (method === 'GET') return { parameters: [...inPath, ...others.map((name) => parameterOf(schema, name, 'query'))] };
  return {
    parameters: [...inPath, ...(effect === 'read' ? [] : [idempotencyKey])],
    ...(others.length > 0 && { requestBody: bodyOf(schema, others) }),
  };
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same request with the same key is carried out once in 24 hours; a replay gets the stored answer',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const parameterOf = (
  { properties = {}, required = [] }: JSONSchema.BaseSchema,
  name: string,
  place: 'path' | 'query',
) => ({
  name,
  in: place,
  required: required.includes(name),
  schema: properties[name],
});

function bodyOf({ properties = {}, required = [], ...rules }: JSONSchema.BaseSchema, fields: string[]): object {
  const needed = required.filter((name) => fields.includes(name));
  const body = {
    ...rules,
    properties: Object.fromEntries(fields.map((name) => [name, properties[name]])),
    ...(needed.length > 0 && { required: needed }),
  };
  return { required: needed.length > 0, content: jsonContent(body) };
}

if (import.meta.main) writeOpenApi(await loadOperations());
