import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Tracing } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { BundledOperation } from './bundle.ts';
import { Alarms } from './constructs/alarms.ts';
import { Api } from './constructs/api.ts';
import { Egress } from './constructs/egress.ts';
import { Events } from './constructs/events.ts';
import { OperationsStack } from './constructs/operations-stack.ts';
import { ProviderSecret } from './constructs/provider-secret.ts';
import { Schedules } from './constructs/schedules.ts';
import { Store } from './constructs/store.ts';
import { Workflows } from './constructs/workflows.ts';
import { isLostEvents, isWorkflow, type LoadedFunction } from './operations.ts';
import type { Provider } from './providers.ts';
import type { Settings } from './settings.ts';

export interface UsherStackProps extends Pick<StackProps, 'env'> {
  settings: Settings;
  operations: LoadedFunction[];
  providers: Provider[];
  /** One for each operation. */
  bundles: BundledOperation[];
}

/** What is stateful, and the API; the functions of each folder of `functions/` are a nested stack. */
export class UsherStack extends Stack {
  constructor(scope: Construct, id: string, { env, settings, operations, providers, bundles }: UsherStackProps) {
    const { stage, auth, alarmEmail } = settings;
    const existingArns: Record<string, string | undefined> = settings.existingSecretArns;
    super(scope, id, {
      ...(env && { env }),
      stackName: `Usher-${stage}`,
      description: 'Usher: accounts in WeCom, DingTalk and WibiClick',
    });
    Tags.of(this).add('usher:stage', stage);

    const api = new Api(this, 'Api', { stage, auth });
    const store = new Store(this, 'Store', { stage });
    const schedules = new Schedules(this, 'Schedules', { stage });
    const workflows = new Workflows(this, 'Workflows', { stage, workflows: operations.filter(isWorkflow) });
    const events = new Events(this, 'Events', { stage, lostEvents: operations.find(isLostEvents) });
    const egress = settings.egress === 'fixed' ? new Egress(this, 'Egress', { stage }) : undefined;
    const secrets = providers.map(
      (provider) =>
        new ProviderSecret(this, `${provider.name}-secret`, {
          stage,
          provider,
          existingArn: existingArns[provider.name],
        }),
    );
    const shared = {
      settings,
      bundles: new Map(bundles.map((bundle) => [bundle.id, bundle])),
      tracing: this.region.startsWith('cn-') ? Tracing.DISABLED : Tracing.ACTIVE,
      api,
      schedules,
      workflows,
      events,
      store,
      secrets,
      egress,
    };
    for (const [folder, members] of Map.groupBy(operations, ({ folder }) => folder)) {
      new OperationsStack(this, folder, members, shared);
    }
    const alarms = new Alarms(this, 'Alarms', { stage, alarmEmail, api, store, schedules, workflows, events });

    new CfnOutput(this, 'ApiUrl', { value: api.url });
    new CfnOutput(this, 'AlarmTopicArn', { value: alarms.topicArn });
    for (const { provider, fillCommand } of secrets) {
      new CfnOutput(this, `${provider}SecretCommand`, { value: fillCommand });
    }
    for (const [index, value] of (egress?.addresses ?? []).entries()) {
      new CfnOutput(this, `EgressAddress${index + 1}`, { value });
    }
  }
}
