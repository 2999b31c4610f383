import { readFileSync } from 'node:fs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { env, protectedEnv, secretIdEnv, workflowEnv } from '../../functions/shared/env-names.ts';
import { isEvent, isLostEvents, isScheduled, isWorkflow, type LoadedFunction } from '../../infra/operations.ts';
import type { Json } from '../support/invoke.ts';
import {
  atRoot,
  bundles,
  deployed,
  eventFunctions,
  functions,
  operations,
  schedules,
  synthesize,
  workflows,
} from '../support/synthesis.ts';

const existingSecret = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:hr/dingtalk-AbCdEf';
const iam = synthesize({
  stage: 'test',
  dingtalkCallsPerSecond: 7,
  approval: 'four-eyes',
  protected: { wecom: ['founder', 'zhangsan'] },
  alarmEmail: 'ops@example.com',
});
const jwt = synthesize({ stage: 'test', auth: { jwt: { issuer: 'https://id.example.com', audience: ['usher'] } } });
const fixed = synthesize({ stage: 'test', egress: 'fixed', existingSecretArns: { dingtalk: existingSecret } });
const china = synthesize({ stage: 'test' }, 'cn-north-1');

const variants: [string, typeof iam][] = [
  ['IAM', iam],
  ['JWT', jwt],
  ['fixed egress', fixed],
  ['China', china],
];

const { resources } = iam;
type Synthesis = typeof iam;
const ofType = (type: string, { resources }: Synthesis = iam) => resources.filter(({ Type }) => Type === type);
const theOnly = (type: string, synthesis?: Synthesis) => {
  const [resource, ...others] = ofType(type, synthesis);
  if (!resource || others.length > 0) throw new Error(`not one ${type}`);
  return resource;
};
const arnOf = ({ id }: { id: string }) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const allStatements = (synthesis: Synthesis): Json[] =>
  ofType('AWS::IAM::Policy', synthesis).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
const queueOf = (kind: string) => {
  const queue = ofType('AWS::SQS::Queue').find(
    ({ Properties }) => Properties.QueueName === `usher-test-${kind}-dead-letters`,
  );
  if (!queue) throw new Error(`no dead letters of ${kind}`);
  return queue;
};
const statementsOf = (policy: Json, synthesis = iam): Json[] =>
  atRoot(policy.Properties.PolicyDocument.Statement, synthesis.resources);
const providers = [...new Set(functions.flatMap(({ operation }) => operation.providers))];
const holds = (id: string, file: string) =>
  bundles.some((bundle) => bundle.id === id && bundle.inputs.includes(`functions/${file}.ts`));

/** The workflows that a function declares to start, in its order. */
const startedBy = ({ operation }: LoadedFunction): LoadedFunction[] => {
  const starts = ('starts' in operation && operation.starts) || [];
  return starts.flatMap((started) => functions.filter(({ id }) => id === started));
};
const publishes = ({ operation }: LoadedFunction): boolean => 'publishes' in operation && operation.publishes === true;
/** The name of a workflow with what comes after it, as an ARN of any partition, region and account. */
const workflowArn = ({ id }: { id: string }, suffix: string) => functionArn(id, `:${suffix}`);
const functionArn = (id: string, suffix = '') => {
  const name = `usher-test-${id.replace('/', '-')}`;
  const [partition, region, account] = ['Partition', 'Region', 'AccountId'].map((one) => ({ Ref: `AWS::${one}` }));
  return { 'Fn::Join': ['', ['arn:', partition, ':lambda:', region, ':', account, `:function:${name}${suffix}`]] };
};
const executionsOf = (workflow: { id: string }) => workflowArn(workflow, '*/durable-execution/*');

const secretRef = (provider: string) => ({
  Ref: ofType('AWS::SecretsManager::Secret').find(({ Properties }) => Properties.Name === `usher/test/${provider}`)?.id,
});

test.each([
  ['AWS::Lambda::Function', functions.length],
  ['AWS::Logs::LogGroup', functions.length + 1],
  ['AWS::ApiGatewayV2::Route', operations.length],
  ['AWS::Lambda::Permission', operations.length + eventFunctions.length],
  ['AWS::Scheduler::Schedule', schedules.length],
  ['AWS::Events::Rule', eventFunctions.length],
  ['AWS::Events::EventBus', 1],
  ['AWS::Lambda::EventInvokeConfig', eventFunctions.length],
  ['AWS::Lambda::Version', workflows.length],
  ['AWS::Lambda::Alias', workflows.length],
  ['AWS::SQS::Queue', 3],
  ['AWS::IAM::Role', functions.length + schedules.length],
  ['AWS::IAM::Policy', functions.length + schedules.length],
])('there is one %s for each that needs it, and no other', (type, count) => {
  expect(ofType(type)).toHaveLength(count);
});

