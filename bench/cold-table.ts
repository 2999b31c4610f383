import type { Bundle } from './bundles.ts';
import type { ColdTimes } from './cold-run.ts';
import { table } from './report.ts';
import { median } from './statistics.ts';

export interface Measured {
  bundle: Bundle;
  times: ColdTimes[];
  /** The provider calls of one request, in alphabetical order. */
  calls: string[];
}

export type Variants = Record<'usher' | 'baseline' | 'empty', Measured>;

const targets = { kilobytes: 300, init: 0.45, sum: 0.6 };

/** The comparison of all operations and the words to read it with, in Markdown. */
export const coldTable = (operations: (Variants & { id: string })[]): string[] => [
  `_init_ is loading the bundle, _request_ the first request with all that it brings about: secret, token, provider calls, answer. _empty_ is a handler that does nothing. _baseline_ does the same request with middy, Powertools Logger, classic zod, the clients of Secrets Manager and DynamoDB and lib-dynamodb, bundled with esbuild's defaults. _calls_ go to the provider, for a token too; the baseline is checked to make the same ones. Nobody is called by \`health\` and \`openapi\`, whose baseline gives a fixed answer.`,
  table(header, operations.map(row)),
  `Milliseconds; KB are 1,000 bytes. Targets: KB ≤ ${targets.kilobytes}, init ≤ ${targets.init} × baseline, sum ≤ ${targets.sum} × baseline.`,
];

const header = [
  'operation',
  'KB',
  'calls',
  'init',
  'request',
  'sum',
  'empty sum',
  'baseline KB',
  'baseline init',
  'baseline sum',
  'sum ÷ empty',
  'init ÷ baseline',
  'sum ÷ baseline',
  'targets',
];

function row({ id, ...variants }: Variants & { id: string }): string[] {
  const [ours, plain, none] = [mediansOf(variants.usher), mediansOf(variants.baseline), mediansOf(variants.empty)];
  const [init, sum] = [ours.init / plain.init, ours.sum / plain.sum];
  const missed = [
    ...(ours.kilobytes > targets.kilobytes ? ['KB'] : []),
    ...(init > targets.init ? ['init'] : []),
    ...(sum > targets.sum ? ['sum'] : []),
  ];
  return [
    id,
    ours.kilobytes.toFixed(0),
    String(variants.usher.calls.length),
    ours.init.toFixed(1),
    ours.request.toFixed(1),
    ours.sum.toFixed(1),
    none.sum.toFixed(1),
    plain.kilobytes.toFixed(0),
    plain.init.toFixed(1),
    plain.sum.toFixed(1),
    (ours.sum / none.sum).toFixed(1),
    init.toFixed(2),
    sum.toFixed(2),
    missed.length === 0 ? '✓' : `✗ ${missed.join(', ')}`,
  ];
}

const mediansOf = ({ bundle, times }: Measured) => ({
  kilobytes: bundle.bytes / 1000,
  init: median(times.map(({ initMs }) => initMs)),
  request: median(times.map(({ requestMs }) => requestMs)),
  sum: median(times.map(({ initMs, requestMs }) => initMs + requestMs)),
});
