import type * as z from 'zod/mini';
import { backoff, clock, type Deadline } from './clock.ts';
import { connectionFix } from './connection-failures.ts';
import { OperationError, readFirst } from './errors.ts';
import { type HttpReply, httpRequest, ReplyTooLong } from './http-request.ts';
import { fieldErrors } from './schema.ts';

export interface ProviderRequest {
  method: 'GET' | 'POST' | 'PUT';
  url: URL;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Whether it may change something, which takes the permit of the deadline. */
  writes?: boolean;
}

export type ProviderReply = HttpReply;

/** One attempt ends here, so that a write that hangs leaves time to read back within the 25 s of an invocation. */
const attemptMs = 8_000;
const maxReplyBytes = 1024 * 1024;

/** Failures that come before the first byte of a request, so the provider cannot have acted on it. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * Sends one request and reads the whole reply, whatever its status.
 * @throws OperationError what the permit for a write throws; `provider_timeout` or `provider_unavailable` when no reply
 * came (`outcome` says whether the request can have had an effect), `provider_unexpected` for a redirect or a reply over
 * 1 MiB. Neither names the URL, which may hold a token.
 */
export async function send(provider: string, request: ProviderRequest, deadline: Deadline): Promise<ProviderReply> {
  if (deadline.msLeft === 0) {
    throw unavailable(provider, 'the time for this request was used up before it could be sent', 'not_applied');
  }
  if (request.writes) await deadline.permit();
  const reply = await reach(provider, request, deadline);
  if (reply.status < 300 || reply.status >= 400) return reply;
  throw unexpected(provider, `it answered a redirect (HTTP ${reply.status})`, 'Check the base URL in the secret.');
}

async function reach(
  provider: string,
  { method, url, headers, body: content }: ProviderRequest,
  deadline: Deadline,
): Promise<ProviderReply> {
  const body = content === undefined ? undefined : JSON.stringify(content);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const signal = deadline.signal(attemptMs);
  try {
    return await httpRequest({ method, url, headers: { ...type, ...headers }, body, signal }, maxReplyBytes);
  } catch (error) {
    throw notReached(provider, error);
  }
}

function notReached(provider: string, error: unknown): unknown {
  if (error instanceof ReplyTooLong) return unexpected(provider, 'its answer is over 1 MiB');
  if (!Error.isError(error)) return error;
  if (error.name === 'TimeoutError') return timedOut(provider);
  if (!('code' in error)) return error;
  const outcome = neverSent.has(String(error.code)) ? 'not_applied' : 'unknown';
  const failure = unavailable(provider, `the connection failed (${error.code})`, outcome);
  const fix = connectionFix(String(error.code));
  return fix ? failure.with({ fix }) : failure;
}

/** Not `unavailable`: the provider may be at work still, so even a read that shows no change proves nothing. */
const timedOut = (provider: string): OperationError =>
  new OperationError('provider_timeout', `${provider}: it did not answer in time`, {
    outcome: 'unknown',
    provider: { name: provider },
    retryAfter: 5,
    retries: 1,
    fix: readFirst,
  });

export const unavailable = (provider: string, what: string, outcome: 'not_applied' | 'unknown'): OperationError =>
  new OperationError('provider_unavailable', `${provider}: ${what}`, {
    outcome,
    provider: { name: provider },
    retryAfter: 5,
    retries: 2,
    fix: `Try again later. If it lasts, check the network and the base URL in the secret of ${provider}.`,
  });

export const unexpected = (provider: string, what: string, fix?: string): OperationError =>
  new OperationError('provider_unexpected', `${provider}: ${what}`, {
    outcome: 'unknown',
    provider: { name: provider },
    ...(fix && { fix }),
  });

/** `path` below `baseUrl`, whose own path is kept, with encoded query parameters. */
export function urlOf(baseUrl: string, path: string, query: Record<string, string> = {}): URL {
  const url = new URL(baseUrl.replace(/\/$/, '') + path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** `body` in its documented shape. @throws OperationError `provider_unexpected`, naming where it differs */
export function parseAs<Schema extends z.ZodMiniType>(
  provider: string,
  schema: Schema,
  body: unknown,
): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const paths = fieldErrors(result.error.issues).map(({ path }) => path);
  throw unexpected(provider, `its answer is not as documented at ${paths.join(', ')}`);
}

/** The JSON of a reply. @throws OperationError `provider_unexpected` */
export function parseJson(provider: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unexpected(provider, text.trimStart().startsWith('<') ? 'it answered HTML' : 'its answer is not JSON');
  }
}

/** A failure before a write was sent, or of a read: nothing was applied, however late an answer may come. */
export function withoutEffect(error: unknown): unknown {
  if (!(error instanceof OperationError)) return error;
  if (error.code !== 'provider_timeout') return error.with({ outcome: 'not_applied', nothingSent: true });
  const name = error.options.provider?.name ?? '';
  return unavailable(name, 'it did not answer in time', 'not_applied').with({ retries: 1, nothingSent: true });
}

/**
 * Sends again, with growing and jittered waits, as long as the failure allows it (`retries`), the wait fits before the
 * deadline, and sending twice cannot act twice: a write only when the failure proves that nothing was applied.
 */
export async function retrying<T>(kind: 'read' | 'write', deadline: Deadline, attempt: () => Promise<T>): Promise<T> {
  let busy = false;
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (failure) {
      const error = kind === 'read' ? withoutEffect(failure) : failure;
      if (!(error instanceof OperationError)) throw error;
      const { retries = 0, retryAfter = 0, pausesCredential, provider, nothingSent } = error.options;
      const wait = backoff(failures, error.code === 'provider_rate_limited' ? retryAfter * 1000 : 0);
      if (failures > retries || error.outcome === 'unknown' || pausesCredential || wait >= deadline.msLeft) {
        throw busy ? error.with({ repeated: true }) : error;
      }
      busy ||= error.code === 'provider_unavailable' && provider?.code !== undefined && !nothingSent;
      await clock.sleep(wait);
    }
  }
}
