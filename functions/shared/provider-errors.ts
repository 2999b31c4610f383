import { type ErrorCode, type ErrorOptions, OperationError } from './errors.ts';
import { redact } from './redact.ts';

/** What one code of a provider means in our words. `field` is the input field that the provider objects to. */
export interface ErrorRow
  extends Pick<ErrorOptions, 'fix' | 'retries' | 'retryAfter' | 'tokenRejected' | 'pausesCredential'> {
  code: ErrorCode;
  field?: string;
}

/** Keyed by the provider's code. */
export type ErrorTable = Record<string, ErrorRow>;

export const rows = (codes: (string | number)[], row: ErrorRow): ErrorTable =>
  Object.fromEntries(codes.map((code) => [code, row]));

export interface Refusal {
  provider: string;
  code: string;
  message: string;
  requestId?: string;
  /** Values of our request that must not come back in the provider's words. */
  sent: string[];
}

/** A provider's refusal as our error. A code that the table lacks is `provider_unexpected`: not retried, effect unknown. */
export function refusalError(
  row: ErrorRow | undefined,
  { provider, code, message, requestId, sent }: Refusal,
): OperationError {
  const words = redact(message, sent);
  const { code: ours, field, ...options } = row ?? { code: 'provider_unexpected' as const };
  return new OperationError(ours, `${provider} answered ${code}: ${words}`, {
    ...options,
    ...(!row && {
      outcome: 'unknown',
      unknownCode: true,
      fix: `Look up ${code} in the documentation of ${provider}; Usher does not know it.`,
    }),
    ...(field && { errors: [{ path: field, message: `${provider} answered ${code}: ${words}` }] }),
    provider: { name: provider, code, message: words, ...(requestId && { requestId }) },
  });
}
