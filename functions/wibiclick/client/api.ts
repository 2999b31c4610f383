import type { Deadline } from '../../shared/clock.ts';
import type { Outside, Send } from '../../shared/outside.ts';
import { redact } from '../../shared/redact.ts';
import { ProviderSecret } from '../../shared/secrets.ts';
import { retrying, send, urlOf } from '../../shared/transport.ts';
import { messageOf, wibiclickError } from './errors.ts';
import { type WibiclickSecret, wibiclickSecret } from './types.ts';

const provider = 'wibiclick';
const outside: Outside<WibiclickSecret> = { secret: new ProviderSecret(provider, wibiclickSecret), send };

export type Tenant = Pick<WibiclickSecret, 'baseUrl'>;

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
}

export interface Success {
  status: number;
  /** The parsed JSON, or undefined when the answer is not JSON. */
  json: unknown;
  /** Its words, fit to be shown. */
  message: string;
}

/** Sends calls to WibiClick: key, retries and the error table. A GET reads, a POST writes. */
export class WibiclickApi {
  readonly #deadline: Deadline;
  readonly #secret: Outside<WibiclickSecret>['secret'];
  readonly #transport: Send;

  constructor(deadline: Deadline, { secret, send } = outside) {
    this.#deadline = deadline;
    this.#secret = secret;
    this.#transport = send;
  }

  /** Which deployment this is. */
  tenant(): Promise<Tenant> {
    return this.#secret.use(async ({ baseUrl }) => ({ baseUrl }));
  }

  /** @throws OperationError as the error table says; `outcome` tells whether a write may have had an effect */
  call(call: Call): Promise<Success> {
    const kind = call.method === 'GET' ? 'read' : 'write';
    return this.#secret.use((values) => retrying(kind, this.#deadline, () => this.#send(values, call)));
  }

  async #send(values: WibiclickSecret, { method, path, query, body }: Call): Promise<Success> {
    const { baseUrl, apiKey, authHeader, authScheme } = values;
    const reply = await this.#transport(
      provider,
      {
        method,
        url: urlOf(baseUrl, path, query),
        writes: method === 'POST',
        headers: { [authHeader]: [authScheme, apiKey].filter(Boolean).join(' ') },
        ...(body && { body }),
      },
      this.#deadline,
    );
    const answer = { ...reply, json: jsonOrNothing(reply.text) };
    const error = wibiclickError(answer, [apiKey]);
    if (error) throw error;
    return { status: answer.status, json: answer.json, message: redact(messageOf(answer), [apiKey]) };
  }
}

/** A success may be an object, a plain string or empty (page section 2.1), so what is no JSON is no failure here. */
function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
