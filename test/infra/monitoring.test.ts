import { readFileSync } from 'node:fs';
import { errorCodes } from '../../functions/shared/errors.ts';
import type { Json } from '../support/invoke.ts';
import { deployed, functions, synthesize } from '../support/synthesis.ts';

const { resources } = synthesize({ stage: 'test', alarmEmail: 'ops@example.com' });
const silent = synthesize({ stage: 'test', egress: 'fixed' });
const ofType = (type: string): Json[] => resources.filter(({ Type }) => Type === type);

const alarms = ofType('AWS::CloudWatch::Alarm');
const names = alarms.map(({ Properties }) => Properties.AlarmName.replace('usher-test-', ''));
const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

test('every alarm has its section in the runbook, and every section its alarm', () => {
  const [, sections = ''] = /^## Alarms$(.*?)^## /ms.exec(runbook) ?? [];

  expect([...sections.matchAll(/^### (.+)$/gm)].map(([, name]) => name).sort()).toEqual(names.sort());
});

test.each(alarms)(
  '$Properties.AlarmName names its section, calls the topic, and is quiet without data',
  ({ Properties }) => {
    const name = Properties.AlarmName.replace('usher-test-', '');

    expect(Properties.AlarmDescription.endsWith(` See docs/runbook.md#${name}`)).toBe(true);
    expect(Properties).toMatchObject({
      AlarmActions: [{ Ref: ofType('AWS::SNS::Topic')[0].id }],
      TreatMissingData: 'notBreaching',
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    });
  },
);

test('alarms on our own counts look where the functions put them', () => {
  const metrics = alarms
    .flatMap(({ Properties }) => Properties.Metrics ?? [])
    .flatMap(({ MetricStat }) => (MetricStat?.Metric.Namespace === 'Usher' ? [MetricStat] : []));
  const counted = metrics.map(({ Metric }) => Metric.MetricName);

  for (const { Metric, Stat } of metrics) {
    expect(Metric.Dimensions).toEqual([{ Name: 'stage', Value: 'test' }]);
    expect(Stat).toBe('Sum');
  }
  const ownWords = ['effect_unknown', 'run_needs_attention', 'run_stuck', 'event_untold'];
  expect(Object.keys(errorCodes)).toEqual(expect.arrayContaining(counted.filter((name) => !ownWords.includes(name))));
  expect(counted).toEqual(expect.arrayContaining([...ownWords, 'fence_tripped', 'store_unavailable']));
});

test('an answer with status 500 is a bug, whether or not the function could still count it', () => {
  const [filter, ...others] = ofType('AWS::Logs::MetricFilter');
  const [transformation] = filter.Properties.MetricTransformations;
  const bug = alarms.find(({ Properties }) => Properties.AlarmName === 'usher-test-bug');

  expect(others).toEqual([]);
  expect(filter.Properties.FilterPattern).toBe('{ $.status = "500" }');
  expect(transformation.Dimensions).toEqual([{ Key: 'stage', Value: '$.stage' }]);
  expect(bug.Properties).toMatchObject({
    Namespace: transformation.MetricNamespace,
    MetricName: transformation.MetricName,
    Dimensions: [{ Name: 'stage', Value: 'test' }],
  });
});

test('the topic lets the alarms of this account in, over TLS only, and writes to the address', () => {
  const statements: Json[] = ofType('AWS::SNS::TopicPolicy')[0].Properties.PolicyDocument.Statement;

  expect(statements).toContainEqual(
    expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
  );
  expect(statements).toContainEqual(
    expect.objectContaining({
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: expect.objectContaining({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } }),
    }),
  );
  expect(ofType('AWS::SNS::Subscription')).toMatchObject([
    { Properties: { Protocol: 'email', Endpoint: 'ops@example.com' } },
  ]);
  expect(silent.resources.filter(({ Type }) => Type === 'AWS::SNS::Subscription')).toEqual([]);
});

test('requests are logged without their paths', () => {
  const [stage] = ofType('AWS::ApiGatewayV2::Stage');

  expect(Object.values(JSON.parse(stage.Properties.AccessLogSettings.Format))).toEqual([
    'test',
    '$context.requestId',
    '$context.routeKey',
    '$context.status',
    '$context.responseLatency',
  ]);
});

test('every function has a log of its own, under its name', () => {
  for (const one of functions) {
    const { fn, log } = deployed(one, resources);

    expect(log.Properties.LogGroupName).toBe(`/aws/lambda/${fn.Properties.FunctionName}`);
  }
});

test('every log ends after 30 days and goes with the stack', () => {
  const logs = silent.resources.filter(({ Type }) => Type === 'AWS::Logs::LogGroup');
  const names = logs.map(({ Properties }) => Properties.LogGroupName);

  expect(names.filter((name) => !name.startsWith('/aws/lambda/usher-test-')).sort()).toEqual([
    '/aws/vendedlogs/usher-test-api',
    '/usher/test/flows',
  ]);
  for (const log of logs) expect(log).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
});
