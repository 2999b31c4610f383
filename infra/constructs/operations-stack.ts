import { NestedStack, Tags } from 'aws-cdk-lib';
import type { Tracing } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { BundledOperation } from '../bundle.ts';
import { isEvent, isLostEvents, isRouted, isWorkflow, type LoadedFunction } from '../operations.ts';
import type { Settings } from '../settings.ts';
import type { Api } from './api.ts';
import type { Egress } from './egress.ts';
import type { Events } from './events.ts';
import { OperationFunction } from './operation-function.ts';
import type { ProviderSecret } from './provider-secret.ts';
import type { Schedules } from './schedules.ts';
import type { Store } from './store.ts';
import type { Workflows } from './workflows.ts';

/** What the functions of all folders share. */
export interface SharedProps {
  settings: Settings;
  bundles: Map<string, BundledOperation>;
  tracing: Tracing;
  api: Api;
  schedules: Schedules;
  workflows: Workflows;
  events: Events;
  store: Store;
  secrets: ProviderSecret[];
  egress: Egress | undefined;
}

/** The operations of one folder of `functions/`: a stack of their own, since all in one would pass 500 resources. */
export class OperationsStack extends NestedStack {
  readonly #shared: SharedProps;

  constructor(scope: Construct, folder: string, operations: LoadedFunction[], shared: SharedProps) {
    super(scope, folder);
    this.#shared = shared;
    Tags.of(this).add('usher:folder', folder);
    for (const loaded of operations) this.#addFunction(loaded);
  }

  /** What a function may use follows from what it declares and from the code in its bundle. */
  #addFunction(loaded: LoadedFunction): void {
    const { settings, bundles, tracing, api, schedules, workflows, events, store, secrets, egress } = this.#shared;
    const { id, name, operation } = loaded;
    const bundle = bundles.get(id);
    if (!bundle) throw new Error(`there is no bundle of ${id}`);
    const callsProviders = operation.providers.length > 0;

    const { fn } = new OperationFunction(this, name, {
      operation: loaded,
      bundle,
      settings,
      tracing,
      egress: callsProviders ? egress : undefined,
      durability: isWorkflow(loaded) ? workflows.durability : undefined,
    });
    for (const secret of secrets) if (operation.providers.includes(secret.provider)) secret.allowRead(fn);
    if (bundle.inputs.includes('functions/shared/store.ts')) store.allowUse(fn);
    if ('starts' in operation) for (const started of operation.starts ?? []) workflows.allowStart(fn, started);
    if ('publishes' in operation && operation.publishes) events.allowPublish(fn);
    if (isRouted(loaded)) api.addRoute(fn, loaded.operation);
    else if (isWorkflow(loaded)) workflows.add(fn, loaded);
    else if (isEvent(loaded)) events.add(fn, loaded.operation);
    else if (isLostEvents(loaded)) events.allowBury(fn);
    else schedules.add(fn, loaded.operation);
  }
}
