import { finish, type Handler, newContext, readTask, requireSuccess } from './measured.ts';

export interface ColdTask {
  file: string;
  event: object;
}

export interface ColdTimes {
  initMs: number;
  requestMs: number;
}

const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);

/** Does as Lambda's runtime: what is no ES module is not loaded as one. */
const load = async (file: string): Promise<{ handler: Handler }> =>
  file.endsWith('.mjs') ? import(file) : require(file);

const { file, event } = readTask<ColdTask>();
const context = newContext();

const startedAt = performance.now();
const { handler } = await load(file);
const loadedAt = performance.now();
const answer = await handler(event, context);
const answeredAt = performance.now();

requireSuccess(answer);
finish({ initMs: loadedAt - startedAt, requestMs: answeredAt - loadedAt } satisfies ColdTimes);
