import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';

// What both measured processes share. Nothing here or there imports a module of Node.js: what is loaded before the
// measurement begins costs the handler nothing, and an import loads more than `getBuiltinModule` does.

export type Handler = (event: object, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

export const readTask = <Task>(): Task => JSON.parse(process.argv[2] ?? '') as Task;

/** Gives the result to the process that waits for it, and ends this one. */
export function finish(result: object): never {
  process.getBuiltinModule('node:fs').writeFileSync(3, JSON.stringify(result));
  process.exit();
}

export const newContext = (): Context =>
  ({
    functionName: 'bench',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:bench',
    memoryLimitInMB: '256',
    awsRequestId: '00000000-0000-4000-8000-000000000000',
    getRemainingTimeInMillis: () => 28_000,
  }) as Context;

/** @throws Error with the answer when it is no success: a failing request is no measurement. A schedule has no status. */
export function requireSuccess({ statusCode = 200, body }: APIGatewayProxyStructuredResultV2): void {
  if (statusCode < 200 || statusCode > 299) throw new Error(`the answer is ${statusCode}: ${body}`);
}
