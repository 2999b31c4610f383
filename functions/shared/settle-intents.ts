import pMap from 'p-map';
import { clock, type Deadline } from './clock.ts';
import { asFailure, OperationError } from './errors.ts';
import { closeIntent, deadIntents, type Expectation, type Intent, type LedgerState } from './ledger.ts';
import { countOf, logger } from './log.ts';

/** Reads whether the provider shows what a write meant to do. */
export type Holds = (expected: Expectation) => Promise<boolean>;

/**
 * What reads each provider, made anew for each pass over the intents: what one of them has read may serve the others of
 * its pass.
 */
export type Readers = () => Record<string, Holds>;

export interface SettledIntents {
  succeeded: number;
  failed: number;
  unknown: number;
  /** Still open: the provider could not be read, did not say the same twice, or there was no time for it. */
  left: number;
}

type State = Exclude<LedgerState, 'intended'>;

const graceMs = 60_000;
const most = 500;
/** So many intents of one provider are read at the same time. */
const concurrency = 5;
const betweenReadsMs = 1_000;
/** A write whose effect could not be read for so long, or never can be, stays unknown, and its lock is given back. */
const patienceMs = 86_400_000;

/**
 * Ends the writes whose functions died: those whose lease ended at least 60 s ago. Each is read twice, and what is true
 * goes into the ledger; nothing is ever sent again. No provider waits for another one, and what there is no time for is
 * left to the next run.
 */
export async function settleIntents(readers: Readers, deadline: Deadline): Promise<SettledIntents> {
  const settled: SettledIntents = { succeeded: 0, failed: 0, unknown: 0, left: 0 };
  const byProvider = Map.groupBy(await deadIntents(graceMs, most), providerOf);
  const end = async (intent: Intent, state: State | undefined) => {
    if (state) await closeIntent(intent, { state, settled: true });
    settled[state ?? 'left'] += 1;
  };
  await Promise.all([...byProvider.values()].map((intents) => settleOf(intents, { readers, deadline, end })));
  return settled;
}

interface Settling {
  readers: Readers;
  deadline: Deadline;
  end(intent: Intent, state: State | undefined): Promise<void>;
}

/** The intents of one provider: a first pass over as many as half of the time allows, and a second one over the same. */
async function settleOf(intents: Intent[], { readers, deadline, end }: Settling): Promise<void> {
  const pass = async (rest: Intent[], msKept: number, then: (intent: Intent, holds: boolean) => unknown) => {
    const read = readerOf(intents, readers);
    const settle = async (intent: Intent) => {
      if (deadline.msLeft < msKept) return end(intent, undefined);
      const holds = await read(intent.expects).catch(asFailure);
      await (holds instanceof OperationError ? end(intent, unreadable(intent, holds)) : then(intent, holds));
    };
    await pMap(rest, settle, { concurrency });
  };

  const firsts = new Map<Intent, boolean>();
  await pass(intents, deadline.msLeft / 2, (intent, first) => firsts.set(intent, first));
  if (firsts.size === 0) return;
  await clock.sleep(betweenReadsMs);
  await pass([...firsts.keys()], 0, (intent, second) =>
    end(intent, firsts.get(intent) === second ? stateOf(second) : whileOpen(intent)),
  );
}

function readerOf([intent]: Intent[], readers: Readers): Holds {
  const provider = intent && providerOf(intent);
  const holds = provider && readers()[provider];
  if (!holds) throw new Error(`no client for ${provider}`);
  return holds;
}

const providerOf = ({ subject }: Intent): string => subject.split(':')[0] ?? '';

const stateOf = (holds: boolean): State => (holds ? 'succeeded' : 'failed');

function unreadable(intent: Intent, { code, options }: OperationError): State | undefined {
  if (options.unprovable) return unknownForGood(intent);
  logger.warn('an intent cannot be settled yet', { subject: intent.subject, id: intent.id, code });
  return whileOpen(intent);
}

const whileOpen = (intent: Intent): State | undefined =>
  clock.now() - intent.at > patienceMs ? unknownForGood(intent) : undefined;

function unknownForGood(intent: Intent): 'unknown' {
  logger.error('the effect of a write stays unknown', {
    subject: intent.subject,
    id: intent.id,
    ...countOf('effect_unknown'),
  });
  return 'unknown';
}
