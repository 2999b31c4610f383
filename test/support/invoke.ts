import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Operation } from '../../functions/shared/operation.ts';
import { problem } from '../../functions/shared/problem.ts';

export interface TestRequest {
  path?: Record<string, string>;
  query?: string;
  /** Sent as JSON, or as it is when it is a string. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The ARN of the IAM user who sends it. */
  caller?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Json = any;

export interface TestAnswer {
  status: number;
  headers: Record<string, unknown>;
  body: Json;
}

type Handler = ((event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>) & {
  operation: Operation;
};

/** Calls a handler as API Gateway would, and checks that the answer has the documented shape. CSV is given as its text. */
export async function invoke(handler: Handler, request: TestRequest = {}, msLeft = 28_000): Promise<TestAnswer> {
  const result = await handler(httpEvent(handler.operation.route, request), lambdaContext(msLeft));
  const { statusCode: status = 0, headers = {} } = result;
  if (String(headers['content-type']).startsWith('text/csv')) return { status, headers, body: result.body };
  const body = JSON.parse(result.body ?? 'null');
  (status < 300 ? handler.operation.output : problem).parse(body);
  return { status, headers, body };
}

export function httpEvent(
  route: string,
  { path = {}, query = '', body, headers = {}, caller }: TestRequest,
): APIGatewayProxyEventV2 {
  const [method = 'GET', template = '/'] = route.split(' ');
  const rawPath = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name] ?? ''));
  const requestId = randomUUID();
  return {
    version: '2.0',
    routeKey: route,
    rawPath,
    rawQueryString: query,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    pathParameters: path,
    requestContext: {
      accountId: '000000000000',
      apiId: 'test',
      domainName: 'test',
      domainPrefix: 'test',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'jest' },
      requestId,
      routeKey: route,
      stage: '$default',
      time: '',
      timeEpoch: 0,
      ...(caller && { authorizer: { iam: { userArn: caller } } }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    isBase64Encoded: false,
  };
}

/** Only what a handler may use; anything else throws, so that a new dependency is noticed. */
export function lambdaContext(msLeft = 28_000): Context {
  const used: Partial<Context> = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => msLeft };
  return new Proxy(used as Context, {
    get: (target, name) => {
      if (name in target) return Reflect.get(target, name);
      throw new Error(`the context of the test has no ${String(name)}`);
    },
  });
}
