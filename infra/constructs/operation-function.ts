import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type FunctionProps,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Size } from '../../functions/shared/schedule.ts';
import type { BundledOperation } from '../bundle.ts';
import { environmentOf } from '../environment.ts';
import { functionNameOf, isEvent, isLostEvents, isRouted, isScheduled, type LoadedFunction } from '../operations.ts';
import type { Settings } from '../settings.ts';
import type { Egress } from './egress.ts';
import type { Workflows } from './workflows.ts';

export interface OperationFunctionProps {
  operation: LoadedFunction;
  bundle: BundledOperation;
  settings: Settings;
  egress: Egress | undefined;
  /** For a workflow; any other function ends with its invocation. */
  durability: Workflows['durability'] | undefined;
  tracing: Tracing;
}

/** One operation as a Lambda with its log. Its role may write that log and traces; whoever gives it more grants that. */
export class OperationFunction extends Construct {
  readonly fn: LambdaFunction;

  constructor(scope: Construct, id: string, props: OperationFunctionProps) {
    super(scope, id);
    const { operation, bundle, settings, egress, durability, tracing } = props;
    const { providers, summary } = operation.operation;
    const functionName = functionNameOf(settings.stage, operation.id);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    logGroup.grantWrite(role);

    this.fn = new LambdaFunction(this, 'Function', {
      functionName,
      description: summary,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundle.directory),
      handler: 'index.handler',
      ...sizeOf(operation),
      role,
      logGroup,
      tracing,
      environment: environmentOf(bundle, providers, settings),
      ...egress?.placement,
      ...durability,
    });
    egress?.allowConnect(this.fn, functionName);
    if (!durability) this.#acknowledgeNoDeadLetters(operation);
    if (tracing === Tracing.DISABLED) {
      Validations.of(this.fn).acknowledge({ id: 'Serverless-LambdaTracing', reason: 'Off in the regions of China' });
    }
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Traces and network interfaces have no resource to name beforehand; the code is denied the interfaces',
    });
  }

  #acknowledgeNoDeadLetters(operation: LoadedFunction): void {
    Validations.of(this.fn).acknowledge({ id: 'Serverless-LambdaDLQ', reason: whyNoDeadLetters(operation) });
  }
}

function whyNoDeadLetters(operation: LoadedFunction): string {
  if (isRouted(operation)) return 'API Gateway waits for the answer: a failure reaches the caller, none is queued';
  if (isEvent(operation) || isLostEvents(operation))
    return 'The event holds names and phones: the function itself puts its id aside, and the reason';
  return 'The event of a schedule holds nothing to keep: the next run does what this one could not';
}

/** API Gateway waits for 30 s at most. */
const usual: Size = { seconds: 28, megabytes: 256 };

function sizeOf(operation: LoadedFunction): Pick<FunctionProps, 'memorySize' | 'timeout'> {
  const { seconds, megabytes } = (isScheduled(operation) ? operation.operation.size : undefined) ?? usual;
  return { memorySize: megabytes, timeout: Duration.seconds(seconds) };
}
