import type { Deadline } from './clock.ts';
import { OperationError } from './errors.ts';
import { giveBack, passFence } from './fence.ts';
import { closeIntent, dropIntent, type Intent, type LedgerState, openIntent } from './ledger.ts';
import { logger, whereOf } from './log.ts';

export interface PlannedWrite {
  provider: string;
  intent: Omit<Intent, 'id' | 'at' | 'leaseEndsAt'>;
  /** Whether it takes access away from somebody, which the fence counts. */
  removesAccess: boolean;
}

/**
 * Carries out one write so that its effect is neither doubled nor lost: lock and intent first, then halt and budget,
 * then the provider, then the ledger. A write without an answer keeps the lock until its effect was read.
 * @throws OperationError `locked`, `halted`, `fence_tripped`, `store_unavailable` with nothing sent, or what `send` throws
 */
export async function recordedWrite<Output>(
  { provider, intent: meant, removesAccess }: PlannedWrite,
  deadline: Deadline,
  send: () => Promise<Output>,
): Promise<Output> {
  const intent = await openIntent(meant, deadline.msLeft);
  const reservation = await passFence(provider, removesAccess).catch(async (error: unknown) => {
    await afterwards(() => dropIntent(intent));
    throw error;
  });
  try {
    const output = await send();
    await afterwards(() => close(intent, 'succeeded', codeOf(output)));
    return output;
  } catch (error) {
    if (error instanceof OperationError && error.outcome === 'not_applied') {
      await afterwards(() => close(intent, 'failed', error.options.provider?.code));
      if (reservation !== undefined) await giveBack(provider, reservation);
    }
    if (error instanceof OperationError && error.options.mayBePartial) {
      await afterwards(() => close(intent, 'unknown', error.options.provider?.code));
    }
    throw error;
  }
}

const close = (intent: Intent, state: LedgerState, code: string | undefined): Promise<void> =>
  closeIntent(intent, { state, ...(code !== undefined && { code }) });

/** The provider's own code in a success, for those that have one. */
function codeOf(output: unknown): string | undefined {
  const response = typeof output === 'object' && output !== null ? Reflect.get(output, 'response') : undefined;
  const errcode = typeof response === 'object' && response !== null ? Reflect.get(response, 'errcode') : undefined;
  return errcode === undefined ? undefined : String(errcode);
}

/** The provider has answered, so the caller gets that answer; what the store lacks is settled later. */
async function afterwards(record: () => Promise<unknown>): Promise<void> {
  try {
    await record();
  } catch (error) {
    logger.warn('the ledger was not written; the intent will be settled later', whereOf(error));
  }
}
