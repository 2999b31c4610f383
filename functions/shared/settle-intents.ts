import { clock } from './clock.ts';
import { OperationError } from './errors.ts';
import { closeIntent, deadIntents, type Expectation, type Intent, type LedgerState } from './ledger.ts';
import { countOf, logger } from './log.ts';

/** Reads whether the provider shows what a write meant to do. */
export type Holds = (expected: Expectation) => Promise<boolean>;

export interface SettledIntents {
  succeeded: number;
  failed: number;
  unknown: number;
  /** Still open: the provider could not be read, or did not say the same twice. */
  left: number;
}

const graceMs = 60_000;
const batch = 25;
const betweenReadsMs = 1_000;
/** A write whose effect could not be read for so long, or never can be, stays unknown, and its lock is given back. */
const patienceMs = 86_400_000;

/**
 * Ends the writes whose functions died: those whose lease ended at least 60 s ago. Each is read twice, and what is true
 * goes into the ledger; nothing is ever sent again.
 */
export async function settleIntents(holds: Record<string, Holds>): Promise<SettledIntents> {
  const settled: SettledIntents = { succeeded: 0, failed: 0, unknown: 0, left: 0 };
  for (const intent of await deadIntents(graceMs, batch)) {
    const state = await truthOf(intent, holds);
    if (state) await closeIntent(intent, { state, settled: true });
    settled[state ?? 'left'] += 1;
  }
  return settled;
}

async function truthOf(
  intent: Intent,
  holds: Record<string, Holds>,
): Promise<Exclude<LedgerState, 'intended'> | undefined> {
  const [provider = ''] = intent.subject.split(':');
  const read = holds[provider];
  try {
    if (!read) throw new Error(`no client for ${provider}`);
    const first = await read(intent.expects);
    await clock.sleep(betweenReadsMs);
    const second = await read(intent.expects);
    if (first === second) return first ? 'succeeded' : 'failed';
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    if (error.options.unprovable) return unknownForGood(intent);
    logger.warn('an intent cannot be settled yet', { subject: intent.subject, id: intent.id, code: error.code });
  }
  return clock.now() - intent.at > patienceMs ? unknownForGood(intent) : undefined;
}

function unknownForGood(intent: Intent): 'unknown' {
  logger.error('the effect of a write stays unknown', {
    subject: intent.subject,
    id: intent.id,
    ...countOf('effect_unknown'),
  });
  return 'unknown';
}
