import { Aws, RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { secretIdEnv } from '../../functions/shared/env-names.ts';
import type { Provider } from '../providers.ts';

export interface ProviderSecretProps {
  stage: string;
  provider: Provider;
  /** A secret that is there already, to be read instead of a new one. */
  existingArn: string | undefined;
}

/**
 * The credentials of one provider: filled by an operator, kept when the stack goes. Secrets Manager encrypts them with
 * its own key of the account, which costs nothing and needs no further right.
 */
export class ProviderSecret extends Construct {
  readonly provider: string;
  /** What an operator types to put the credentials in place. */
  readonly fillCommand: string;
  readonly #secret: Pick<ISecret, 'secretArn' | 'grantRead'>;

  constructor(scope: Construct, id: string, { stage, provider, existingArn }: ProviderSecretProps) {
    super(scope, id);
    const secretName = `usher/${stage}/${provider.name}`;
    this.provider = provider.name;
    this.fillCommand = fillCommand(existingArn ?? secretName, provider.secretKeys);
    this.#secret = existingArn
      ? Secret.fromSecretCompleteArn(this, 'Secret', existingArn)
      : this.#create(secretName, provider.name);
  }

  /** Gives the right to read together with the variable that is useless without it. */
  allowRead(fn: LambdaFunction): void {
    this.#secret.grantRead(fn);
    fn.addEnvironment(secretIdEnv(this.provider), this.#secret.secretArn);
  }

  #create(secretName: string, provider: string): Secret {
    const secret = new Secret(this, 'Secret', {
      secretName,
      description: `What Usher signs in to ${provider} with`,
      // Rather than a generated value, which would look like a credential. CloudFormation leaves later values alone.
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: "Only a person in the provider's console can renew this value",
    });
    return secret;
  }
}

function fillCommand(secretId: string, keys: string[]): string {
  const value = JSON.stringify(Object.fromEntries(keys.map((key) => [key, '...'])));
  return `aws secretsmanager put-secret-value --region ${Aws.REGION} --secret-id ${secretId} --secret-string '${value}'`;
}
