import { App } from 'aws-cdk-lib';
import { parseSettings } from '../../infra/settings.ts';
import { UsherStack } from '../../infra/stack.ts';
import type { Json } from '../support/invoke.ts';
import {
  atRoot,
  bundles,
  deployed,
  eventFunctions,
  functions,
  operations,
  synthesize,
  workflows,
} from '../support/synthesis.ts';

const { resources } = synthesize({ stage: 'test' });
const ofType = (type: string): Json[] => resources.filter(({ Type }) => Type === type);
const deadLetters = ofType('AWS::SQS::Queue').find(
  ({ Properties }) => Properties.QueueName === 'usher-test-workflow-dead-letters',
);

test.each(workflows)('$id is durable for as long as AWS allows, and its history for 30 days', (workflow) => {
  const { fn } = deployed(workflow, resources);

  expect(fn.Properties.DurableConfig).toEqual({ ExecutionTimeout: 366 * 86_400, RetentionPeriodInDays: 30 });
});

test('nothing else is durable', () => {
  const durable = ofType('AWS::Lambda::Function').filter(({ Properties }) => 'DurableConfig' in Properties);

  expect(durable).toHaveLength(workflows.length);
});

test.each(workflows)(
  '$id is started as its current version, and a version stays when the next one comes',
  (workflow) => {
    const { version, alias } = deployed(workflow, resources).durable();

    expect(alias.Properties).toMatchObject({
      Name: 'live',
      FunctionVersion: { 'Fn::GetAtt': [version.id, 'Version'] },
    });
    expect(version).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  },
);

test.each(workflows)('an execution of $id that ends badly leaves its event in an encrypted queue', (workflow) => {
  const { fn } = deployed(workflow, resources);

  expect(atRoot(fn.Properties.DeadLetterConfig, resources)).toEqual({
    TargetArn: { 'Fn::GetAtt': [deadLetters.id, 'Arn'] },
  });
  expect(deadLetters.Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
  const configs = ofType('AWS::Lambda::EventInvokeConfig').map((one) => one.Properties.FunctionName.Ref);
  expect(configs).not.toContain(fn.id);
});

test('only TLS reaches the queue', () => {
  const policies = ofType('AWS::SQS::QueuePolicy').filter(({ Properties }) =>
    JSON.stringify(Properties.Queues).includes(deadLetters.id),
  );

  expect(policies).toMatchObject([
    { Properties: { PolicyDocument: { Statement: [{ Effect: 'Deny', Action: 'sqs:*' }] } } },
  ]);
});

test.each([...workflows, ...eventFunctions, ...operations.filter(({ operation }) => operation.starts)])(
  '$id depends on no other nested stack',
  (operation) => {
    const { fn, policy } = deployed(operation, resources);
    const folders = functions.map(({ folder }) => folder);
    const nested = ofType('AWS::CloudFormation::Stack').filter(({ stack }) => stack === 'UsherStack');
    const names = nested.map(({ id }) => id);
    const needed = JSON.stringify(atRoot([fn.Properties.Environment, policy.Properties], resources));

    expect(nested).toHaveLength(new Set(folders).size);
    expect(names.filter((name) => needed.includes(name))).toEqual([]);
  },
);

test('what is started must be a workflow', () => {
  const [starter] = functions.filter(({ id }) => id === 'offboarding/cancel-offboarding');
  const orphan = () =>
    new UsherStack(new App(), 'UsherStack', {
      settings: parseSettings({ stage: 'test' }),
      operations: starter ? [starter] : [],
      providers: [],
      bundles,
    });

  expect(orphan).toThrow('cancel-offboarding/Function starts offboarding/run-offboarding, which is no workflow');
});

describe('alarms', () => {
  const metricsOf = (name: string): Json[] => {
    const alarm = ofType('AWS::CloudWatch::Alarm').find(
      ({ Properties }) => Properties.AlarmName === `usher-test-${name}`,
    );
    const { Metrics, Threshold } = alarm.Properties;
    expect(Threshold).toBe(1);
    return Metrics ? Metrics.flatMap(({ MetricStat }: Json) => MetricStat?.Metric ?? []) : [alarm.Properties];
  };

  test.each([
    ['workflow-errors', ['AWS/Lambda Errors']],
    ['workflow-executions', ['AWS/Lambda DurableExecutionFailed', 'AWS/Lambda DurableExecutionTimedOut']],
  ])('%s of every workflow', (name, metrics) => {
    expect(metricsOf(name).map(({ Namespace, MetricName }) => `${Namespace} ${MetricName}`)).toEqual(
      workflows.flatMap(() => metrics),
    );
  });

  test('a queue that is not empty', () => {
    expect(metricsOf('workflow-dead-letters')).toMatchObject([
      {
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [deadLetters.id, 'QueueName'] } }],
      },
    ]);
  });

  test.each([
    ['run-attention', 'run_needs_attention'],
    ['run-stuck', 'run_stuck'],
  ])('%s, which our own lines count', (name, counted) => {
    expect(metricsOf(name)).toMatchObject([{ Namespace: 'Usher', MetricName: counted }]);
  });
});
