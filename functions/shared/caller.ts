import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { env } from './env-names.ts';

/**
 * Who sent the request, as the authorizer proved it: the `sub` of the JWT, or the ARN of the IAM user or role. The
 * session name of a role is chosen by its holder, so it is dropped unless the setting `trustSessionName` is on.
 */
export function callerOf(event: APIGatewayProxyEventV2): string {
  const authorizer: unknown = Reflect.get(event.requestContext, 'authorizer');
  const subject = at(authorizer, 'jwt', 'claims', 'sub');
  if (subject) return subject;
  const arn = at(authorizer, 'iam', 'userArn') ?? 'unknown';
  if (process.env[env.trustSessionName] === 'true') return arn;
  return arn.replace(/^(arn:[\w-]+:sts::\d+:assumed-role\/[^/]+)\/.*$/, '$1');
}

function at(value: unknown, ...path: string[]): string | undefined {
  const found = path.reduce<unknown>(
    (held, name) => (typeof held === 'object' && held !== null ? Reflect.get(held, name) : undefined),
    value,
  );
  return typeof found === 'string' ? found : undefined;
}
