import type { IncomingHttpHeaders } from 'node:http';
import type { OperationError } from '../../shared/errors.ts';
import { type ErrorTable, refusalError } from '../../shared/provider-errors.ts';

const checkBaseUrl =
  'Check baseUrl in the secret of wibiclick: this deployment does not have the call at that address.';

/** WibiClick has no codes; these are the words of its page, section 4.3. */
export const errorTable: ErrorTable = {
  unauthorized: {
    code: 'provider_credentials',
    fix: 'Check apiKey, and authHeader and authScheme too: which header carries the key is not published.',
  },
  forbidden: { code: 'provider_permission', fix: 'The key needs the rights of an owner or administrator.' },
  user_not_found: { code: 'not_found', field: 'userId' },
  website_not_found: { code: 'not_found', field: 'websiteId' },
  endpoint_not_found: { code: 'provider_unexpected', fix: checkBaseUrl },
  misconfigured: { code: 'provider_unexpected', fix: checkBaseUrl },
  invalid_input: { code: 'provider_rejected' },
  rejected: { code: 'provider_rejected' },
  conflict: { code: 'conflict' },
  throttled: { code: 'provider_rate_limited', retries: 3, retryAfter: 1 },
  upstream_error: { code: 'provider_unavailable', retries: 2 },
};

/** Failures after which the write may have taken effect all the same, so that the list decides (page section 4.3). */
const ambiguous = ['upstream_error', 'misconfigured'];

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The parsed JSON, or undefined when the text is not JSON. */
  json: unknown;
}

/** What went wrong, or undefined for a success: any 2xx that does not say `success: false`, whatever its body is. */
export function wibiclickError(answer: Answer, sent: string[]): OperationError | undefined {
  const word = classify(answer);
  if (!word) return undefined;
  const retryAfter = Math.min(Math.ceil(Number(answer.headers['retry-after'])) || 0, 60);
  const refusal = { provider: 'wibiclick', code: word, message: messageOf(answer), sent };
  return refusalError(errorTable[word], refusal).with({
    outcome: ambiguous.includes(word) ? 'unknown' : 'not_applied',
    // After a 409 the list decides too, but nothing is sent again.
    repeated: word === 'conflict',
    ...(retryAfter > 0 && { retryAfter }),
  });
}

function classify({ status, text, json }: Answer): string | undefined {
  const ok = status >= 200 && status < 300;
  if (ok && isHtml(text)) return 'misconfigured';
  if (ok && field(json, 'success') !== false) return undefined;
  if (status >= 500 && status !== 501) return 'upstream_error';
  const message = messageOf({ status, text, json });
  if (status === 401 || /^unauthorized$/i.test(message)) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (saysNotFound.user.test(message)) return 'user_not_found';
  if (saysNotFound.website.test(message)) return 'website_not_found';
  if ([404, 405, 501].includes(status)) return 'endpoint_not_found';
  if (status === 409) return 'conflict';
  if (status === 408 || status === 429) return 'throttled';
  return ok ? 'rejected' : 'invalid_input';
}

/** As words of a sentence: the route `/get-websites-for-user` that is not found says nothing of a user. */
const saysNotFound = {
  user: /(?<![\w/-])user(?![\w-]).{0,200}\bnot found\b/i,
  website: /(?<![\w/-])website(?![\w-]).{0,200}\bnot found\b/i,
};

const isHtml = (text: string): boolean => text.trimStart().startsWith('<');

/** Where the words of a failure are, in this order (page section 4.2). The HTML of a proxy is none of WibiClick's words. */
export function messageOf({ status, text, json }: Pick<Answer, 'status' | 'text' | 'json'>): string {
  const words = [field(json, 'message'), field(json, 'error'), json, json === undefined && !isHtml(text) ? text : ''];
  return words.find((value): value is string => typeof value === 'string' && value !== '') ?? `HTTP ${status}`;
}

const field = (json: unknown, name: 'success' | 'message' | 'error'): unknown =>
  typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined;
