import { Aws, CfnOutput, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { secretIdEnv } from '../../functions/shared/env-names.ts';
import type { Provider } from '../providers.ts';

/** The credentials of one provider: filled by an operator, kept when the stack goes. */
export class ProviderSecret extends Construct {
  readonly provider: string;
  readonly #secret: Secret;

  constructor(scope: Construct, id: string, { stage, provider }: { stage: string; provider: Provider }) {
    super(scope, id);
    this.provider = provider.name;
    const secretName = `usher/${stage}/${provider.name}`;
    this.#secret = new Secret(this, 'Secret', {
      secretName,
      description: `What Usher signs in to ${provider.name} with`,
      // Rather than a generated value, which would look like a credential. CloudFormation leaves later values alone.
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    new CfnOutput(this, 'FillCommand', { value: fillCommand(secretName, provider.secretKeys) });
  }

  /** Gives the right to read together with the variable that is useless without it. */
  allowRead(fn: LambdaFunction): void {
    this.#secret.grantRead(fn);
    fn.addEnvironment(secretIdEnv(this.provider), this.#secret.secretArn);
  }
}

function fillCommand(secretName: string, keys: string[]): string {
  const value = JSON.stringify(Object.fromEntries(keys.map((key) => [key, '…'])));
  return `aws secretsmanager put-secret-value --region ${Aws.REGION} --secret-id ${secretName} --secret-string '${value}'`;
}
