import * as z from 'zod/mini';
import { giveBack } from './budget.ts';
import type { Deadline } from './clock.ts';
import { OperationError } from './errors.ts';
import { type Passage, passFence } from './fence.ts';
import { closeIntent, dropIntent, type Intent, type IntentEnd, type LedgerState, openIntent } from './ledger.ts';
import { logger, whereOf } from './log.ts';
import { tellFenceTripped } from './outbox.ts';

export interface PlannedWrite extends Passage {
  provider: string;
  intent: Omit<Intent, 'id' | 'at' | 'leaseEndsAt'>;
}

/**
 * Carries out one write so that its effect is neither doubled nor lost: lock and intent first, then halt and budget,
 * then the provider, then the ledger. A write without an answer keeps the lock until its effect was read.
 * @throws OperationError `locked`, `halted`, `fence_tripped`, `store_unavailable` with nothing sent, or what `send` throws
 */
export async function recordedWrite<Output>(
  { provider, intent: meant, ...passage }: PlannedWrite,
  deadline: Deadline,
  send: () => Promise<Output>,
): Promise<Output> {
  const intent = await openIntent(meant, deadline.msLeft);
  const reservation = await passFence(provider, passage).catch(async (error: unknown) => {
    await afterwards(() => dropIntent(intent));
    if (isTripped(error)) await afterwards(() => tellFenceTripped(error, intent));
    throw error;
  });
  try {
    const output = await send();
    await afterwards(() => closeIntent(intent, { state: 'succeeded', ...answerOf(output) }));
    return output;
  } catch (error) {
    if (error instanceof OperationError && error.outcome === 'not_applied') {
      await afterwards(() => close(intent, 'failed', error.options.provider?.code));
      if (reservation) await giveBack(provider, reservation);
    }
    if (error instanceof OperationError && error.options.mayBePartial) {
      await afterwards(() => close(intent, 'unknown', error.options.provider?.code));
    }
    throw error;
  }
}

export const isTripped = (error: unknown): error is OperationError =>
  error instanceof OperationError && error.code === 'fence_tripped';

const close = (intent: Intent, state: LedgerState, code: string | undefined): Promise<void> =>
  closeIntent(intent, { state, ...(code !== undefined && { code }) });

/** What the ledger keeps of an answer: the provider's own code, if it has one, and what we said. */
export function answerOf(output: unknown): Omit<IntentEnd, 'state'> {
  const { success, data } = writeOutput.safeParse(output);
  if (!success) return {};
  const code = data.response?.errcode;
  return {
    ...(code !== undefined && { code: String(code) }),
    answered: { outcome: data.outcome, verified: data.verified === true, confirmed: data.response !== null },
  };
}

const writeOutput = z.looseObject({
  outcome: z.string(),
  verified: z.union([z.literal(true), z.literal('unverified')]),
  response: z.nullable(z.looseObject({ errcode: z.optional(z.union([z.number(), z.string()])) })),
});

/** The provider has answered, so the caller gets that answer; what the store lacks is settled later. */
export async function afterwards(record: () => Promise<unknown>): Promise<void> {
  try {
    await record();
  } catch (error) {
    logger.warn('the ledger was not written; the intent will be settled later', whereOf(error));
  }
}
