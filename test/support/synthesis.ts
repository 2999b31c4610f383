import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, NestedStack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { type BundledOperation, bundleOperations } from '../../infra/bundle.ts';
import {
  isEvent,
  isRouted,
  isScheduled,
  isWorkflow,
  loadFunctions,
  type OperationEntry,
} from '../../infra/operations.ts';
import { loadProviders } from '../../infra/providers.ts';
import { parseSettings } from '../../infra/settings.ts';
import { UsherStack } from '../../infra/stack.ts';
import type { Json } from './invoke.ts';

export interface Resource {
  /** The construct id of its stack: `UsherStack` or a folder of `functions/`. */
  stack: string;
  id: string;
  Type: string;
  Properties: Json;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export const functions = await loadFunctions();
export const operations = functions.filter(isRouted);
export const schedules = functions.filter(isScheduled);
export const workflows = functions.filter(isWorkflow);
export const eventFunctions = functions.filter(isEvent);
const providers = await loadProviders(functions);

/** The stack asks a bundle only which sources it holds, so an empty folder stands for its content. */
export const bundles = await bundlesWithoutContent();

async function bundlesWithoutContent(): Promise<BundledOperation[]> {
  const outdir = mkdtempSync(join(tmpdir(), 'usher-'));
  const bundled = await bundleOperations(outdir);
  rmSync(outdir, { recursive: true });
  mkdirSync(outdir);
  return bundled.map((bundle) => ({ ...bundle, directory: outdir }));
}

/** What CloudFormation would get: the resources of the stack and of its nested stacks in one list, and the outputs. */
export function synthesize(settings: object, region?: string) {
  const app = new App();
  const root = new UsherStack(app, 'UsherStack', {
    settings: parseSettings(settings),
    operations: functions,
    providers,
    bundles,
    ...(region && { env: { region } }),
  });
  const nested = root.node.findAll().filter((construct) => construct instanceof NestedStack);
  const resources = [root, ...nested].flatMap((stack) =>
    Object.entries<Omit<Resource, 'stack' | 'id'>>(Template.fromStack(stack).toJSON().Resources).map(
      ([id, resource]): Resource => ({ stack: stack.node.id, id, ...resource }),
    ),
  );
  const outputs: Json = Template.fromStack(root).toJSON().Outputs;
  return { app, resources, outputs };
}

/** What was made for one function, found from the function on by what refers to what. */
export function deployed({ id, folder }: OperationEntry, resources: Resource[]) {
  const all = (type: string, wanted: (resource: Resource) => boolean): Resource[] =>
    resources.filter((one) => one.stack === folder && one.Type === type && wanted(one));
  const only = (type: string, wanted: (resource: Resource) => boolean): Resource => {
    const [resource, ...others] = all(type, wanted);
    if (!resource || others.length > 0) throw new Error(`${id}: not one ${type}`);
    return resource;
  };
  const refersTo = (value: Json, { id }: Resource) => JSON.stringify(value ?? '').includes(`"${id}"`);

  const fn = only('AWS::Lambda::Function', (one) => one.Properties.FunctionName.endsWith(`-${id.replace('/', '-')}`));
  const role = only('AWS::IAM::Role', (one) => refersTo(fn.Properties.Role, one));
  const policy = only('AWS::IAM::Policy', (one) => refersTo(one.Properties.Roles, role));
  const log = only('AWS::Logs::LogGroup', (one) => refersTo(fn.Properties.LoggingConfig, one));

  /** What its route consists of. */
  const http = () => {
    const integration = only('AWS::ApiGatewayV2::Integration', (one) => refersTo(one.Properties.IntegrationUri, fn));
    const route = only('AWS::ApiGatewayV2::Route', (one) => refersTo(one.Properties.Target, integration));
    const permission = only('AWS::Lambda::Permission', (one) => refersTo(one.Properties.FunctionName, fn));
    return { route, permission };
  };
  /** What its schedule consists of. */
  const clock = () => {
    const schedule = only('AWS::Scheduler::Schedule', (one) => refersTo(one.Properties.Target.Arn, fn));
    const scheduleRole = only('AWS::IAM::Role', (one) => refersTo(schedule.Properties.Target.RoleArn, one));
    const schedulePolicy = only('AWS::IAM::Policy', (one) => refersTo(one.Properties.Roles, scheduleRole));
    return { schedule, scheduleRole, schedulePolicy };
  };
  /** What an event starts it by. */
  const bus = () => {
    const rule = only('AWS::Events::Rule', (one) => refersTo(one.Properties.Targets, fn));
    const permission = only('AWS::Lambda::Permission', (one) => refersTo(one.Properties.FunctionName, fn));
    const invocations = only('AWS::Lambda::EventInvokeConfig', (one) => refersTo(one.Properties.FunctionName, fn));
    return { rule, permission, invocations };
  };
  /** What a durable function is started by. */
  const durable = () => {
    const version = only('AWS::Lambda::Version', (one) => refersTo(one.Properties.FunctionName, fn));
    const alias = only('AWS::Lambda::Alias', (one) => refersTo(one.Properties.FunctionName, fn));
    return { version, alias };
  };
  return { fn, role, policy, log, http, clock, bus, durable };
}

/** The value with what was passed down to nested stacks in its place: ids and attributes of the root stack's resources. */
export function atRoot(value: Json, resources: Resource[]): Json {
  const passedDown = Object.assign({}, ...resources.map(({ Properties }) => Properties?.Parameters ?? {}));
  return JSON.parse(JSON.stringify(value), (_key, held) => (held?.Ref in passedDown ? passedDown[held.Ref] : held));
}
