import { Aws, Duration, Validations } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { env } from '../../functions/shared/env-names.ts';
import type { EventOperation } from '../../functions/shared/event.ts';
import { functionNameOf, type LoadedLostEvents } from '../operations.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';

export interface EventsProps {
  stage: string;
  /** Gets the events that failed. */
  lostEvents: LoadedLostEvents | undefined;
}

/**
 * The bus on which HR tells who joins and leaves, and Usher what it has done. It has a policy for nobody: who may put
 * events is a right of the sender in this account. What is kept of a bad or lost event lies in one queue; who puts it
 * there is known by name, so that no nested stack depends on another.
 */
export class Events extends Construct {
  readonly deadLetters: Queue;
  readonly #bus: EventBus;
  readonly #lostEvents: string | undefined;
  readonly #failures: Metric[] = [];

  constructor(scope: Construct, id: string, { stage, lostEvents }: EventsProps) {
    super(scope, id);
    this.#lostEvents = lostEvents && arnOf(functionNameOf(stage, lostEvents.id));
    this.#bus = new EventBus(this, 'Bus', { eventBusName: `usher-${stage}`, description: `Usher ${stage}` });
    this.deadLetters = new DeadLetterQueue(this, 'DeadLetters', { queueName: `usher-${stage}-event-dead-letters` });
  }

  /** Lets the function have its events, each again when it fails, and the right to put a bad one aside. */
  add(fn: LambdaFunction, { event, summary }: EventOperation): void {
    const destination = this.#lostEvents;
    if (!destination) throw new Error(`no function gets what ${fn.node.path} cannot do`);
    fn.configureAsyncInvoke({
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      onFailure: { bind: () => ({ destination }) },
    });
    fn.addToRolePolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [destination] }));
    const rule = new Rule(fn, 'Rule', {
      description: summary,
      eventBus: this.#bus,
      eventPattern: { source: [event.source], detailType: [event.detailType] },
      targets: [new LambdaTarget(fn, { retryAttempts: 185, maxEventAge: Duration.hours(24) })],
    });
    Validations.of(rule).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'It would keep the event, which holds names and phones. What cannot be delivered for a day is alarmed',
    });
    this.allowBury(fn);
    this.#failures.push(fn.metricErrors(), this.#failedInvocations(rule));
  }

  /** Gives the right to put an event aside, together with the variable that is useless without it. */
  allowBury(fn: LambdaFunction): void {
    fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }));
    fn.addEnvironment(env.eventDeadLetters, this.deadLetters.queueUrl);
  }

  /** Gives the right to put events on the bus, together with the variable that is useless without it. */
  allowPublish(fn: LambdaFunction): void {
    fn.addToRolePolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources: [this.#bus.eventBusArn] }));
    fn.addEnvironment(env.eventBus, this.#bus.eventBusName);
  }

  /** Events that failed, and those that could not be delivered, of all functions added so far. */
  get failures(): Metric[] {
    return this.#failures;
  }

  #failedInvocations({ ruleName }: Rule): Metric {
    return new Metric({
      namespace: 'AWS/Events',
      metricName: 'FailedInvocations',
      dimensionsMap: { EventBusName: this.#bus.eventBusName, RuleName: ruleName },
      statistic: 'Sum',
    });
  }
}

const arnOf = (functionName: string): string =>
  `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${functionName}`;
