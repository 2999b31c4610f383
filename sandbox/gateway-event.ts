import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2WithJWTAuthorizer, Context } from 'aws-lambda';

/** A request that has found its route. */
export interface RoutedRequest {
  request: IncomingMessage;
  url: URL;
  body: Buffer;
  routeKey: string;
  pathParameters: Record<string, string>;
}

const functionTimeoutMs = 28_000;
const scopes = ['usher/read', 'usher/write', 'usher/approve'];

/** Bodies of these types are passed on as they are, all others in base64. */
const textTypes = /^(text\/|application\/(json|javascript|xml)\b)/i;

/** What API Gateway sends to a function for an HTTP API: payload format 2.0, where a field without content is left out. */
export function gatewayEvent(routed: RoutedRequest): APIGatewayProxyEventV2WithJWTAuthorizer {
  const { request, url, body, routeKey, pathParameters } = routed;
  const { cookie, ...headers } = request.headersDistinct;
  const isText = textTypes.test(request.headers['content-type'] ?? '');
  return {
    version: '2.0',
    routeKey,
    rawPath: rawPathOf(url),
    rawQueryString: url.search.slice(1),
    ...(cookie && { cookies: cookie.flatMap((line) => line.split('; ')) }),
    headers: joined(Object.entries(headers)),
    ...(url.search && { queryStringParameters: joined(parameters(url.searchParams)) }),
    requestContext: requestContext(routed),
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function requestContext({ request, url, routeKey }: RoutedRequest) {
  const now = new Date();
  const caller = request.headersDistinct['x-sandbox-caller']?.[0] ?? 'local';
  return {
    accountId: '000000000000',
    apiId: 'sandbox',
    authorizer: { jwt: { claims: { sub: caller }, scopes } },
    domainName: request.headers.host ?? '',
    domainPrefix: 'sandbox',
    http: {
      method: request.method ?? '',
      path: rawPathOf(url),
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: request.socket.remoteAddress ?? '',
      userAgent: request.headers['user-agent'] ?? '',
    },
    requestId: randomUUID(),
    routeKey,
    stage: '$default',
    time: logTime(now),
    timeEpoch: now.getTime(),
  };
}

export function lambdaContext(functionName: string, timeoutMs = functionTimeoutMs): Context {
  const endsAt = Date.now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
    memoryLimitInMB: '256',
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'sandbox',
    getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}

/** HTTP APIs deliver `rawPath` decoded, whatever its name says. */
const rawPathOf = (url: URL): string => decodeURIComponent(url.pathname);

const parameters = (query: URLSearchParams): [string, string[]][] =>
  [...query.keys()].map((name) => [name, query.getAll(name)]);

/** What is given more than once arrives as one value with commas. */
const joined = (entries: [string, string[] | undefined][]): Record<string, string> =>
  Object.fromEntries(entries.map(([name, values = []]) => [name, values.join(',')]));

/** `12/Mar/2020:19:03:58 +0000` */
function logTime(now: Date): string {
  const [, day, month, year, time] = now.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
