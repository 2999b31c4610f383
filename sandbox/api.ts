import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { URLPattern } from 'node:url';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Route } from '../functions/shared/operation.ts';
import { parseRoute } from '../infra/operations.ts';
import { gatewayEvent, lambdaContext, type RoutedRequest } from './gateway-event.ts';
import { pageAnswer } from './page.ts';
import { listen, type RunningServer } from './simulator.ts';

type Answer = APIGatewayProxyStructuredResultV2;

export interface ServedOperation {
  id: string;
  operation: { route: Route };
  handler(event: APIGatewayProxyEventV2, context: Context): Promise<Answer>;
}

interface Matcher {
  method: string;
  path: URLPattern;
  served: ServedOperation;
}

const maxBodyBytes = 10 * 1024 * 1024;

/** Does what an API Gateway HTTP API does in front of the handlers, and shows the API page at `/`. */
export function startApi(operations: ServedOperation[], port = 0): Promise<RunningServer> {
  const matchers = operations.map(toMatcher);
  return listen((request, response) => {
    answer(matchers, request)
      .then((result) => send(response, result))
      .catch((error) => {
        console.error('no answer sent:', error);
        response.destroy();
      });
  }, port);
}

function toMatcher(served: ServedOperation): Matcher {
  const { method, path } = parseRoute(served.operation.route);
  return { method, path: new URLPattern({ pathname: path.replaceAll(/\{(\w+)\}/g, ':$1') }), served };
}

async function answer(matchers: Matcher[], request: IncomingMessage): Promise<Answer> {
  const url = new URL(`http://sandbox${request.url}`);
  const body = await buffer(request);
  if (!isDecodable(url.pathname)) return gatewayRefusal(400, 'Bad Request');
  if (body.length > maxBodyBytes) return gatewayRefusal(413, 'Request Entity Too Large');

  for (const { method, path, served } of matchers) {
    const match = method === request.method && path.exec({ pathname: url.pathname });
    const routeKey = served.operation.route;
    if (match) return invoke(served, { request, url, body, routeKey, pathParameters: decoded(match.pathname.groups) });
  }
  return (await pageAnswer(request.method, url.pathname)) ?? gatewayRefusal(404, 'Not Found');
}

async function invoke({ id, handler }: ServedOperation, routed: RoutedRequest): Promise<Answer> {
  try {
    return await handler(gatewayEvent(routed), lambdaContext(id.replace('/', '-')));
  } catch (error) {
    console.error(`${id} failed:`, error);
    return gatewayRefusal(500, 'Internal Server Error');
  }
}

/** What API Gateway answers itself. */
function gatewayRefusal(statusCode: number, message: string): Answer {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

const decoded = (groups: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, value = '']) => [name, decodeURIComponent(value)]));

function send(response: ServerResponse, { statusCode = 200, headers = {}, body = '', isBase64Encoded }: Answer): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
  response.writeHead(statusCode).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
}
