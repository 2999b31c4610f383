import { Annotations, Aws, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { FunctionProps, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { workflowEnv } from '../../functions/shared/env-names.ts';
import { sumOf } from '../metrics.ts';
import { functionNameOf, type LoadedWorkflow } from '../operations.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';

export interface WorkflowsProps {
  stage: string;
  workflows: LoadedWorkflow[];
}

/** The alias by which others start a workflow. */
const live = 'live';

/**
 * The durable functions, which carry out runs, and who may start and wake them. Everybody knows them by their names, so
 * that no nested stack depends on another. The event of an execution that came to no good end stays in one queue.
 */
export class Workflows extends Construct {
  readonly deadLetters: Queue;
  /** What a function takes to be durable. */
  readonly durability: Pick<
    FunctionProps,
    'durableConfig' | 'currentVersionOptions' | 'deadLetterQueue' | 'memorySize' | 'timeout'
  >;
  readonly #stage: string;
  readonly #workflows: Map<string, LoadedWorkflow>;
  readonly #errors: Metric[] = [];
  readonly #badEnds: Metric[] = [];

  constructor(scope: Construct, id: string, { stage, workflows }: WorkflowsProps) {
    super(scope, id);
    this.#stage = stage;
    this.#workflows = new Map(workflows.map((workflow) => [workflow.id, workflow]));
    // Durable functions have no on-failure destination: docs.aws.amazon.com/lambda/latest/dg/durable-invoking.html
    this.deadLetters = new DeadLetterQueue(this, 'DeadLetters', { queueName: `usher-${stage}-workflow-dead-letters` });
    this.durability = {
      // The longest that AWS allows; the history is for whoever looks why an execution ended.
      durableConfig: { executionTimeout: Duration.days(366), retentionPeriod: Duration.days(30) },
      // An execution is replayed by the version that it began on, which must be there as long as it runs.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
      deadLetterQueue: this.deadLetters,
      memorySize: 512,
      timeout: Duration.minutes(5),
    };
    for (const workflow of workflows) this.#acknowledgeWildcard(workflow);
  }

  /** Gives the function its alias, and the rights by which the engine keeps and reads the progress of an execution. */
  add(fn: LambdaFunction, { id }: LoadedWorkflow): void {
    fn.addAlias(live);
    Annotations.of(fn).acknowledgeInfo('aws-lambda:Function.DurableConfig', 'It is durable from its first deploy on');
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'],
        resources: [this.#executionsOf(id)],
      }),
    );
    const ends = ['DurableExecutionFailed', 'DurableExecutionTimedOut'];
    this.#errors.push(fn.metricErrors());
    this.#badEnds.push(...ends.map((name) => fn.metric(name, { statistic: 'Sum' })));
  }

  /**
   * Gives the rights that `shared/runs/workflow-control.ts` uses, together with the variable that is useless without.
   * @throws Error naming what is no workflow
   */
  allowStart(fn: LambdaFunction, id: string): void {
    const workflow = this.#workflows.get(id);
    if (!workflow) throw new Error(`${fn.node.path} starts ${id}, which is no workflow`);
    const alias = `${this.#arnOf(id)}:${live}`;
    const statements = [
      { actions: ['lambda:InvokeFunction'], resources: [alias] },
      {
        actions: ['lambda:GetDurableExecution', 'lambda:SendDurableExecutionCallbackSuccess'],
        resources: [this.#executionsOf(id)],
      },
    ];
    for (const statement of statements) fn.addToRolePolicy(new PolicyStatement(statement));
    fn.addEnvironment(workflowEnv(workflow.operation.workflow), alias);
  }

  /** Invocations that failed, of all functions added so far. An alarm takes at most ten metrics, so this is one of two. */
  errors(): MathExpression {
    return sumOf(this.#errors, 'Errors of workflows');
  }

  /** Executions that failed or ran out of time, of all functions added so far. */
  badEnds(): MathExpression {
    return sumOf(this.#badEnds, 'Failed executions of workflows');
  }

  /** AWS checks rights on an execution by its own ARN, which names the version and never the alias. */
  #executionsOf(id: string): string {
    return `${this.#arnOf(id)}:*/durable-execution/*`;
  }

  /** Made of pseudo parameters in every stack alike, so that cdk-nag sees one text. */
  #arnOf(id: string): string {
    return `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${functionNameOf(this.#stage, id)}`;
  }

  #acknowledgeWildcard({ id }: LoadedWorkflow): void {
    const functionArn = `arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:${functionNameOf(this.#stage, id)}`;
    Validations.of(Stack.of(this)).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${functionArn}:*/durable-execution/*]`,
      reason: 'An execution is named after its run, and belongs to the version that was current when it began',
    });
  }
}
