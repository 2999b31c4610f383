import { join } from 'node:path';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { env } from '../../functions/shared/env-names.ts';
import type { LoadedOperation } from '../operations.ts';
import type { Settings } from '../settings.ts';

export interface OperationFunctionProps {
  operation: LoadedOperation;
  bundleRoot: string;
  settings: Settings;
}

/** One operation as a Lambda. Its role may write its own log; whoever gives it more grants that. */
export class OperationFunction extends Construct {
  readonly fn: LambdaFunction;

  constructor(scope: Construct, id: string, { operation, bundleRoot, settings }: OperationFunctionProps) {
    super(scope, id);
    const { providers, summary } = operation.operation;
    const functionName = `usher-${settings.stage}-${operation.id.replace('/', '-')}`;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);

    this.fn = new LambdaFunction(this, 'Function', {
      functionName,
      description: summary,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(join(bundleRoot, operation.id)),
      handler: 'index.handler',
      memorySize: 256,
      timeout: Duration.seconds(28),
      role,
      logGroup,
      environment: {
        [env.stage]: settings.stage,
        ...(providers.includes('dingtalk') && {
          [env.dingtalkCallsPerSecond]: String(settings.dingtalkCallsPerSecond),
        }),
      },
    });
    Validations.of(this.fn).acknowledge(
      {
        id: 'Serverless-LambdaDLQ',
        reason: 'API Gateway waits for the answer: a failure reaches the caller, none is queued',
      },
      {
        id: 'Serverless-LambdaTracing',
        reason: 'Tracing is not offered yet; a request is followed by its id in the logs',
      },
    );
  }
}