const sizeOf = (operation: LoadedFunction) => (isScheduled(operation) ? operation.operation.size : undefined);

test.each(functions)('$id runs its own bundle on the settled runtime, traced', (operation) => {
  const { fn } = deployed(operation, resources);

  expect(fn.Properties).toMatchObject({
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    Timeout: isWorkflow(operation) ? 300 : (sizeOf(operation)?.seconds ?? 28),
    MemorySize: isWorkflow(operation) ? 512 : (sizeOf(operation)?.megabytes ?? 256),
    TracingConfig: { Mode: 'Active' },
    Environment: { Variables: { [env.stage]: 'test' } },
  });
  expect(fn.Properties).not.toHaveProperty('VpcConfig');
});

describe('rights', () => {
  const table = theOnly('AWS::DynamoDB::Table');
  const key = theOnly('AWS::KMS::Key');
  const statement = (Action: string | string[], Resource: unknown) => ({ Effect: 'Allow', Action, Resource });

  const writeLog = (log: { id: string }) => statement(['logs:CreateLogStream', 'logs:PutLogEvents'], arnOf(log));
  const writeTraces = statement(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*');
  const reportFailure = statement('sqs:SendMessage', arnOf(queueOf('workflow')));
  const reportLost = statement('lambda:InvokeFunction', functionArn('cleanup/bury-lost-event'));
  const putAside = statement('sqs:SendMessage', arnOf(queueOf('event')));
  const putEvents = statement('events:PutEvents', arnOf(theOnly('AWS::Events::EventBus')));
  const keepProgress = (workflow: LoadedFunction) =>
    statement(['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'], executionsOf(workflow));
  const startAndWake = (workflow: LoadedFunction) => [
    statement('lambda:InvokeFunction', workflowArn(workflow, 'live')),
    statement(['lambda:GetDurableExecution', 'lambda:SendDurableExecutionCallbackSuccess'], executionsOf(workflow)),
  ];
  const readSecret = (provider: string) =>
    statement(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], secretRef(provider));
  const useStore = [
    statement(rightsOfStore(), arnOf(table)),
    statement('dynamodb:Query', { 'Fn::Join': ['', [arnOf(table), '/index/index']] }),
    expect.objectContaining({ Resource: arnOf(key), Condition: expect.anything() }),
  ];

  test.each(functions)('$id has those that its declaration and its bundle call for', (operation) => {
    const { role, policy, log } = deployed(operation, resources);

    expect(statementsOf(policy)).toEqual([
      writeLog(log),
      ...(isWorkflow(operation) ? [reportFailure] : []),
      writeTraces,
      ...[...operation.operation.providers].sort().map(readSecret),
      ...(holds(operation.id, 'shared/store') ? useStore : []),
      ...startedBy(operation).flatMap(startAndWake),
      ...(publishes(operation) ? [putEvents] : []),
      ...(isEvent(operation) ? [reportLost] : []),
      ...(isEvent(operation) || isLostEvents(operation) ? [putAside] : []),
      ...(isWorkflow(operation) ? [keepProgress(operation)] : []),
    ]);
    expect(Object.keys(role.Properties)).toEqual(['AssumeRolePolicyDocument', 'Tags']);
  });

  test('the store is for those that record something, or share a token', () => {
    const users = functions.filter(({ id }) => holds(id, 'shared/store')).map(({ id }) => id);

    expect(users).toEqual(expect.arrayContaining(['wecom/delete-user', 'wecom/get-user', 'system/ledger']));
    expect(users).not.toContain('system/health');
  });

  test('the key is used through DynamoDB only', () => {
    const uses = allStatements(iam).filter(({ Action }) => JSON.stringify(Action).includes('kms:'));
    const region = { Ref: 'AWS::Region' };
    const viaDynamodb = { 'Fn::Join': ['', ['dynamodb.', region, '.', { Ref: 'AWS::URLSuffix' }]] };

    expect(uses.length).toBeGreaterThan(0);
    for (const { Condition } of uses) expect(Condition).toEqual({ StringEquals: { 'kms:ViaService': viaDynamodb } });
  });

  test('a schedule may start its function and report a failure to do so', () => {
    for (const schedule of schedules) {
      const { fn, clock } = deployed(schedule, resources);
      const { scheduleRole, schedulePolicy } = clock();
      const [trust] = scheduleRole.Properties.AssumeRolePolicyDocument.Statement;

      expect(statementsOf(schedulePolicy)).toEqual([
        statement('lambda:InvokeFunction', arnOf(fn)),
        statement('sqs:SendMessage', arnOf(queueOf('schedule'))),
      ]);
      expect(Object.keys(trust.Condition.StringEquals)).toEqual(['aws:SourceAccount', 'aws:SourceArn']);
    }
  });

  test('a function in the network may be connected to it, and may not touch it', () => {
    const inNetwork = functions.filter(({ operation }) => operation.providers.length > 0);
    for (const operation of inNetwork) {
      const { policy } = deployed(operation, fixed.resources);
      const about = statementsOf(policy, fixed).filter(({ Action }) => Action[0].startsWith('ec2:'));
      const [allowed, denied] = about;

      expect(about).toHaveLength(2);
      expect(allowed).toMatchObject({ Effect: 'Allow', Resource: '*' });
      expect(denied).toMatchObject({ Effect: 'Deny', Action: allowed.Action });
      expect(denied.Condition.ArnEquals['lambda:SourceFunctionArn']['Fn::Join'][1].at(-1)).toBe(
        `:function:usher-test-${operation.id.replace('/', '-')}`,
      );
    }
  });

  test.each([
    ['without a network', iam],
    ['in a network', fixed],
  ])('%s a wildcard stands only where AWS knows no resource', (_name, synthesis) => {
    const withoutResource = new Set(['xray', 'ec2']);
    const executions = workflows.map((workflow) => JSON.stringify(executionsOf(workflow)));
    const others = allStatements(synthesis)
      .filter(({ Action }) => !withoutResource.has([Action].flat()[0].split(':')[0]))
      .filter(({ Resource }) => !executions.includes(JSON.stringify(Resource)));

    expect(others.length).toBeGreaterThan(functions.length);
    expect(JSON.stringify(others)).not.toContain('*');
    expect(JSON.stringify(allStatements(synthesis).map(({ Action }) => Action))).not.toContain('*');
  });
});

