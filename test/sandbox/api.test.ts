import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Route } from '../../functions/shared/operation.ts';
import { type ServedOperation, startApi } from '../../sandbox/api.ts';
import { startAws } from '../../sandbox/aws.ts';
import type { RunningServer } from '../../sandbox/simulator.ts';

const { jest } = import.meta;

describe('the API', () => {
  let api: RunningServer;
  let events: APIGatewayProxyEventV2[];
  let contexts: Context[];
  let result: () => APIGatewayProxyStructuredResultV2;

  const serve = (id: string, route: Route): ServedOperation => ({
    id,
    operation: { route },
    handler: async (event, context) => {
      events.push(event);
      contexts.push(context);
      return result();
    },
  });

  beforeEach(async () => {
    events = [];
    contexts = [];
    result = () => ({ statusCode: 200, body: '{}' });
    api = await startApi([
      serve('acme/get-user', 'GET /acme/users/{userid}'),
      serve('acme/create-user', 'POST /acme/users'),
      serve('acme/disconnect-user', 'DELETE /acme/sites/{siteId}/users/{userId}'),
      serve('acme/document', 'GET /acme.json'),
    ]);
  });
  afterEach(() => api.close());

  const call = (path: string, init: RequestInit = {}) => fetch(api.url + path, init);
  const post = (body: RequestInit['body'] & {}, contentType?: string) =>
    call('/acme/users', { method: 'POST', body, headers: contentType ? { 'content-type': contentType } : {} });

  test('gives a handler the event of payload format 2.0', async () => {
    const headers = { 'X-Upper': 'Kept As Is', 'content-type': 'application/json', cookie: 'a=1; b=2' };
    await call('/acme/users?tag=x&tag=%E5%BC%A0&q=1+2', { method: 'POST', body: '{"a":1}', headers });

    expect(events[0]).toEqual({
      version: '2.0',
      routeKey: 'POST /acme/users',
      rawPath: '/acme/users',
      rawQueryString: 'tag=x&tag=%E5%BC%A0&q=1+2',
      cookies: ['a=1', 'b=2'],
      headers: expect.objectContaining({ 'x-upper': 'Kept As Is', 'content-type': 'application/json' }),
      queryStringParameters: { tag: 'x,张', q: '1 2' },
      requestContext: {
        accountId: expect.stringMatching(/^\d{12}$/),
        apiId: expect.any(String),
        authorizer: { jwt: { claims: { sub: 'local' }, scopes: ['usher/read', 'usher/write', 'usher/approve'] } },
        domainName: new URL(api.url).host,
        domainPrefix: expect.any(String),
        http: {
          method: 'POST',
          path: '/acme/users',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: expect.any(String),
        },
        requestId: expect.any(String),
        routeKey: 'POST /acme/users',
        stage: '$default',
        time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
    expect(events[0]?.headers).not.toHaveProperty('cookie');
  });

  test('leaves out of the event what the request does not have', async () => {
    await call('/acme.json');

    for (const field of ['cookies', 'queryStringParameters', 'pathParameters', 'body']) {
      expect(events[0]).not.toHaveProperty(field);
    }
  });

  test('gives a handler a context whose time runs down from 28 s', async () => {
    await call('/acme/users/lisi');
    const [context] = contexts;
    const left = context?.getRemainingTimeInMillis() ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(context).toMatchObject({ awsRequestId: expect.any(String), functionName: 'acme-get-user' });
    expect(left).toBeGreaterThan(10_000); // the machine may be slow
    expect(left).toBeLessThanOrEqual(28_000);
    expect(context?.getRemainingTimeInMillis()).toBeLessThan(left);
  });

  test('takes the caller from x-sandbox-caller, and passes the header on like any other', async () => {
    await call('/acme/users/lisi', { headers: { 'x-sandbox-caller': 'alice' } });

    expect(events[0]).toMatchObject({
      headers: { 'x-sandbox-caller': 'alice' },
      requestContext: { authorizer: { jwt: { claims: { sub: 'alice' } } } },
    });
  });

  test.each([
    ['/acme/users/lisi', { userid: 'lisi' }],
    ['/acme/users/a%2Fb%40c', { userid: 'a/b@c' }],
    ['/acme/users/li%20si', { userid: 'li si' }],
    ['/acme/users/li+si', { userid: 'li+si' }],
    ['/acme/users/%E6%9D%8E', { userid: '李' }],
    ['/acme/users/100%25', { userid: '100%' }],
  ])('decodes the path parameters of %s, once', async (path, pathParameters) => {
    expect((await call(path)).status).toBe(200);
    expect(events[0]).toMatchObject({
      routeKey: 'GET /acme/users/{userid}',
      rawPath: decodeURIComponent(path),
      pathParameters,
    });
  });

  test('matches several path parameters', async () => {
    await call('/acme/sites/201/users/101', { method: 'DELETE' });

    expect(events[0]?.pathParameters).toEqual({ siteId: '201', userId: '101' });
  });

  test.each([
    ['GET', '/nowhere'],
    ['GET', '/acme/users'],
    ['GET', '/acme/users/'],
    ['GET', '/acme/users/lisi/'],
    ['GET', '/acme/users/lisi/more'],
    ['GET', '/acmeXjson'],
    ['PUT', '/acme/users/lisi'],
    ['POST', '/'],
  ])('has no route for %s %s', async (method, path) => {
    const answer = await call(path, { method });

    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ message: 'Not Found' });
    expect(events).toEqual([]);
  });

  test('refuses a path that cannot be decoded', async () => {
    const answer = await call('/acme/users/%zz');

    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message: 'Bad Request' });
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'text/csv', 'application/xml'])(
    'passes a body of type %s on as it is',
    async (contentType) => {
      await post('{"name":"张三"}', contentType);

      expect(events[0]).toMatchObject({ body: '{"name":"张三"}', isBase64Encoded: false });
    },
  );

  test.each(['application/octet-stream', 'application/x-www-form-urlencoded', undefined])(
    'passes a body of type %s on in base64',
    async (contentType) => {
      const bytes = Buffer.from([0, 255, 10]);
      await post(bytes, contentType);

      expect(events[0]).toMatchObject({ body: bytes.toString('base64'), isBase64Encoded: true });
    },
  );

  test('takes a body in chunks, without a content-length', async () => {
    const body = new Blob(['{"a"', ':1}']).stream();
    await call('/acme/users', {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    });

    expect(events[0]?.headers).not.toHaveProperty('content-length');
    expect(events[0]?.body).toBe('{"a":1}');
  });

  test('takes 10 MB and refuses a byte more', async () => {
    const most = Buffer.alloc(10 * 1024 * 1024);
    const accepted = await post(most);
    const refused = await post(Buffer.concat([most, Buffer.alloc(1)]));

    expect(accepted.status).toBe(200);
    expect(refused.status).toBe(413);
    expect(await refused.json()).toEqual({ message: 'Request Entity Too Large' });
    expect(events).toHaveLength(1);
  });

  test('sends status, headers and body as the handler gave them', async () => {
    result = () => ({
      statusCode: 503,
      headers: { 'retry-after': 5, 'content-type': 'application/problem+json' },
      body: '{"a":"张"}',
    });
    const answer = await call('/acme/users/lisi');

    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.text()).toBe('{"a":"张"}');
  });

  test('decodes a body that the handler gave in base64', async () => {
    result = () => ({ body: Buffer.from([0, 255]).toString('base64'), isBase64Encoded: true });
    const answer = await call('/acme/users/lisi');

    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from([0, 255]));
  });

  test('hides what a handler throws from the caller, shows it on the terminal, and goes on', async () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => {});
    result = () => {
      throw new Error('private');
    };
    const answer = await call('/acme/users/lisi');
    result = () => ({ statusCode: 200 });

    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({ message: 'Internal Server Error' });
    expect(printed).toHaveBeenCalledWith('acme/get-user failed:', expect.objectContaining({ message: 'private' }));
    expect((await call('/acme/users/lisi')).status).toBe(200);
    printed.mockRestore();
  });

  describe('page', () => {
    test('loads nothing from elsewhere, and all that it loads is there', async () => {
      const page = await call('/');
      const html = await page.text();
      const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].flatMap(([, path]) => path ?? []);

      expect(page.headers.get('content-type')).toContain('text/html');
      expect(html).not.toMatch(/(https?:)?\/\/\w/);
      expect(html).toContain("url: '/openapi.json'");
      for (const path of loaded.filter((path) => path !== '/openapi.json')) {
        const asset = await call(path);
        expect([path, asset.status, (await asset.bytes()).length > 500]).toEqual([path, 200, true]);
      }
      expect(loaded).toHaveLength(4);
    });

    test.each([
      '/_sandbox/swagger-ui/package.json',
      '/_sandbox/swagger-ui/../../package.json',
      '/_sandbox/swagger-ui/..%2f..%2fpackage.json',
      '/_sandbox/swagger-ui/%2e%2e/package.json',
      '/_sandbox/swagger-ui/',
      '/_sandbox/swagger-ui/constructor',
    ])('serves no other file: %s', async (path) => {
      expect(await rawStatus(api.port, path)).toBe(404);
    });
  });
});

