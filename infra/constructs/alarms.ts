import { Aws, Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type MathExpression,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { countOf, countsOf, sumOf } from '../metrics.ts';
import type { Api } from './api.ts';
import type { Events } from './events.ts';
import type { Schedules } from './schedules.ts';
import type { Store } from './store.ts';
import type { Workflows } from './workflows.ts';

export interface AlarmsProps {
  stage: string;
  alarmEmail: string | undefined;
  api: Api;
  store: Store;
  schedules: Schedules;
  workflows: Workflows;
  events: Events;
}

interface Concern {
  /** Also the name of its section in docs/runbook.md. */
  name: string;
  what: string;
  metric: Metric | MathExpression;
  /** The alarm goes off when the metric reaches this value … */
  atLeast: number;
  /** … within so many minutes; 5 by default. */
  minutes?: number;
}

/** What somebody has to look at: one alarm for each concern, and one topic that they are sent to. */
export class Alarms extends Construct {
  readonly topicArn: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const topic = this.#createTopic(props);
    this.topicArn = topic.topicArn;
    for (const { name, what, metric, atLeast, minutes = 5 } of concernsOf(props)) {
      const alarm = new Alarm(this, name, {
        alarmName: `usher-${props.stage}-${name}`,
        alarmDescription: `${what} See docs/runbook.md#${name}`,
        metric: metric.with({ period: Duration.minutes(minutes) }),
        threshold: atLeast,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new SnsAction(topic));
    }
  }

  #createTopic({ stage, alarmEmail }: AlarmsProps): Topic {
    const topic = new Topic(this, 'Topic', { topicName: `usher-${stage}-alarms`, enforceSSL: true });
    // A topic with a policy of its own loses the default one, which lets CloudWatch in.
    const alarmsOfTheAccount = Stack.of(this).formatArn({ service: 'cloudwatch', resource: 'alarm:*' });
    topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
          ArnLike: { 'aws:SourceArn': alarmsOfTheAccount },
        },
      }),
    );
    if (alarmEmail) this.#subscribe(topic, alarmEmail);
    return topic;
  }

  #subscribe(topic: Topic, endpoint: string): void {
    const subscription = new Subscription(this, 'Email', { topic, endpoint, protocol: SubscriptionProtocol.EMAIL });
    Validations.of(subscription).acknowledge({
      id: 'Serverless-SNSRedrivePolicy',
      reason: 'SNS tries an e-mail for hours, and the state of the alarm stays in CloudWatch',
    });
  }
}

const concernsOf = ({ stage, api, store, schedules, workflows, events }: AlarmsProps): Concern[] => [
  {
    name: 'effect-in-doubt',
    what: 'A member may not be in the state that the caller was told or asked for.',
    metric: countsOf(stage, 'verification_failed', 'provider_timeout', 'effect_unknown'),
    atLeast: 1,
  },
  {
    name: 'fence-tripped',
    what: 'The budget of removals is spent: many people leave, or something removes what it should not.',
    metric: countsOf(stage, 'fence_tripped'),
    atLeast: 1,
  },
  {
    name: 'provider-access',
    what: 'A provider refuses our secret, our permissions or our address.',
    metric: countsOf(stage, 'provider_credentials', 'provider_permission', 'provider_ip_refused'),
    atLeast: 1,
  },
  {
    name: 'provider-limits',
    what: 'A provider limits our calls, or its quota is spent.',
    metric: countsOf(stage, 'provider_rate_limited', 'provider_quota'),
    atLeast: 5,
    minutes: 15,
  },
  {
    name: 'store-unavailable',
    what: 'The table cannot be used, so writes are refused.',
    metric: countsOf(stage, 'store_unavailable'),
    atLeast: 1,
  },
  {
    name: 'store-throttled',
    what: 'DynamoDB holds back writes to the table.',
    metric: store.writeThrottles,
    atLeast: 10,
  },
  {
    name: 'bug',
    what: 'A request ended with status 500: a bug, or a function that crashed or ran out of time.',
    metric: api.bugs,
    atLeast: 1,
  },
  {
    name: 'api-errors',
    what: 'Many requests fail with 5xx.',
    metric: api.serverErrors,
    atLeast: 20,
  },
  {
    name: 'api-latency',
    what: 'One request in ten takes 20 s or longer; functions end after 28 s.',
    metric: api.latency,
    atLeast: 20_000,
    minutes: 15,
  },
  {
    name: 'function-throttles',
    what: 'Lambda turns requests away: the concurrency of the account in this region is used up.',
    metric: LambdaFunction.metricAllThrottles(),
    atLeast: 10,
  },
  {
    name: 'schedule-errors',
    what: 'Scheduled functions fail, so accounts can stay locked.',
    metric: schedules.errors(),
    atLeast: 3,
    minutes: 15,
  },
  {
    name: 'schedule-dead-letters',
    what: 'EventBridge Scheduler could not start a function.',
    metric: schedules.deadLetters.metricApproximateNumberOfMessagesVisible(),
    atLeast: 1,
  },
  {
    name: 'run-attention',
    what: 'A step of a run needs a person, or the job of a cleanup is held.',
    metric: countsOf(stage, 'run_needs_attention'),
    atLeast: 1,
  },
  {
    name: 'run-stuck',
    what: 'An offboarding or onboarding stands still, and waking its workflow is not possible.',
    metric: countsOf(stage, 'run_stuck'),
    atLeast: 1,
  },
  {
    name: 'workflow-errors',
    what: 'A function that carries out runs failed.',
    metric: workflows.errors(),
    atLeast: 1,
  },
  {
    name: 'workflow-executions',
    what: 'An execution of a workflow ended before its run.',
    metric: workflows.badEnds(),
    atLeast: 1,
  },
  {
    name: 'workflow-dead-letters',
    what: 'An execution of a workflow could not begin, failed, ran out of time or was stopped.',
    metric: workflows.deadLetters.metricApproximateNumberOfMessagesVisible(),
    atLeast: 1,
  },
  {
    name: 'event-dead-letters',
    what: 'An event of HR was refused: somebody was not offboarded, or not onboarded.',
    metric: events.deadLetters.metricApproximateNumberOfMessagesVisible(),
    atLeast: 1,
  },
  {
    name: 'event-delivery',
    what: 'An event of HR failed or was not delivered, or the bus refuses what Usher tells.',
    metric: sumOf([...events.failures, countOf(stage, 'event_untold')], 'Events that did not arrive'),
    atLeast: 1,
  },
];
