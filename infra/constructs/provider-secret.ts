import { Aws, RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { secretIdEnv } from '../../functions/shared/env-names.ts';
import type { Provider } from '../providers.ts';

/** The credentials of one provider: filled by an operator, kept when the stack goes. */
export class ProviderSecret extends Construct {
  readonly provider: string;
  /** What an operator types to put the credentials in place. */
  readonly fillCommand: string;
  readonly #secret: Secret;

  constructor(scope: Construct, id: string, { stage, provider }: { stage: string; provider: Provider }) {
    super(scope, id);
    const secretName = `usher/${stage}/${provider.name}`;
    this.provider = provider.name;
    this.fillCommand = fillCommand(secretName, provider.secretKeys);
    this.#secret = new Secret(this, 'Secret', {
      secretName,
      description: `What Usher signs in to ${provider.name} with`,
      // Rather than a generated value, which would look like a credential. CloudFormation leaves later values alone.
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this.#secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: "Only a person in the provider's console can renew this value",
    });
  }

  /** Gives the right to read together with the variable that is useless without it. */
  allowRead(fn: LambdaFunction): void {
    this.#secret.grantRead(fn);
    fn.addEnvironment(secretIdEnv(this.provider), this.#secret.secretArn);
  }
}

function fillCommand(secretName: string, keys: string[]): string {
  const value = JSON.stringify(Object.fromEntries(keys.map((key) => [key, '...'])));
  return `aws secretsmanager put-secret-value --region ${Aws.REGION} --secret-id ${secretName} --secret-string '${value}'`;
}
