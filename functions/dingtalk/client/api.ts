import { createHash } from 'node:crypto';
import type * as z from 'zod/mini';
import type { Deadline } from '../../shared/clock.ts';
import { env } from '../../shared/env-names.ts';
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
  retrying,
  send,
  unavailable,
  unexpected,
  urlOf,
} from '../../shared/transport.ts';
import { dingtalkError, ipBan } from './errors.ts';
import {
  type ApiAnswer,
  apiAnswer,
  apiFailure,
  apiToken,
  type DingtalkSecret,
  dingtalkSecret,
  type LegacyAnswer,
  legacyAnswer,
  legacyToken,
} from './types.ts';

const provider = 'dingtalk';
/** As the official SDKs send it to the legacy host (page section 4). */
const contentType = 'application/json;charset=UTF-8';
const tokens = new TokenBroker();

/** For each API, as DingTalk publishes its limits; field reports saw throttling well below them (page section 5). */
const paces = new Paces(() => ({ calls: Number(process.env[env.dingtalkCallsPerSecond] ?? 10), ms: 1000 }));

const outside: Outside<DingtalkSecret> = { secret: new ProviderSecret(provider, dingtalkSecret), send };

export type Tenant = Pick<DingtalkSecret, 'appKey' | 'baseUrl'> & { apiBaseUrl?: string };

export interface ApiCall {
  method: 'GET' | 'POST';
  path: string;
  kind: 'read' | 'write';
  query?: Record<string, string>;
  body?: Record<string, unknown>;
}

/** Sends calls to DingTalk: secret, token, pacing, retries and the error table. */
export class DingtalkApi {
  readonly #deadline: Deadline;
  readonly #secret: Outside<DingtalkSecret>['secret'];
  readonly #send: Send;

  constructor(deadline: Deadline, { secret, send } = outside) {
    this.#deadline = deadline;
    this.#secret = secret;
    this.#send = send;
  }

  /**
   * A call of the legacy host: POST, JSON, token in the query (page sections 2.5 and 4).
   * @throws OperationError as the error table says; `outcome` tells whether a write may have had an effect
   */
  legacy(kind: 'read' | 'write', path: string, body: Record<string, unknown>): Promise<LegacyAnswer> {
    return this.#secret.use((values) =>
      retrying(kind, this.#deadline, () =>
        tokens.withToken(this.#credential(values), async (token) => {
          const url = urlOf(values.baseUrl, path, { access_token: token });
          const headers = { 'content-type': contentType };
          return this.#exchange(values, { method: 'POST', url, headers, body, writes: kind === 'write' }, readLegacy);
        }),
      ),
    );
  }

  /**
   * A call of the new API: token in the header, failures as HTTP statuses (page sections 2.5 and 3).
   * @throws OperationError as the error table says; `outcome` tells whether a write may have had an effect
   */
  api({ method, path, kind, query, body }: ApiCall): Promise<ApiAnswer> {
    return this.#secret.use((values) =>
      retrying(kind, this.#deadline, () =>
        tokens.withToken(this.#credential(values), async (token) => {
          if (!values.apiBaseUrl) throw withoutApiHost();
          const url = urlOf(values.apiBaseUrl, path, query);
          const headers = { 'x-acs-dingtalk-access-token': token };
          const request = { method, url, headers, writes: kind === 'write', ...(body && { body }) };
          const answer = await this.#exchange(values, request, (reply, sent) => readApi(reply, [token, ...sent]));
          return parseAs(provider, apiAnswer, answer);
        }),
      ),
    );
  }

  /** Which app this is, and where: what differs between tenants and reveals no secret. */
  tenant(): Promise<Tenant> {
    return this.#secret.use(async ({ appKey, baseUrl, apiBaseUrl }) => ({
      appKey,
      baseUrl,
      ...(apiBaseUrl !== undefined && { apiBaseUrl }),
    }));
  }

  /** Keys the fingerprints of users' fields; it changes with the secret, and older prints match nothing then. */
  printKey(): Promise<string> {
    return this.#secret.use(async ({ appSecret }) => appSecret);
  }

  /** The employee in whose name we terminate, if the secret names one. */
  operatorUserid(): Promise<string | undefined> {
    return this.#secret.use(async ({ operatorUserid }) => operatorUserid);
  }

  #credential(values: DingtalkSecret): Credential {
    const { baseUrl, apiBaseUrl, appKey, appSecret } = values;
    return {
      provider,
      reissuesTokens: true, // page section 2.3
      key: createHash('sha256').update([baseUrl, apiBaseUrl, appKey, appSecret].join('\n')).digest('hex'),
      fetchToken: () => (apiBaseUrl ? this.#apiToken(apiBaseUrl, values) : this.#legacyToken(values)),
    };
  }

  /** The new API's token, good for both hosts; the secret stays out of the URL (page sections 2.2 and 2.4). */
  async #apiToken(apiBaseUrl: string, values: DingtalkSecret) {
    const { appKey, appSecret } = values;
    const url = urlOf(apiBaseUrl, '/v1.0/oauth2/accessToken');
    const request: ProviderRequest = { method: 'POST', url, body: { appKey, appSecret } };
    const answer = parseAs(provider, apiToken, await this.#exchange(values, request, readApi));
    return { token: answer.accessToken, expiresInSeconds: answer.expireIn };
  }

  async #legacyToken(values: DingtalkSecret) {
    const url = urlOf(values.baseUrl, '/gettoken', { appkey: values.appKey, appsecret: values.appSecret });
    const answer = parseAs(provider, legacyToken, await this.#exchange(values, { method: 'GET', url }, readLegacy));
    return { token: answer.access_token, expiresInSeconds: answer.expires_in };
  }

  /** One request in its turn, and its verdict. */
  #exchange<T>(
    values: DingtalkSecret,
    request: ProviderRequest,
    read: (reply: ProviderReply, sent: string[]) => T,
  ): Promise<T> {
    return paces.run(request.url.pathname, async () =>
      read(await this.#send(provider, request, this.#deadline), confidential(values, request)),
    );
  }
}

