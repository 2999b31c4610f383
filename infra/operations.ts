import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { defineEvent, EventOperation } from '../functions/shared/event.ts';
import type { defineLostEvents, LostEventOperation } from '../functions/shared/lost-event.ts';
import type { defineOperation, Operation, Route } from '../functions/shared/operation.ts';
import type { defineWorkflow, WorkflowOperation } from '../functions/shared/runs/workflow.ts';
import type { defineSchedule, ScheduledOperation } from '../functions/shared/schedule.ts';

export interface OperationEntry {
  /** `<folder>/<name>`, such as `wecom/delete-user`. */
  id: string;
  folder: string;
  name: string;
  /** The absolute path of the module. */
  entry: string;
}

export interface LoadedOperation extends OperationEntry {
  handler: ReturnType<typeof defineOperation>;
  operation: Operation;
}

export interface LoadedSchedule extends OperationEntry {
  handler: ReturnType<typeof defineSchedule>;
  operation: ScheduledOperation;
}

export interface LoadedWorkflow extends OperationEntry {
  handler: ReturnType<typeof defineWorkflow>;
  operation: WorkflowOperation;
}

export interface LoadedEvent extends OperationEntry {
  handler: ReturnType<typeof defineEvent>;
  operation: EventOperation;
}

export interface LoadedLostEvents extends OperationEntry {
  handler: ReturnType<typeof defineLostEvents>;
  operation: LostEventOperation;
}

/** Every file that is a Lambda. */
export type LoadedFunction = LoadedOperation | LoadedSchedule | LoadedWorkflow | LoadedEvent | LoadedLostEvents;

export type Method = Route extends `${infer Name} /${string}` ? Name : never;

const functionsRoot = fileURLToPath(new URL('../functions', import.meta.url));

/** A file is a Lambda because of where it is: directly in a folder of `functions/`, except `shared`. */
export const findOperations = (root = functionsRoot): OperationEntry[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /^(?!shared\/)[^/]+\/[^/.]+\.ts$/.test(path))
    .sort()
    .map((path) => {
      const [folder, name] = [dirname(path), basename(path, '.ts')];
      return { id: `${folder}/${name}`, folder, name, entry: join(root, path) };
    });

/** The operations with a route. @throws Error naming a file that exports no operation */
export const loadOperations = async (): Promise<LoadedOperation[]> => (await loadFunctions()).filter(isRouted);

/** The operations that run on a schedule. @throws Error naming a file that exports no operation */
export const loadSchedules = async (): Promise<LoadedSchedule[]> => (await loadFunctions()).filter(isScheduled);

/** The durable functions, which are started by others. @throws Error naming a file that exports no operation */
export const loadWorkflows = async (): Promise<LoadedWorkflow[]> => (await loadFunctions()).filter(isWorkflow);

/** The operations that an event starts. @throws Error naming a file that exports no operation */
export const loadEvents = async (): Promise<LoadedEvent[]> => (await loadFunctions()).filter(isEvent);

/** Those that get what the functions of events could not do. @throws Error naming a file that exports no operation */
export const loadLostEvents = async (): Promise<LoadedLostEvents[]> => (await loadFunctions()).filter(isLostEvents);

/** All of them. @throws Error naming a file that exports no operation */
export const loadFunctions = (): Promise<LoadedFunction[]> => Promise.all(findOperations().map(load));

export const isRouted = (loaded: LoadedFunction): loaded is LoadedOperation => 'route' in loaded.operation;
export const isScheduled = (loaded: LoadedFunction): loaded is LoadedSchedule => 'schedule' in loaded.operation;
export const isWorkflow = (loaded: LoadedFunction): loaded is LoadedWorkflow => 'workflow' in loaded.operation;
export const isEvent = (loaded: LoadedFunction): loaded is LoadedEvent => 'event' in loaded.operation;
export const isLostEvents = (loaded: LoadedFunction): loaded is LoadedLostEvents => 'lost' in loaded.operation;

/** The name of a function in AWS, and in the sandbox. */
export const functionNameOf = (stage: string, id: string): string => `usher-${stage}-${id.replace('/', '-')}`;

async function load(found: OperationEntry): Promise<LoadedFunction> {
  const { handler } = (await import(pathToFileURL(found.entry).href)) as Exported;
  if (!handler?.operation) throw new Error(`functions/${found.id}.ts exports no handler with its operation`);
  return { ...found, handler, operation: handler.operation } as LoadedFunction;
}

interface Exported {
  handler?: LoadedFunction['handler'];
}

export function parseRoute(route: Route): { method: Method; path: string; pathFields: string[] } {
  const [method, path] = route.split(' ') as [Method, string];
  return { method, path, pathFields: [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, field]) => field ?? []) };
}
