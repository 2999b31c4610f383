import type { LoadedFunction } from '../infra/operations.ts';
import type { Bundle } from './bundles.ts';
import type { ColdTimes } from './cold-run.ts';
import { table } from './report.ts';
import { median } from './statistics.ts';
import type { Call } from './trace.ts';

/** An operation against the baseline that makes the same calls. */
export interface Comparison {
  loaded: LoadedFunction;
  event: object;
  bundle: Bundle;
  ours: ColdTimes[];
  plain: ColdTimes[];
  calls: Call[];
}

const reads = { kilobytes: 300, init: 0.45, sum: 0.6 };
const others = { kilobytes: 350, init: 0.5, sum: 0.6 };

/** The comparison of all operations and the words to read it with, in Markdown. */
export function coldTable(
  comparisons: Comparison[],
  { bundle, emptyTimes }: { bundle: Bundle; emptyTimes: ColdTimes[] },
): string[] {
  const empty = mediansOf(emptyTimes).sum;
  return [
    `_init_ is loading the bundle, _request_ the first request with all that it brings about: secret, token, lock, provider calls, ledger, answer. _calls_ go to the providers, for tokens too, and _store_ calls to DynamoDB. _baseline_ is a handler with middy, Powertools Logger, classic zod, the clients of Secrets Manager and DynamoDB and lib-dynamodb, bundled with esbuild's defaults to ${kilobytes(bundle).toFixed(0)} KB. It reads the same secrets and is checked to make the same provider calls, with the same outcomes, and as many store calls of each kind, which it repeats from the run of the operation before it. \`system/doctor\` asks the providers at once, and so does its baseline. A handler that does nothing takes ${empty.toFixed(1)} ms in sum (_empty_). \`cleanup/settle-intents\` finds nothing to settle.`,
    table(
      header,
      comparisons.map((comparison) => row(comparison, empty)),
    ),
    `Milliseconds; KB are 1,024 bytes. Targets of reads: KB ≤ ${reads.kilobytes}, init ≤ ${reads.init} × baseline, sum ≤ ${reads.sum} × baseline; of all others: KB ≤ ${others.kilobytes}, init ≤ ${others.init} ×, sum ≤ ${others.sum} ×.`,
  ];
}

const header = [
  'operation',
  'effect',
  'KB',
  'calls',
  'store',
  'init',
  'request',
  'sum',
  'baseline init',
  'baseline sum',
  'sum ÷ empty',
  'init ÷ baseline',
  'sum ÷ baseline',
  'targets',
];

function row({ loaded, bundle, calls, ...times }: Comparison, empty: number): string[] {
  const effect = 'effect' in loaded.operation ? loaded.operation.effect : 'schedule';
  const targets = effect === 'read' ? reads : others;
  const [ours, plain] = [mediansOf(times.ours), mediansOf(times.plain)];
  const reached = { kilobytes: kilobytes(bundle), init: ours.init / plain.init, sum: ours.sum / plain.sum };
  const missed = (['kilobytes', 'init', 'sum'] as const).filter((name) => reached[name] > targets[name]);
  const toStore = calls.filter(({ to }) => to === 'store').length;
  return [
    loaded.id,
    effect,
    reached.kilobytes.toFixed(0),
    String(calls.length - toStore),
    String(toStore),
    ours.init.toFixed(1),
    ours.request.toFixed(1),
    ours.sum.toFixed(1),
    plain.init.toFixed(1),
    plain.sum.toFixed(1),
    (ours.sum / empty).toFixed(0),
    reached.init.toFixed(2),
    reached.sum.toFixed(2),
    missed.length === 0 ? '✓' : `✗ ${missed.join(', ')}`,
  ];
}

const kilobytes = ({ bytes }: Bundle): number => bytes / 1024;

const mediansOf = (times: ColdTimes[]) => ({
  init: median(times.map(({ initMs }) => initMs)),
  request: median(times.map(({ requestMs }) => requestMs)),
  sum: median(times.map(({ initMs, requestMs }) => initMs + requestMs)),
});