/** The rights that the commands of the store need, in alphabetical order. */
function rightsOfStore(): string[] {
  const files = ['store', 'store-many'].map((name) => new URL(`../../functions/shared/${name}.ts`, import.meta.url));
  const source = files.map((file) => readFileSync(file, 'utf8')).join();
  return [...source.matchAll(/new (\w+)Command\(/g)].map(([, name]) => `dynamodb:${name}`).sort();
}

test.each(functions)('$id is told what its code reads', (operation) => {
  const { fn } = deployed(operation, resources);
  const told = atRoot(fn.Properties.Environment.Variables, resources);
  const given = (condition: boolean, value: unknown) => (condition ? value : undefined);
  const { providers: own } = operation.operation;
  const hasFence = holds(operation.id, 'shared/fence');

  for (const provider of providers) {
    expect(told[secretIdEnv(provider)]).toEqual(given(own.includes(provider), secretRef(provider)));
  }
  expect(told[env.table]).toEqual(
    given(holds(operation.id, 'shared/store'), { Ref: theOnly('AWS::DynamoDB::Table').id }),
  );
  expect(told[env.ledgerDays]).toBe(given(holds(operation.id, 'shared/ledger'), '400'));
  expect(told[env.fence]).toBe(given(holds(operation.id, 'shared/budget'), '{"perRun":20,"percent":10,"perDay":50}'));
  expect(told[protectedEnv('wecom')]).toBe(given(hasFence && own.includes('wecom'), 'founder zhangsan'));
  expect(told[env.runs]).toBe(
    given(holds(operation.id, 'shared/runs/settings'), '{"approval":"four-eyes","graceDays":30,"planHours":24}'),
  );
  expect(told[env.policies] === undefined).toBe(!holds(operation.id, 'cleanup/policies/settings'));
  for (const workflow of workflows) {
    expect(told[workflowEnv(workflow.operation.workflow)]).toEqual(
      given(startedBy(operation).includes(workflow), workflowArn(workflow, 'live')),
    );
  }
  expect(told[env.eventBus]).toEqual(given(publishes(operation), { Ref: theOnly('AWS::Events::EventBus').id }));
  expect(told[env.eventDeadLetters]).toEqual(
    given(isEvent(operation) || isLostEvents(operation), { Ref: queueOf('event').id }),
  );
  expect(told[env.trustSessionName]).toBe(given(holds(operation.id, 'shared/caller'), 'false'));
  expect(told[env.dingtalkCallsPerSecond]).toBe(given(own.includes('dingtalk'), '7'));
});

test('every operation with an effect on accounts is under the fence, and so is every workflow', () => {
  const effects = functions.filter(
    ({ operation }) =>
      operation.providers.length > 0 &&
      ('workflow' in operation || ('effect' in operation && operation.effect !== 'read')),
  );

  expect(effects.filter(({ id }) => !holds(id, 'shared/fence'))).toEqual([]);
});

test.each(operations)('$id is reached by its route alone, signed by IAM', (operation) => {
  const { route, permission } = deployed(operation, resources).http();
  const [, path] = operation.operation.route.split(' ');

  expect(route.Properties).toMatchObject({ RouteKey: operation.operation.route, AuthorizationType: 'AWS_IAM' });
  expect(permission.Properties.Principal).toBe('apigateway.amazonaws.com');
  expect(permission.Properties.SourceArn['Fn::Join'][1].at(-1)).toBe(`/*/*${path}`);
});

test.each(operations)('$id asks a token for the scope of its effect, or for that of an approval', (operation) => {
  const { route } = deployed(operation, jwt.resources).http();
  const { effect, approves } = operation.operation;
  const scope = effect === 'read' ? 'usher/read' : 'usher/write';

  expect(route.Properties).toMatchObject({
    AuthorizationType: 'JWT',
    AuthorizerId: { Ref: expect.any(String) },
    AuthorizationScopes: [approves ? 'usher/approve' : scope],
  });
});

test('requests are throttled', () => {
  const { DefaultRouteSettings } = theOnly('AWS::ApiGatewayV2::Stage').Properties;

  expect(DefaultRouteSettings).toEqual({ ThrottlingBurstLimit: 100, ThrottlingRateLimit: 50 });
});

test('the token must come from the issuer and be meant for the audience', () => {
  expect(theOnly('AWS::ApiGatewayV2::Authorizer', jwt).Properties.JwtConfiguration).toEqual({
    Issuer: 'https://id.example.com',
    Audience: ['usher'],
  });
});

test('the table is backed up, encrypted with a rotating key, and outlives the stack with it', () => {
  const key = theOnly('AWS::KMS::Key');

  expect(theOnly('AWS::DynamoDB::Table')).toMatchObject({
    DeletionPolicy: 'Retain',
    Properties: {
      TableName: 'usher-test',
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: arnOf(key) },
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      KeySchema: [{ AttributeName: 'pk' }, { AttributeName: 'sk' }],
      GlobalSecondaryIndexes: [{ IndexName: 'index', KeySchema: [{ AttributeName: 'ipk' }, { AttributeName: 'isk' }] }],
    },
  });
  expect(key).toMatchObject({ DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
});

test.each(schedules)(
  '$id runs by its clock, is tried again, and leaves a trace when it cannot be started',
  (schedule) => {
    const queue = queueOf('schedule');
    const { schedule: made } = deployed(schedule, resources).clock();

    expect(atRoot(made.Properties, resources)).toMatchObject({
      ScheduleExpression: schedule.operation.schedule,
      Target: { DeadLetterConfig: { Arn: arnOf(queue) }, RetryPolicy: { MaximumRetryAttempts: 5 } },
    });
    expect(queue.Properties).toMatchObject({ SqsManagedSseEnabled: true });
  },
);

describe('fixed egress', () => {
  test('two zones, each with an address of its own, which are outputs', () => {
    const addresses = ofType('AWS::EC2::EIP', fixed).map(({ id }) => id);
    const gateways = ofType('AWS::EC2::NatGateway', fixed);

    expect(fixed.outputs).toMatchObject({ EgressAddress1: { Value: { Ref: addresses[0] } } });
    expect(fixed.outputs).toMatchObject({ EgressAddress2: { Value: { Ref: addresses[1] } } });
    expect(gateways.map(({ Properties }) => Properties.AllocationId['Fn::GetAtt'][0])).toEqual(addresses);
  });

  test('functions that call a provider are in the private subnets, and no other', () => {
    const subnets = ofType('AWS::EC2::Subnet', fixed).filter(({ Properties }) =>
      JSON.stringify(Properties.Tags).includes('"Private"'),
    );
    for (const operation of functions) {
      const { VpcConfig } = deployed(operation, fixed.resources).fn.Properties;
      const inNetwork = operation.operation.providers.length > 0;

      expect(VpcConfig && atRoot(VpcConfig.SubnetIds, fixed.resources)).toEqual(
        inNetwork ? subnets.map(({ id }) => ({ Ref: id })) : undefined,
      );
    }
  });

  test('only HTTPS goes out, nothing comes in, and flows are logged', () => {
    const { Properties } = theOnly('AWS::EC2::SecurityGroup', fixed);

    expect(Properties).not.toHaveProperty('SecurityGroupIngress');
    expect(Properties.SecurityGroupEgress).toMatchObject([{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }]);
    expect(ofType('AWS::EC2::SecurityGroupIngress', fixed)).toEqual([]);
    expect(theOnly('AWS::EC2::FlowLog', fixed).Properties.TrafficType).toBe('ALL');
  });

  test('DynamoDB is reached without the gateways', () => {
    expect(JSON.stringify(theOnly('AWS::EC2::VPCEndpoint', fixed).Properties.ServiceName)).toContain('.dynamodb');
  });
});

test('no name is bound to one AWS partition', () => {
  for (const { resources } of [iam, jwt, china]) expect(JSON.stringify(resources)).not.toContain('arn:aws:');
});

test('nothing is traced in the regions of China', () => {
  for (const { Properties } of ofType('AWS::Lambda::Function', china))
    expect(Properties).not.toHaveProperty('TracingConfig');
  expect(JSON.stringify(allStatements(china))).not.toContain('xray');
});

test('secrets hold no value that looks real, and outlive the stack', () => {
  const secrets = ofType('AWS::SecretsManager::Secret');

  expect(secrets.map(({ Properties }) => Properties.Name).sort()).toEqual(
    providers.map((provider) => `usher/test/${provider}`).sort(),
  );
  for (const secret of secrets)
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', Properties: { SecretString: '{}' } });
});

test('a secret that is there already is read instead of a new one', () => {
  const names = ofType('AWS::SecretsManager::Secret', fixed).map(({ Properties }) => Properties.Name);
  const resourcesRead = allStatements(fixed)
    .filter(({ Action }) => Action.includes('secretsmanager:GetSecretValue'))
    .map(({ Resource }) => Resource);

  expect(names).not.toContain('usher/test/dingtalk');
  expect(resourcesRead).toContain(existingSecret);
  expect(fixed.outputs.dingtalkSecretCommand.Value['Fn::Join'][1].at(-1)).toContain(`--secret-id ${existingSecret} `);
});

test('the outputs are what an operator types next', () => {
  const { ApiUrl, AlarmTopicArn, ...commands } = iam.outputs;

  expect(ApiUrl.Value['Fn::Join'][1]).toContain('.execute-api.');
  expect(AlarmTopicArn.Value).toEqual({ Ref: theOnly('AWS::SNS::Topic').id });
  expect(Object.keys(commands).sort()).toEqual(providers.map((provider) => `${provider}SecretCommand`).sort());
  expect(commands.wecomSecretCommand.Value['Fn::Join'][1]).toEqual([
    'aws secretsmanager put-secret-value --region ',
    { Ref: 'AWS::Region' },
    ` --secret-id usher/test/wecom --secret-string '{"corpId":"...","contactSecret":"..."}'`,
  ]);
});

test.each(variants)('every template stays below 500 resources with %s', (_name, { resources }) => {
  const sizes = [...Map.groupBy(resources, ({ stack }) => stack).values()].map(({ length }) => length);

  expect(Math.max(...sizes)).toBeLessThan(500);
});

test.each(variants)('cdk-nag has nothing to say with %s', (_name, { app }) => {
  const reports = [new AwsSolutionsChecks(app), new ServerlessChecks(app)].map((pack) => pack.validateScope(app));

  expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
});
