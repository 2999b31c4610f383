/** Every error code of the HTTP contract, with its status and what a caller can do. A code's default may be overridden where it is raised. */
export const errorCodes = {
  invalid_input: { status: 400, retryable: false, title: 'The request is not valid; nothing was sent to the provider' },
  not_found: { status: 404, retryable: false, title: 'There is no such member, or no such run' },
  conflict: { status: 409, retryable: false, title: 'It already exists, or its state forbids this' },
  protected: { status: 409, retryable: false, title: 'The account is protected' },
  fence_tripped: { status: 409, retryable: true, title: 'The budget of removals is spent' },
  plan_drifted: { status: 409, retryable: false, title: 'The plan no longer holds; nothing was sent' },
  halted: { status: 409, retryable: true, title: 'Usher is halted' },
  locked: { status: 409, retryable: true, title: 'Another write to this member is open' },
  idempotency_mismatch: { status: 422, retryable: false, title: 'This Idempotency-Key was used for another request' },
  idempotency_in_progress: { status: 409, retryable: true, title: 'A request with this Idempotency-Key is under way' },
  provider_rejected: { status: 422, retryable: false, title: 'The provider refused a value' },
  needs_human: { status: 422, retryable: false, title: "Only a person in the provider's console can do this" },
  provider_credentials: { status: 502, retryable: false, title: 'The provider refused our credential' },
  provider_permission: { status: 502, retryable: false, title: 'Our credential lacks a permission' },
  provider_ip_refused: { status: 502, retryable: false, title: 'The provider refused our address' },
  provider_unexpected: { status: 502, retryable: false, title: 'The provider answered something undocumented' },
  verification_failed: { status: 502, retryable: true, title: 'The provider said yes and did not do it' },
  provider_rate_limited: { status: 503, retryable: true, title: 'The provider is limiting our calls' },
  provider_unavailable: { status: 503, retryable: true, title: 'The provider is not available' },
  provider_quota: { status: 503, retryable: false, title: "The provider's quota is spent" },
  store_unavailable: { status: 503, retryable: true, title: 'The ledger cannot be written; nothing was sent' },
  provider_timeout: { status: 504, retryable: true, title: 'The effect is unknown, and reading back failed' },
  internal: { status: 500, retryable: false, title: 'A bug in Usher; details are in its log' },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** Whether a write took effect: proved that it did not, or not known. */
export type FailedOutcome = 'not_applied' | 'unknown';

export interface FieldError {
  path: string;
  message: string;
}

/** The provider's own words, free of secrets and personal data. */
export interface ProviderDetail {
  name: string;
  code?: string;
  message?: string;
  requestId?: string;
}

export interface ErrorOptions {
  retryable?: boolean;
  outcome?: FailedOutcome;
  provider?: ProviderDetail;
  fix?: string;
  errors?: FieldError[];
  /** Further members of the problem, such as the fresh plan of a run that drifted. */
  members?: Record<string, unknown>;
  /** Seconds until a retry can help: the `Retry-After` header. */
  retryAfter?: number;
  /** How often the same call may be sent again within this invocation. */
  retries?: number;
  /** The provider refused with a code that no documentation explains. */
  unknownCode?: boolean;
  /** No read that our credentials allow can prove the effect, now or later. */
  unprovable?: boolean;
  /** An earlier attempt of the same call was answered "busy", so a refusal may be about our own first attempt. */
  repeated?: boolean;
  /** The provider refused after it may have written a part, and no later reading will tell more. */
  mayBePartial?: boolean;
  /** It happened before the write itself was sent, or in a read. */
  nothingSent?: boolean;
  /** The provider no longer accepts the token; a new one may help. */
  tokenRejected?: boolean;
  /** The refusal holds for every call of this credential until `retryAfter` is over. */
  pausesCredential?: boolean;
}

/**
 * An expected failure, in the words of the HTTP contract. `code` decides; `message` is for people and holds no secret
 * and no personal data. `outcome` tells whether a write may have taken effect all the same.
 */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly outcome: FailedOutcome;
  readonly options: ErrorOptions;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message);
    this.code = code;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    this.outcome = options.outcome ?? 'not_applied';
    this.options = options;
  }

  /** The same failure with its code or some of its options changed. */
  with({ code = this.code, ...options }: ErrorOptions & { code?: ErrorCode }): OperationError {
    return new OperationError(code, this.message, { ...this.options, ...options });
  }
}

/** An expected failure as a value. Anything else is a bug, and is thrown. */
export function asFailure(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  throw error;
}

/** The fix after an attempt that may be at work still. */
export const readFirst = 'Read the member before you send this again: the change may still take effect.';

export const invalidInput = (errors: FieldError[]): OperationError =>
  new OperationError('invalid_input', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), { errors });

const shown = 20;

/** @throws OperationError `invalid_input` when there are any: the first of them, and how many more there are */
export function refuseAny(errors: FieldError[]): void {
  const more = { path: 'body', message: `has ${errors.length - shown} more errors, not listed here` };
  if (errors.length > 0) throw invalidInput(errors.length > shown ? [...errors.slice(0, shown), more] : errors);
}
