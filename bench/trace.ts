import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ProviderAnswer, ProviderCall, SimulatedProvider } from '../sandbox/simulator.ts';

/** A call that a function made, with all that it takes to make it again. */
export interface Call {
  /** A provider, or `store`. */
  to: string;
  /** What was called, such as `GET /cgi-bin/user/get` or `PutItem`. */
  name: string;
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
  /** What a provider said: its own code where it has one, else the status. */
  outcome?: string;
}

/** Notes down all calls to the providers and to the store, in the order of their arrival. */
export class Trace {
  readonly #calls: Call[] = [];

  /** The calls since they were taken last. */
  take(): Call[] {
    return this.#calls.splice(0);
  }

  /** The same provider, with its calls noted down. */
  watched(to: string, provider: SimulatedProvider): SimulatedProvider {
    return {
      handle: (call) => {
        const answer = provider.handle(call);
        this.#calls.push(providerCall(to, call, answer));
        return answer;
      },
      answerCode: (call, errcode) => provider.answerCode(call, errcode),
      state: () => provider.state(),
      reset: (options) => provider.reset(options),
    };
  }

  /** Notes down a request to DynamoDB. */
  watchStore(request: IncomingMessage): void {
    const { method = '', headers } = request;
    const name = String(headers['x-amz-target']).replace(/^.*\./, '');
    const call = { to: 'store', name, url: urlOf(headers), method, headers: needed(headers), body: '' };
    this.#calls.push(call);
    request.on('data', (chunk: Buffer) => {
      call.body += chunk.toString();
    });
  }
}

/** Calls to several services are made service by service at once, all others one after another. */
export function chainsOf(calls: Call[], providers: string[]): Call[][] {
  return providers.length > 1 ? [...Map.groupBy(calls, ({ to }) => to).values()] : [calls];
}

function providerCall(to: string, sent: ProviderCall, answer: ProviderAnswer): Call {
  const { method, path, headers, body } = sent;
  const query = new URLSearchParams(sent.query).toString();
  return {
    to,
    name: `${method} ${path}`,
    url: `${urlOf(headers)}${path}${query && `?${query}`}`,
    method,
    headers: needed(headers),
    ...(body !== undefined && { body: JSON.stringify(body) }),
    outcome: outcomeOf(answer),
  };
}

const urlOf = ({ host }: IncomingHttpHeaders): string => `http://${host}`;

/** Without those that belong to one connection or one message. */
const needed = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      /^(authorization|content-type|x-)/.test(name) ? [[name, String(value)]] : [],
    ),
  );

function outcomeOf({ status = 200, body }: ProviderAnswer): string {
  const code = typeof body === 'object' && body !== null ? Reflect.get(body, 'errcode') : undefined;
  return String(code ?? status);
}
