import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { env, secretIdEnv } from '../../functions/shared/env-names.ts';
import type { Json } from '../support/invoke.ts';
import { deployed, operations, secretName, synthesize } from '../support/synthesis.ts';

const iam = synthesize({ stage: 'test', dingtalkCallsPerSecond: 7 });
const jwt = synthesize({ stage: 'test', auth: { jwt: { issuer: 'https://id.example.com', audience: ['usher'] } } });

const { resources } = iam;
const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
const providers = [...new Set(operations.flatMap(({ operation }) => operation.providers))];

test.each([
  'AWS::Lambda::Function',
  'AWS::IAM::Role',
  'AWS::IAM::Policy',
  'AWS::ApiGatewayV2::Route',
  'AWS::Lambda::Permission',
])('there is one %s for each operation, and no other', (type) => {
  expect(ofType(type)).toHaveLength(operations.length);
});

test.each(operations)('$id runs its own bundle on the settled runtime', (operation) => {
  const { fn, log } = deployed(operation, resources);

  expect(fn.Properties).toMatchObject({
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    Timeout: 28,
    Environment: { Variables: { NODE_OPTIONS: '--enable-source-maps', [env.stage]: 'test' } },
  });
  expect(log).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
});

test.each(operations)('$id may read the secrets of its providers, write its log, and nothing else', (operation) => {
  const { fn, role, log, policy } = deployed(operation, resources);
  const allowed = policy.Properties.PolicyDocument.Statement.map(({ Effect, Action, Resource }: Json) =>
    Action[0].startsWith('secretsmanager:')
      ? [Effect, Action, secretName(Resource, resources)]
      : [Effect, Action, Resource],
  );

  expect(allowed).toEqual([
    ['Allow', ['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': [log.id, 'Arn'] }],
    ...operation.operation.providers.map((provider) => [
      'Allow',
      ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
      `usher/test/${provider}`,
    ]),
  ]);
  expect(Object.keys(role.Properties)).toEqual(['AssumeRolePolicyDocument', 'Tags']);
  for (const provider of providers) {
    const given = fn.Properties.Environment.Variables[secretIdEnv(provider)];
    expect(given && secretName(given, resources)).toBe(
      operation.operation.providers.includes(provider) ? `usher/test/${provider}` : undefined,
    );
  }
});

test.each(operations)('$id paces DingTalk if it calls it', (operation) => {
  const { fn } = deployed(operation, resources);

  expect(fn.Properties.Environment.Variables[env.dingtalkCallsPerSecond]).toBe(
    operation.operation.providers.includes('dingtalk') ? '7' : undefined,
  );
});

test.each(operations)('$id is reached by its route alone, signed by IAM', (operation) => {
  const { route, permission } = deployed(operation, resources);
  const [, path] = operation.operation.route.split(' ');

  expect(route.Properties).toMatchObject({ RouteKey: operation.operation.route, AuthorizationType: 'AWS_IAM' });
  expect(permission.Properties.Principal).toBe('apigateway.amazonaws.com');
  expect(permission.Properties.SourceArn['Fn::Join'][1].at(-1)).toBe(`/*/*${path}`);
});

test.each(operations)('$id asks a token for the scope of its effect', (operation) => {
  const { route } = deployed(operation, jwt.resources);

  expect(route.Properties).toMatchObject({
    AuthorizationType: 'JWT',
    AuthorizerId: { Ref: expect.any(String) },
    AuthorizationScopes: [operation.operation.effect === 'read' ? 'usher/read' : 'usher/write'],
  });
});

test('the token must come from the issuer and be meant for the audience', () => {
  const [authorizer, ...others] = jwt.resources.filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Authorizer');

  expect(others).toEqual([]);
  expect(authorizer?.Properties.JwtConfiguration).toEqual({ Issuer: 'https://id.example.com', Audience: ['usher'] });
});

test('no policy has a wildcard', () => {
  const statements = ofType('AWS::IAM::Policy').flatMap(({ Properties }) => Properties.PolicyDocument.Statement);

  expect(JSON.stringify(statements)).not.toContain('*');
});

test('no name is bound to one AWS partition', () => {
  expect(JSON.stringify(resources)).not.toContain('arn:aws:');
});

test('secrets hold no value that looks real, and outlive the stack', () => {
  const secrets = ofType('AWS::SecretsManager::Secret');

  expect(secrets.map(({ Properties }) => Properties.Name).sort()).toEqual(
    providers.map((provider) => `usher/test/${provider}`).sort(),
  );
  for (const secret of secrets)
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', Properties: { SecretString: '{}' } });
});

test('the outputs are what an operator types next', () => {
  const { ApiUrl, ...commands } = iam.outputs;

  expect(ApiUrl.Value['Fn::Join'][1]).toContain('.execute-api.');
  expect(Object.keys(commands).sort()).toEqual(providers.map((provider) => `${provider}SecretCommand`).sort());
  expect(commands.wecomSecretCommand.Value['Fn::Join'][1]).toEqual([
    'aws secretsmanager put-secret-value --region ',
    { Ref: 'AWS::Region' },
    ` --secret-id usher/test/wecom --secret-string '{"corpId":"...","contactSecret":"..."}'`,
  ]);
});

test('requests are logged without their paths, and throttled', () => {
  const [stage] = ofType('AWS::ApiGatewayV2::Stage');

  expect(Object.values(JSON.parse(stage?.Properties.AccessLogSettings.Format))).toEqual([
    '$context.requestId',
    '$context.routeKey',
    '$context.status',
    '$context.responseLatency',
  ]);
  expect(stage?.Properties.DefaultRouteSettings).toEqual({ ThrottlingBurstLimit: 100, ThrottlingRateLimit: 50 });
});

test.each([
  ['IAM', iam],
  ['JWT', jwt],
])('cdk-nag has nothing to say with %s', (_auth, { app }) => {
  const reports = [new AwsSolutionsChecks(app), new ServerlessChecks(app)].map((pack) => pack.validateScope(app));

  expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
});
