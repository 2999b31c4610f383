import { isScheduled } from '../../infra/operations.ts';
import type { Json } from '../support/invoke.ts';
import { atRoot, deployed, eventFunctions, functions, synthesize } from '../support/synthesis.ts';

const { resources } = synthesize({ stage: 'test' });
const ofType = (type: string): Json[] => resources.filter(({ Type }) => Type === type);
const [bus] = ofType('AWS::Events::EventBus');
const deadLetters = ofType('AWS::SQS::Queue').find(
  ({ Properties }) => Properties.QueueName === 'usher-test-event-dead-letters',
);

test('there is one bus for a stage, and it lets in nobody by a policy of its own', () => {
  expect(bus.Properties.Name).toBe('usher-test');
  expect(ofType('AWS::Events::EventBusPolicy')).toEqual([]);
});

test.each(eventFunctions)('$id gets its own events and no others, from the bus alone', (operation) => {
  const { rule, permission } = deployed(operation, resources).bus();
  const { source, detailType } = operation.operation.event;

  expect(atRoot(rule.Properties, resources)).toMatchObject({
    EventBusName: { Ref: bus.id },
    EventPattern: { source: [source], 'detail-type': [detailType] },
    Targets: [{ RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 } }],
  });
  expect(permission.Properties).toMatchObject({
    Principal: 'events.amazonaws.com',
    SourceArn: { 'Fn::GetAtt': [rule.id, 'Arn'] },
  });
});

test.each(eventFunctions)(
  '$id is tried three times, then tells another function, and no copy of an event is kept',
  (operation) => {
    const { fn, bus } = deployed(operation, resources);
    const { rule, invocations } = bus();

    expect(invocations.Properties).toMatchObject({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 6 * 3_600 });
    const { Destination } = invocations.Properties.DestinationConfig.OnFailure;
    expect(Destination['Fn::Join'][1].at(-1)).toBe(':function:usher-test-cleanup-bury-lost-event');
    expect(fn.Properties).not.toHaveProperty('DeadLetterConfig');
    expect(rule.Properties.Targets[0]).not.toHaveProperty('DeadLetterConfig');
  },
);

test('what is kept of bad events is encrypted, and for 14 days', () => {
  expect(deadLetters.Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
});

test('one function tells the bus, and has a minute for it', () => {
  const publishing = functions.filter(isScheduled).filter(({ operation }) => operation.publishes);

  expect(publishing.map(({ id }) => id)).toEqual(['cleanup/publish-events']);
  expect(publishing.map(({ operation }) => operation.schedule)).toEqual(['rate(1 minute)']);
  expect(publishing.every(({ operation }) => (operation.size?.seconds ?? 0) < 60)).toBe(true);
});

describe('alarms', () => {
  const alarm = (name: string): Json =>
    ofType('AWS::CloudWatch::Alarm').find(({ Properties }) => Properties.AlarmName === `usher-test-${name}`).Properties;

  test('a queue that is not empty', () => {
    expect(alarm('event-dead-letters')).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [deadLetters.id, 'QueueName'] } }],
    });
  });

  test('each function that fails, each rule that does not reach it, and a bus that refuses', () => {
    const metrics = alarm('event-delivery').Metrics.flatMap(({ MetricStat }: Json) => MetricStat?.Metric ?? []);

    expect(metrics.map(({ Namespace, MetricName }: Json) => `${Namespace} ${MetricName}`)).toEqual([
      ...eventFunctions.flatMap(() => ['AWS/Lambda Errors', 'AWS/Events FailedInvocations']),
      'Usher event_untold',
    ]);
  });
});
