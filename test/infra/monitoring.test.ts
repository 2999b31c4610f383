import { readFileSync } from 'node:fs';
import type { Json } from '../support/invoke.ts';
import { synthesize } from '../support/synthesis.ts';

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
    '$context.requestId',
    '$context.routeKey',
    '$context.status',
    '$context.responseLatency',
  ]);
});

test('every log ends after 30 days and goes with the stack', () => {
  const logs = silent.resources.filter(({ Type }) => Type === 'AWS::Logs::LogGroup');

  expect(logs.map(({ Properties }) => Properties.LogGroupName).sort()).toEqual([
    '/aws/vendedlogs/usher-test-api',
    '/usher/test/flows',
    '/usher/test/functions',
  ]);
  for (const log of logs) expect(log).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
});
