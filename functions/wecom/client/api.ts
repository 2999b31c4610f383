import { createHash } from 'node:crypto';
import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { sentBy } from '../../shared/redact.ts';
import { ProviderSecret } from '../../shared/secrets.ts';
import { type Credential, InMemoryCredentialStore, TokenBroker } from '../../shared/token-broker.ts';
import {
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
const secret = new ProviderSecret(provider, wecomSecret);
const tokens = new TokenBroker(new InMemoryCredentialStore());

/** The secrets of one corp have rights that do not overlap, and a token of their own each (page section 2.1). */
export type CredentialName = 'contactSecret' | 'appSecret';

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

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
  }

  /** The first of `names` that the secret holds. */
  firstCredential(names: CredentialName[]): Promise<CredentialName> {
    return secret.use(async (values) => names.find((name) => values[name]) ?? 'contactSecret');
  }

  /** @throws OperationError as the error table says; `outcome` tells whether a write may have had an effect */
  call(name: CredentialName, call: Call): Promise<Envelope> {
    return secret.use((values) =>
      retrying(call.kind, this.#deadline, () =>
        tokens.withToken(this.#credential(values, name), (token) => this.#send(values, token, call)),
      ),
    );
  }

  #send({ baseUrl }: WecomSecret, token: string, { method, path, query, body }: Call): Promise<Envelope> {
    const url = urlOf(baseUrl, path, { access_token: token, ...query });
    return exchange({ method, url, ...(body && { body }) }, this.#deadline);
  }

  #credential(values: WecomSecret, name: CredentialName): Credential {
    const corpsecret = values[name];
    if (!corpsecret) throw missing(name);
    return {
      provider,
      key: createHash('sha256').update([values.baseUrl, values.corpId, corpsecret].join('\n')).digest('hex'),
      fetchToken: async () => {
        const url = urlOf(values.baseUrl, '/cgi-bin/gettoken', { corpid: values.corpId, corpsecret });
        const answer = parseAs(provider, tokenAnswer, await exchange({ method: 'GET', url }, this.#deadline));
        return { token: answer.access_token, expiresInSeconds: answer.expires_in };
      },
    };
  }
}

/** One request and its verdict: the body decides, whatever the HTTP status (page section 1). */
async function exchange(request: ProviderRequest, deadline: Deadline): Promise<Envelope> {
  const { status, text } = await send(provider, request, deadline);
  if (status >= 500) throw unavailable(provider, `HTTP ${status}`, 'unknown');
  const answer = parseAs(provider, envelope, parseJson(provider, text));
  if (answer.errcode !== 0) throw wecomError(answer.errcode, answer.errmsg, sentBy(request));
  if (status >= 400) throw unexpected(provider, `HTTP ${status} without an errcode`);
  return answer;
}

const missing = (name: CredentialName): OperationError =>
  new OperationError('provider_credentials', `the secret of wecom has no ${name}`, {
    provider: { name: provider },
    fix: `Add ${name} to the secret of wecom.`,
  });
