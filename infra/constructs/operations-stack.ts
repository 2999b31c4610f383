import { NestedStack, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { LoadedOperation } from '../operations.ts';
import type { Settings } from '../settings.ts';
import type { Api } from './api.ts';
import { OperationFunction } from './operation-function.ts';
import type { ProviderSecret } from './provider-secret.ts';

export interface OperationsStackProps {
  operations: LoadedOperation[];
  bundleRoot: string;
  settings: Settings;
  api: Api;
  secrets: ProviderSecret[];
}

/** The operations of one folder of `functions/`: a stack of their own, since all in one would pass 500 resources. */
export class OperationsStack extends NestedStack {
  constructor(
    scope: Construct,
    folder: string,
    { operations, bundleRoot, settings, api, secrets }: OperationsStackProps,
  ) {
    super(scope, folder);
    Tags.of(this).add('usher:folder', folder);
    for (const loaded of operations) {
      const { fn } = new OperationFunction(this, loaded.name, { operation: loaded, bundleRoot, settings });
      const readable = secrets.filter(({ provider }) => loaded.operation.providers.includes(provider));
      for (const secret of readable) secret.allowRead(fn);
      api.addRoute(fn, loaded.operation);
    }
  }
}
