import { Aws, Duration, Stack } from 'aws-cdk-lib';
import type { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ScheduledOperation } from '../../functions/shared/schedule.ts';
import { sumOf } from '../metrics.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';

/** What runs by the clock. A run that EventBridge Scheduler could not start ends in one queue. */
export class Schedules extends Construct {
  readonly deadLetters: Queue;
  readonly #errors: Metric[] = [];

  constructor(scope: Construct, id: string, { stage }: { stage: string }) {
    super(scope, id);
    this.deadLetters = new DeadLetterQueue(this, 'DeadLetters', { queueName: `usher-${stage}-schedule-dead-letters` });
  }

  /** Runs the function by its schedule, under a role that may do nothing else. */
  add(fn: LambdaFunction, { schedule, summary }: ScheduledOperation): void {
    const role = new Role(fn, 'ScheduleRole', { assumedBy: onlySchedulesOf(Stack.of(fn)) });
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }));
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }));
    const made = new CfnSchedule(fn, 'Schedule', {
      description: summary,
      scheduleExpression: schedule,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: fn.functionArn,
        roleArn: role.roleArn,
        retryPolicy: { maximumRetryAttempts: 5, maximumEventAgeInSeconds: Duration.minutes(15).toSeconds() },
        deadLetterConfig: { arn: this.deadLetters.queueArn },
      },
    });
    made.node.addDependency(role);
    this.#errors.push(fn.metricErrors());
  }

  /** Runs that failed, of all functions added so far. */
  errors(): MathExpression {
    return sumOf(this.#errors, 'Errors of scheduled functions');
  }
}

/** Scheduler takes the role for no other account, and for no group but the one that the schedules are in. */
const onlySchedulesOf = (stack: Stack): ServicePrincipal =>
  new ServicePrincipal('scheduler.amazonaws.com', {
    conditions: {
      StringEquals: {
        'aws:SourceAccount': Aws.ACCOUNT_ID,
        'aws:SourceArn': stack.formatArn({ service: 'scheduler', resource: 'schedule-group', resourceName: 'default' }),
      },
    },
  });