/** `fetch` would resolve the dots itself. */
const rawStatus = (port: number, path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path }, (response) => {
      text(response).then(() => resolve(response.statusCode), reject);
    });
    request.on('error', reject).end();
  });

describe('Secrets Manager', () => {
  let aws: RunningServer;
  let client: SecretsManagerClient;

  beforeEach(async () => {
    aws = await startAws({ 'usher/sandbox/acme': '{"key":"first"}' });
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    client = new SecretsManagerClient({ endpoint: aws.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  });
  afterEach(() => {
    client.destroy();
    return aws.close();
  });

  const read = (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId }));
  const put = (SecretId: string, SecretString: string) =>
    client.send(new PutSecretValueCommand({ SecretId, SecretString }));

  test('gives a secret by name and by ARN', async () => {
    const byName = await read('usher/sandbox/acme');
    const byArn = await read(byName.ARN ?? '');

    expect(byName).toMatchObject({
      Name: 'usher/sandbox/acme',
      SecretString: '{"key":"first"}',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Date),
    });
    expect(byArn.VersionId).toBe(byName.VersionId);
  });

  test('rotates a secret, and does not repeat its value', async () => {
    const before = await read('usher/sandbox/acme');
    const rotated = await put('usher/sandbox/acme', '{"key":"second"}');

    expect(rotated).toMatchObject({ Name: 'usher/sandbox/acme', VersionId: expect.any(String) });
    expect(rotated.VersionId).not.toBe(before.VersionId);
    expect(JSON.stringify(rotated)).not.toContain('second');
    expect(await read('usher/sandbox/acme')).toMatchObject({
      SecretString: '{"key":"second"}',
      VersionId: rotated.VersionId,
    });
  });

  test.each([
    ['reading', () => read('usher/sandbox/none')],
    ['rotating', () => put('usher/sandbox/none', '{}')],
  ])('knows no secret that was not there at start: %s', async (_, ask) => {
    await expect(ask()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('refuses a secret that is not text', async () => {
    const command = new PutSecretValueCommand({ SecretId: 'usher/sandbox/acme', SecretBinary: Buffer.from('x') });

    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    expect((await read('usher/sandbox/acme')).SecretString).toBe('{"key":"first"}');
  });

  test.each([
    ['secretsmanager.ListSecrets', '{}', 'UnknownOperationException', /GetSecretValue and .*PutSecretValue/],
    ['constructor', '{}', 'UnknownOperationException', /GetSecretValue/],
    ['secretsmanager.GetSecretValue', '{', 'SerializationException', /JSON/],
  ])('refuses %s with %s', async (target, body, type, message) => {
    const answer = await fetch(aws.url, { method: 'POST', body, headers: { 'x-amz-target': target } });

    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ __type: type, message: expect.stringMatching(message) });
  });
});
