import { NestedStack, Tags } from 'aws-cdk-lib';
import type { Tracing } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { BundledOperation } from '../bundle.ts';
import type { LoadedFunction } from '../operations.ts';
import type { Settings } from '../settings.ts';
import type { Api } from './api.ts';
import type { Egress } from './egress.ts';
import { OperationFunction } from './operation-function.ts';
import type { ProviderSecret } from './provider-secret.ts';
import type { Schedules } from './schedules.ts';
import type { Store } from './store.ts';

/** What the functions of all folders share. */
export interface SharedProps {
  settings: Settings;
  bundles: Map<string, BundledOperation>;
  tracing: Tracing;
  api: Api;
  schedules: Schedules;
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
    const { settings, bundles, tracing, api, schedules, store, secrets, egress } = this.#shared;
    const { name, operation } = loaded;
    const bundle = bundles.get(loaded.id);
    if (!bundle) throw new Error(`there is no bundle of ${loaded.id}`);
    const callsProviders = operation.providers.length > 0;

    const { fn } = new OperationFunction(this, name, {
      operation: loaded,
      bundle,
      settings,
      tracing,
      egress: callsProviders ? egress : undefined,
    });
    for (const secret of secrets) if (operation.providers.includes(secret.provider)) secret.allowRead(fn);
    if (bundle.inputs.includes('functions/shared/store.ts')) store.allowUse(fn);
    if ('route' in operation) api.addRoute(fn, operation);
    else schedules.add(fn, operation);
  }
}
