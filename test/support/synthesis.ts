import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, NestedStack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { loadOperations, type OperationEntry } from '../../infra/operations.ts';
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
}

export const operations = await loadOperations();
const providers = await loadProviders(operations);

/** No template depends on what is in a bundle, so they are empty here. */
const bundleRoot = mkdtempSync(join(tmpdir(), 'usher-'));
for (const { id } of operations) mkdirSync(join(bundleRoot, id), { recursive: true });

/** What CloudFormation would get: the resources of the stack and of its nested stacks in one list, and the outputs. */
export function synthesize(settings: object) {
  const app = new App();
  const root = new UsherStack(app, 'UsherStack', {
    settings: parseSettings(settings),
    operations,
    providers,
    bundleRoot,
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

/** What was made for one operation, found from its function on by what refers to what. */
export function deployed({ id, folder }: OperationEntry, resources: Resource[]) {
  const only = (type: string, wanted: (resource: Resource) => boolean): Resource => {
    const found = resources.filter((one) => one.stack === folder && one.Type === type && wanted(one));
    const [resource, ...others] = found;
    if (!resource || others.length > 0) throw new Error(`${id}: ${found.length} of ${type}`);
    return resource;
  };
  const refersTo = (value: Json, { id }: Resource) => JSON.stringify(value).includes(`"${id}"`);

  const fn = only('AWS::Lambda::Function', (one) => one.Properties.FunctionName.endsWith(`-${id.replace('/', '-')}`));
  const role = only('AWS::IAM::Role', (one) => refersTo(fn.Properties.Role, one));
  const log = only('AWS::Logs::LogGroup', (one) => refersTo(fn.Properties.LoggingConfig, one));
  const policy = only('AWS::IAM::Policy', (one) => refersTo(one.Properties.Roles, role));
  const integration = only('AWS::ApiGatewayV2::Integration', (one) => refersTo(one.Properties.IntegrationUri, fn));
  const route = only('AWS::ApiGatewayV2::Route', (one) => refersTo(one.Properties.Target, integration));
  const permission = only('AWS::Lambda::Permission', (one) => refersTo(one.Properties.FunctionName, fn));
  return { fn, role, log, policy, route, permission };
}

/** The name of the secret that a reference inside a nested stack stands for. */
export function secretName({ Ref }: { Ref: string }, resources: Resource[]): string {
  const passedDown = resources.map(({ Properties }) => Properties?.Parameters?.[Ref]?.Ref).find(Boolean);
  return resources.find(({ stack, id }) => stack === 'UsherStack' && id === passedDown)?.Properties.Name;
}
