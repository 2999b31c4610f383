import { createHash } from 'node:crypto';
import pThrottle from 'p-throttle';
import type { Deadline } from '../../shared/clock.ts';
import { env } from '../../shared/env-names.ts';
import { sentBy } from '../../shared/redact.ts';
import { ProviderSecret } from '../../shared/secrets.ts';
import { type Credential, InMemoryCredentialStore, TokenBroker } from '../../shared/token-broker.ts';
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
import { dingtalkError, ipBan } from './errors.ts';
import {
  apiFailure,
  apiToken,
  type DingtalkSecret,
  dingtalkSecret,
  type LegacyAnswer,
  legacyAnswer,
  legacyToken,
} from './types.ts';

const provider = 'dingtalk';
const secret = new ProviderSecret(provider, dingtalkSecret);
const tokens = new TokenBroker(new InMemoryCredentialStore());

let pacedSend: typeof send | undefined;
/** Field reports saw throttling well below the published limits, so calls are paced (page section 5). */
const paced: typeof send = (...args) => {
  const limit = Number(process.env[env.dingtalkCallsPerSecond] ?? 10);
  pacedSend ??= pThrottle({ limit, interval: 1000 })(send);
  return pacedSend(...args);
};

/** Sends calls to DingTalk: secret, token, pacing, retries and the error table. */
export class DingtalkApi {
  readonly #deadline: Deadline;

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
  }

  /**
   * A call of the legacy host: POST, JSON, token in the query (page sections 2.5 and 4).
   * @throws OperationError as the error table says; `outcome` tells whether a write may have had an effect
   */
  legacy(kind: 'read' | 'write', path: string, body: Record<string, unknown>): Promise<LegacyAnswer> {
    return secret.use((values) =>
      retrying(kind, this.#deadline, () =>
        tokens.withToken(this.#credential(values), async (token) => {
          const url = urlOf(values.baseUrl, path, { access_token: token });
          return this.#exchange({ method: 'POST', url, body });
        }),
      ),
    );
  }

  #credential(values: DingtalkSecret): Credential {
    const { baseUrl, apiBaseUrl, appKey, appSecret } = values;
    return {
      provider,
      key: createHash('sha256').update([baseUrl, apiBaseUrl, appKey, appSecret].join('\n')).digest('hex'),
      fetchToken: () => (apiBaseUrl ? this.#apiToken(apiBaseUrl, values) : this.#legacyToken(values)),
    };
  }

  /** The new API's token, good for both hosts; the secret stays out of the URL (page sections 2.2 and 2.4). */
  async #apiToken(apiBaseUrl: string, { appKey, appSecret }: DingtalkSecret) {
    const url = urlOf(apiBaseUrl, '/v1.0/oauth2/accessToken');
    const request: ProviderRequest = { method: 'POST', url, body: { appKey, appSecret } };
    const answer = parseAs(provider, apiToken, readApi(await paced(provider, request, this.#deadline), request));
    return { token: answer.accessToken, expiresInSeconds: answer.expireIn };
  }

  async #legacyToken({ baseUrl, appKey, appSecret }: DingtalkSecret) {
    const url = urlOf(baseUrl, '/gettoken', { appkey: appKey, appsecret: appSecret });
    const answer = parseAs(provider, legacyToken, await this.#exchange({ method: 'GET', url }));
    return { token: answer.access_token, expiresInSeconds: answer.expires_in };
  }

  async #exchange(request: ProviderRequest): Promise<LegacyAnswer> {
    return readLegacy(await paced(provider, request, this.#deadline), request);
  }
}

/** The verdict of a legacy answer, HTTP 200 in nearly all cases (page section 3). */
function readLegacy(reply: ProviderReply, request: ProviderRequest): LegacyAnswer {
  const answer = parseAs(provider, legacyAnswer, jsonOf(reply));
  const code = effectiveCode(answer);
  if (code === '0') return answer;
  const message = answer.sub_msg ?? answer.errmsg;
  throw dingtalkError(code, { message, requestId: answer.request_id, sent: sentBy(request) });
}

function effectiveCode({ errcode, sub_code: subCode, errmsg }: LegacyAnswer): string {
  if (subCode) return subCode;
  return (errcode === 88 && /subcode=(\w+)/.exec(errmsg)?.[1]) || String(errcode);
}

/** The verdict of a new-API answer: the `code` first, the status second (page section 3). */
function readApi(reply: ProviderReply, request: ProviderRequest): unknown {
  const body = jsonOf(reply);
  if (reply.status < 300) return body;
  const { code, message, requestId, scopes } = parseAs(provider, apiFailure, body);
  if (!code && reply.status !== 401) throw unexpected(provider, `HTTP ${reply.status} without a code`);
  throw dingtalkError(code ?? 'InvalidAuthentication', {
    message: [message, ...scopes].join(' '),
    requestId,
    sent: sentBy(request),
  });
}

/** The JSON of an answer. Anything else is the ban page of the gateway, unless it is broken JSON or a failing server. */
function jsonOf({ status, text }: ProviderReply): unknown {
  const start = text.trimStart().charAt(0);
  if (start !== '{' && start !== '[') {
    if (status >= 500) throw unavailable(provider, `HTTP ${status}`, 'unknown');
    throw start ? ipBan() : unexpected(provider, 'its answer is empty');
  }
  const body = parseJson(provider, text);
  if (isBan(body)) throw ipBan();
  return body;
}

const isBan = (body: unknown): boolean =>
  typeof body === 'object' &&
  body !== null &&
  (Reflect.get(body, 'punish') === 'deny' || Reflect.get(body, 'status') === 1111);
