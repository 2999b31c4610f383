import { backoff, clock } from './clock.ts';
import { OperationError } from './errors.ts';

export interface SettledWrite<Answer> {
  /** Undefined when no answer arrived and reading back showed that the write took effect. */
  answer: Answer | undefined;
  /** Some attempt had no usable answer, so an "already so" of a later one may be our own doing. */
  ambiguous: boolean;
}

export interface Write<Answer> {
  send: () => Promise<Answer>;
  /** Reads the provider: did the write take effect? Throws `conflict` when something else stands in its place. */
  isApplied: () => Promise<boolean>;
  /** How often it may be sent in all. */
  attempts?: number;
}

/**
 * Sends a write so that its effect is never doubled and never guessed: after an attempt without a usable answer the
 * provider is read before anything is sent again.
 * @throws OperationError `provider_timeout`, `outcome: "unknown"`, when reading back failed too
 */
export async function settle<Answer>({ send, isApplied, attempts = 2 }: Write<Answer>): Promise<SettledWrite<Answer>> {
  let timedOut = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return { answer: await send(), ambiguous: attempt > 1 };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      // What timed out may still be under way, so no read can prove that it had no effect.
      timedOut ||= error.code === 'provider_timeout';
      const outcome = timedOut ? 'unknown' : 'not_applied';
      const ambiguous = error.outcome === 'unknown';
      const mayBeOurs = error.options.repeated === true || (error.code === 'conflict' && attempt > 1);
      if (!ambiguous && !mayBeOurs) throw error.with({ outcome });
      if (await readBack(isApplied, error)) {
        // The provider said no, in words that we do not know; that it looks done may be somebody else's doing.
        if (error.options.unknownCode) throw error;
        return { answer: undefined, ambiguous: true };
      }
      if (attempt >= attempts || mayBeOurs || error.code === 'provider_unexpected') throw error.with({ outcome });
      await clock.sleep(backoff(attempt));
    }
  }
}

/**
 * Reads after a write without a usable answer.
 * @throws OperationError `provider_timeout`, `outcome: "unknown"`, when reading fails too
 */
export async function readBack<T>(read: () => Promise<T>, lost: OperationError): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof OperationError) || error.code === 'conflict') throw error;
    throw new OperationError('provider_timeout', `${lost.message}; and reading back failed: ${error.message}`, {
      outcome: 'unknown',
      ...(lost.options.provider && { provider: lost.options.provider }),
      fix: 'Read the member before you send this again: the change may have taken effect.',
    });
  }
}

/** How a client reports a write that took effect. */
export type WriteResult<Outcome> = Verification & {
  outcome: Outcome;
  /** The provider's own answer; null when it was lost and the effect was read back. */
  response: Record<string, unknown> | null;
  warnings: string[];
};

/** How a client reports that there was nothing to do. A single call turns it into its `refusal`, a workflow goes on. */
export interface AlreadySo<Outcome> {
  outcome: Outcome;
  refusal: OperationError;
}

/** The warning of a write whose answer was lost, and whose effect was read back. */
export const lostAnswer = ['upstream_error_but_verified'];

export type Verification = { verified: true } | { verified: 'unverified'; reason: string };

/**
 * Confirms by reading what the provider says it did. A read that fails makes the answer `unverified`, not a failure.
 * @throws OperationError `verification_failed` when the read contradicts the provider
 */
export async function verify(provider: string, isApplied: () => Promise<boolean>): Promise<Verification> {
  try {
    if (await isApplied()) return { verified: true };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return { verified: 'unverified', reason: `reading back failed: ${error.message}` };
  }
  throw new OperationError(
    'verification_failed',
    `${provider} confirmed the change, but reading back shows no change`,
    {
      provider: { name: provider },
      fix: 'Send the request again. If it stays so, check the member in the console of the provider and ask its support.',
    },
  );
}
