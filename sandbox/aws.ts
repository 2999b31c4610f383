import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { isLambdaPath } from './lambda.ts';
import { listen, type RunningServer } from './simulator.ts';

export type Input = Record<string, unknown>;
/** By the header `x-amz-target`. */
export type Actions = Map<string, (input: Input) => object>;

interface Version {
  ARN: string;
  Name: string;
  VersionId: string;
  VersionStages: string[];
}

interface Secret extends Version {
  SecretString: string;
  /** Epoch seconds. */
  CreatedDate: number;
}

/** A refusal, with AWS's name for it. */
export class AwsError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const arnPrefix = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';

/** Answers what is asked of `/_sandbox/…`; nothing for a path it does not know. */
export type Controls = (path: string, body: Input, method: string) => Promise<object | undefined>;

/** Answers the calls to Lambda. */
export type LambdaEndpoint = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The AWS endpoint of the sandbox: Secrets Manager in memory, Lambda and what `others` bring, for the SDK and for
 * `aws --endpoint-url`, and the controls of the sandbox.
 */
export function startAws(
  secrets: Record<string, string>,
  port = 0,
  controls: Controls = async () => undefined,
  lambda?: LambdaEndpoint,
  others: Actions = new Map(),
): Promise<RunningServer> {
  const actions: Actions = new Map([...secretsManager(secrets), ...others]);
  return listen(async (request, response) => {
    const path = request.url ?? '';
    if (lambda && isLambdaPath(path)) return lambda(request, response);
    const { status, body } = await (path.startsWith('/_sandbox/')
      ? control(controls, path, request)
      : answer(actions, request));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  }, port);
}

async function control(
  controls: Controls,
  path: string,
  request: IncomingMessage,
): Promise<{ status: number; body: object }> {
  try {
    const body = await controls(path, JSON.parse((await text(request)) || '{}') as Input, request.method ?? '');
    return body ? { status: 200, body } : { status: 404, body: { message: `there is no control ${path}` } };
  } catch (error) {
    return { status: 400, body: { message: String(error) } };
  }
}

function secretsManager(start: Record<string, string>): Actions {
  const secrets = new Map<string, Secret>();

  const find = ({ SecretId }: Input): Secret => {
    const secret = secrets.get(String(SecretId).replace(arnPrefix, ''));
    if (!secret) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  };

  const put = (name: string, SecretString: string): Version => {
    const version = { ARN: arnPrefix + name, Name: name, VersionId: randomUUID(), VersionStages: ['AWSCURRENT'] };
    secrets.set(name, { ...version, SecretString, CreatedDate: Date.now() / 1000 });
    return version;
  };

  for (const [name, value] of Object.entries(start)) put(name, value);
  return new Map<string, (input: Input) => object>([
    ['secretsmanager.GetSecretValue', find],
    [
      'secretsmanager.PutSecretValue',
      (input) => {
        const { Name } = find(input);
        if (typeof input.SecretString === 'string') return put(Name, input.SecretString);
        throw new AwsError('InvalidParameterException', 'The sandbox keeps text only: give SecretString.');
      },
    ],
  ]);
}

async function answer(actions: Actions, request: IncomingMessage): Promise<{ status: number; body: object }> {
  try {
    const input = JSON.parse(await text(request)) as Input;
    const action = actions.get(String(request.headers['x-amz-target']));
    if (action) return { status: 200, body: action(input) };
    const supported = [...actions.keys()].join(' and ');
    throw new AwsError('UnknownOperationException', `The sandbox supports ${supported}, nothing else.`);
  } catch (error) {
    const { type, message } = error instanceof AwsError ? error : new AwsError('SerializationException', String(error));
    return { status: 400, body: { __type: type, message } };
  }
}
