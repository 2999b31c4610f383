import { createHash } from 'node:crypto';
import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import type { Outside, Send } from '../../shared/outside.ts';
import { Paces } from '../../shared/pace.ts';
import { sentBy } from '../../shared/redact.ts';
import { ProviderSecret } from '../../shared/secrets.ts';
import { type Credential, TokenBroker } from '../../shared/token-broker.ts';
import {
  type ProviderReply,
  type ProviderRequest,
  parseAs,
  parseJson,
  retrying,
  send,
  unavailable,
  unexpected,
  urlOf,
} from '../../shared/transport.ts';
import { wecomError } from './errors.ts';
import { type Envelope, envelope, tokenAnswer, type WecomSecret, wecomSecret } from './types.ts';

const provider = 'wecom';
const outside: Outside<WecomSecret> = { secret: new ProviderSecret(provider, wecomSecret), send };
const tokens = new TokenBroker();
/** What one corp may call one API, page section 3.1. */
const paces = new Paces(() => ({ calls: 10_000, ms: 60_000 }));

/** The secrets of one corp have rights that do not overlap, and a token of their own each (page section 2.1). */
export type CredentialName = 'contactSecret' | 'appSecret' | 'customerContactSecret';

export type Tenant = Pick<WecomSecret, 'corpId' | 'baseUrl'>;

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  /** A write can be a GET: `user/delete` is one. */
  kind: 'read' | 'write';
  query?: Record<string, string>;
  body?: Record<string, unknown>;
}

/** Sends calls to WeCom: secret, token, retries and the error table. */
export class WecomApi {
  readonly #deadline: Deadline;
  readonly #secret: Outside<WecomSecret>['secret'];
  readonly #transport: Send;

  constructor(deadline: Deadline, { secret, send } = outside) {
    this.#deadline = deadline;
    this.#secret = secret;
    this.#transport = send;
  }

  /** The first of `names` that the secret holds. */
  firstCredential(names: CredentialName[]): Promise<CredentialName> {
    return this.#secret.use(async (values) => names.find((name) => values[name]) ?? 'contactSecret');
  }

  /** Which corp this is, and where: what differs between tenants and reveals no secret. */
  tenant(): Promise<Tenant> {
    return this.#secret.use(async ({ corpId, baseUrl }) => ({ corpId, baseUrl }));
  }

  /** Whether the secret holds this credential. */
  has(name: CredentialName): Promise<boolean> {
    return this.#secret.use(async (values) => Boolean(values[name]));
  }

  /** Keys the fingerprints of members' fields; it changes with the secret, and older prints match nothing then. */
  printKey(): Promise<string> {
    return this.#secret.use(async ({ contactSecret }) => contactSecret);
  }

  /** @throws OperationError as the error table says; `outcome` tells whether a write may have had an effect */
  call(name: CredentialName, call: Call): Promise<Envelope> {
    return this.#secret.use((values) =>
      retrying(call.kind, this.#deadline, () =>
        tokens.withToken(this.#credential(values, name), (token) => this.#send(values, token, call)),
      ),
    );
  }

  #send(values: WecomSecret, token: string, { method, path, kind, query, body }: Call): Promise<Envelope> {
    const url = urlOf(values.baseUrl, path, { access_token: token, ...query });
    return this.#exchange(values, { method, url, writes: kind === 'write', ...(body && { body }) });
  }

  #credential(values: WecomSecret, name: CredentialName): Credential {
    const corpsecret = values[name];
    if (!corpsecret) throw missing(name);
    return {
      provider,
      key: createHash('sha256').update([values.baseUrl, values.corpId, corpsecret].join('\n')).digest('hex'),
      fetchToken: async () => {
        const url = urlOf(values.baseUrl, '/cgi-bin/gettoken', { corpid: values.corpId, corpsecret });
        const answer = parseAs(provider, tokenAnswer, await this.#exchange(values, { method: 'GET', url }));
        return { token: answer.access_token, expiresInSeconds: answer.expires_in };
      },
    };
  }

  /** One request in its turn, and its verdict. */
  #exchange(values: WecomSecret, request: ProviderRequest): Promise<Envelope> {
    const confidential = sentBy({ url: request.url, body: [request.body, values] });
    return paces.run(request.url.pathname, async () =>
      read(await this.#transport(provider, request, this.#deadline), confidential),
    );
  }
}

function read(reply: ProviderReply, confidential: string[]): Envelope {
  const answer = answerOf(reply);
  if (answer.errcode !== 0) throw wecomError(answer.errcode, answer.errmsg, confidential);
  if (reply.status >= 500) throw unavailable(provider, `HTTP ${reply.status}`, 'unknown');
  if (reply.status >= 400) throw unexpected(provider, `HTTP ${reply.status} without an errcode`);
  return answer;
}

/** The body decides, whatever the HTTP status (page section 1); a 5xx without one proves nothing. */
function answerOf({ status, text }: ProviderReply): Envelope {
  try {
    return parseAs(provider, envelope, parseJson(provider, text));
  } catch (error) {
    throw status >= 500 ? unavailable(provider, `HTTP ${status}`, 'unknown') : error;
  }
}

const missing = (name: CredentialName): OperationError =>
  new OperationError('provider_credentials', `the secret of wecom has no ${name}`, {
    provider: { name: provider },
    fix: `Add ${name} to the secret of wecom.`,
  });
