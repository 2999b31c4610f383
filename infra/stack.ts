import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Api } from './constructs/api.ts';
import { OperationsStack } from './constructs/operations-stack.ts';
import { ProviderSecret } from './constructs/provider-secret.ts';
import type { LoadedOperation } from './operations.ts';
import type { Provider } from './providers.ts';
import type { Settings } from './settings.ts';

export interface UsherStackProps {
  settings: Settings;
  operations: LoadedOperation[];
  providers: Provider[];
  /** Holds the bundle of every operation in `<folder>/<name>/`. */
  bundleRoot: string;
}

/** What is stateful, and the API; the functions of each folder of `functions/` are a nested stack. */
export class UsherStack extends Stack {
  constructor(scope: Construct, id: string, { settings, operations, providers, bundleRoot }: UsherStackProps) {
    const { stage, auth } = settings;
    super(scope, id, { stackName: `Usher-${stage}`, description: 'Usher: accounts in WeCom, DingTalk and WibiClick' });
    Tags.of(this).add('usher:stage', stage);

    const api = new Api(this, 'Api', { stage, auth });
    const secrets = providers.map(
      (provider) => new ProviderSecret(this, `${provider.name}-secret`, { stage, provider }),
    );
    for (const [folder, members] of Map.groupBy(operations, ({ folder }) => folder)) {
      new OperationsStack(this, folder, { operations: members, bundleRoot, settings, api, secrets });
    }

    new CfnOutput(this, 'ApiUrl', { value: api.url });
    for (const { provider, fillCommand } of secrets) {
      new CfnOutput(this, `${provider}SecretCommand`, { value: fillCommand });
    }
  }
}
