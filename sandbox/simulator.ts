import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call as a provider sees it. `body` is parsed JSON, or the raw text when it is not JSON. */
export interface ProviderCall {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  /** The caller's address, which WeCom repeats in its refusals. */
  ip: string;
}

/** What a provider answers. A string body is sent as it is, with `contentType`. */
export interface ProviderAnswer {
  status?: number;
  body: unknown;
  contentType?: string;
  headers?: Record<string, string>;
}

/** The body of a reset; a provider may take more. */
export interface ResetOptions {
  members?: number;
}

/** A provider's rules and state. It knows nothing of HTTP, faults or the request log. */
export interface SimulatedProvider {
  handle(call: ProviderCall): ProviderAnswer;
  /** The provider's own way to say `errcode` for this call: a refusal, or for 0 a success. It changes nothing. */
  answerCode(call: ProviderCall, errcode: number | string): ProviderAnswer;
  state(): unknown;
  /** Back to the start state plus `members` generated members. Issued tokens stay valid. */
  reset(options: ResetOptions): void;
}

interface Fault {
  method: string;
  path: string;
  times: number;
  then: {
    status?: number;
    errcode?: number | string;
    delayMs?: number;
    body?: string;
    drop?: 'before' | 'after';
  };
}

export interface RunningServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

/**
 * Serves a provider on loopback with the control endpoints of the sandbox under `/_sandbox/`.
 * `status`, `errcode` and `body` faults answer without reaching the provider, so they change nothing.
 * `POST /_sandbox/release` ends every delay that is under way.
 */
export function startSimulator(provider: SimulatedProvider, port = 0): Promise<RunningServer> {
  let log: (Omit<ProviderCall, 'ip'> & { at: string })[] = [];
  let faults: Fault[] = [];
  let delayed: (() => void)[] = [];

  const control = (call: ProviderCall): ProviderAnswer => {
    switch (`${call.method} ${call.path}`) {
      case 'GET /_sandbox/state':
        return { body: provider.state() };
      case 'GET /_sandbox/requests':
        return { body: log };
      case 'POST /_sandbox/reset':
        log = [];
        faults = [];
        provider.reset((call.body as ResetOptions | undefined) ?? {});
        return { body: { ok: true } };
      case 'POST /_sandbox/faults':
        if (!Array.isArray(call.body)) return { status: 400, body: { message: 'send an array of faults' } };
        faults.push(...call.body.map((fault) => ({ ...fault })));
        return { body: { ok: true } };
      case 'POST /_sandbox/release':
        for (const goOn of delayed) goOn();
        delayed = [];
        return { body: { ok: true } };
      default:
        return { status: 404, body: { message: `no control endpoint ${call.method} ${call.path}` } };
    }
  };

  const takeFault = ({ method, path }: ProviderCall): Fault['then'] => {
    const fault = faults.find((entry) => entry.times > 0 && entry.method === method && entry.path === path);
    if (!fault) return {};
    fault.times -= 1;
    return fault.then;
  };

  const delay = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, ms).unref();
      delayed.push(resolve);
    });

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await readCall(request);
    if (call.path.startsWith('/_sandbox/')) return send(response, control(call));

    const { ip: _, ...logged } = call;
    log.push({ at: new Date().toISOString(), ...logged });
    const fault = takeFault(call);
    if (fault.delayMs) await delay(fault.delayMs);
    if (fault.drop === 'before') return void request.socket.destroy();
    const answer = faultAnswer(fault, call, provider) ?? provider.handle(call);
    if (fault.drop === 'after') return void request.socket.destroy();
    send(response, answer);
  };

  return listen((request, response) => {
    respond(request, response).catch((error) => {
      console.error('simulator failed', error);
      send(response, { status: 500, contentType: 'text/plain', body: 'simulator failed; see its output' });
    });
  }, port);
}

function faultAnswer(
  { status, errcode, body }: Fault['then'],
  call: ProviderCall,
  provider: SimulatedProvider,
): ProviderAnswer | undefined {
  if (errcode !== undefined) return { ...provider.answerCode(call, errcode), ...(status && { status }) };
  if (body !== undefined) return { status: status ?? 200, body, contentType: contentTypeOf(body) };
  return status ? { status, body: 'fault', contentType: 'text/plain' } : undefined;
}

const contentTypeOf = (body: string): string =>
  ({ '<': 'text/html', '{': 'application/json', '[': 'application/json' })[body.trimStart().charAt(0)] ?? 'text/plain';

async function readCall(request: IncomingMessage): Promise<ProviderCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://sandbox');
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    body: text === '' ? undefined : parseOrKeep(text),
    ip: (request.socket.remoteAddress ?? '').replace('::ffff:', ''),
  };
}

function parseOrKeep(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function send(
  response: ServerResponse,
  { status = 200, body, contentType = 'application/json', headers }: ProviderAnswer,
): void {
  response.writeHead(status, { 'content-type': contentType, ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Listens on loopback; `port` 0 takes a free one. Rejects when the port is taken. */
export function listen(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  port: number,
): Promise<RunningServer> {
  const server = createServer(onRequest);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = server.address() as AddressInfo;
      resolve({
        port: bound,
        url: `http://127.0.0.1:${bound}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}