/** What must not come back in DingTalk's words: the secret, the token, and what the request carried. */
const confidential = ({ appKey, appSecret }: DingtalkSecret, { url, body }: ProviderRequest): string[] =>
  sentBy({ url, body: [body, { appKey, appSecret }] });

/** The verdict of a legacy answer, HTTP 200 in nearly all cases (page section 3). */
function readLegacy(reply: ProviderReply, sent: string[]): LegacyAnswer {
  const answer = answerAs(legacyAnswer, reply);
  const code = effectiveCode(answer);
  if (code === '0') return answer;
  const message = answer.sub_msg ?? answer.errmsg;
  throw dingtalkError(code, { message, requestId: answer.request_id, sent });
}

function effectiveCode({ errcode, sub_code: subCode, errmsg }: LegacyAnswer): string {
  if (subCode) return subCode;
  return (errcode === 88 && /subcode=(\w+)/.exec(errmsg)?.[1]) || String(errcode);
}

/** The verdict of a new-API answer: the `code` first, the status second (page section 3). */
function readApi(reply: ProviderReply, sent: string[]): unknown {
  if (reply.status < 300) return reply.text === '' ? {} : jsonOf(reply); // some calls document no answer fields
  const { code, message, requestId, scopes } = answerAs(apiFailure, reply);
  if (!code && reply.status >= 500) throw serverFailure(reply);
  if (!code && reply.status !== 401) throw unexpected(provider, `HTTP ${reply.status} without a code`);
  throw dingtalkError(code ?? 'InvalidAuthentication', {
    message: [message, ...scopes].join(' '),
    requestId,
    sent,
  });
}

/** An answer in its documented shape. A failing server may answer anything else (page section 3, rule 7). */
function answerAs<Schema extends z.ZodMiniType>(schema: Schema, reply: ProviderReply): z.output<Schema> {
  const body = jsonOf(reply);
  if (reply.status >= 500 && !schema.safeParse(body).success) throw serverFailure(reply);
  return parseAs(provider, schema, body);
}

/** The JSON of an answer. Anything else is the ban page of the gateway, unless it is broken JSON or a failing server. */
function jsonOf(reply: ProviderReply): unknown {
  const body = jsonOrNothing(reply.text);
  if (isBan(body)) throw ipBan();
  if (body !== undefined) return body;
  if (reply.status >= 500) throw serverFailure(reply);
  const start = reply.text.trimStart().charAt(0);
  if (start === '') throw unexpected(provider, 'its answer is empty');
  throw start === '{' || start === '[' ? unexpected(provider, 'its answer is broken JSON') : ipBan();
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const withoutApiHost = (): OperationError =>
  new OperationError('provider_credentials', 'the secret of dingtalk has a baseUrl, but no apiBaseUrl', {
    provider: { name: provider },
    fix: 'Add apiBaseUrl, the host of the new API in that region, to the secret of dingtalk.',
  });

const serverFailure = ({ status }: ProviderReply): OperationError => unavailable(provider, `HTTP ${status}`, 'unknown');

const isBan = (body: unknown): boolean =>
  typeof body === 'object' &&
  body !== null &&
  (Reflect.get(body, 'punish') === 'deny' || Reflect.get(body, 'status') === 1111);
