import { isDeepStrictEqual, parseArgs } from 'node:util';
import { httpEvent } from '../test/support/invoke.ts';
import { type Bundle, bundleBaseline, bundleOwn, bundleUsher } from './bundles.ts';
import type { ColdTask, ColdTimes } from './cold-run.ts';
import { type Comparison, coldTable } from './cold-table.ts';
import { reset } from './control.ts';
import { inFreshProcess } from './fresh-process.ts';
import { report } from './report.ts';
import { measuredFunctions } from './requests.ts';
import { startSimulators } from './simulators.ts';
import { type Call, chainsOf } from './trace.ts';

const defaultRuns = 11;
const { values } = parseArgs({ options: { runs: { type: 'string', default: String(defaultRuns) } } });
const runs = Number(values.runs);

const bundles = await bundleUsher();
const baseline = await bundleBaseline();
const empty = await bundleOwn('empty');
const runner = await bundleOwn('cold-run');
const simulators = await startSimulators();
const comparisons = (await measuredFunctions()).map(startComparison);
const emptyTimes: ColdTimes[] = [];

for (let round = 0; round <= runs; round++) {
  process.stderr.write(`\rround ${round} of ${runs}${round === runs ? '\n' : ''}`);
  const isWarmUp = round === 0; // of the simulators and the file cache
  const { times } = await measure(empty, {});
  if (!isWarmUp) emptyTimes.push(times);
  for (const comparison of comparisons) {
    const { ours, plain } = await compare(comparison);
    if (!isWarmUp) {
      comparison.ours.push(ours);
      comparison.plain.push(plain);
    }
  }
}
await simulators.close();

report('Cold start', `npm run bench:cold${runs === defaultRuns ? '' : ` -- --runs ${runs}`}`, [
  `Every run is a new process with an empty table, and ${runs} runs make a median; in every round all variants take their turn.`,
  ...coldTable(comparisons, { bundle: baseline, emptyTimes }),
]);

type Measured = Awaited<ReturnType<typeof measuredFunctions>>[number];

function startComparison({ loaded, event }: Measured): Comparison {
  const bundle = bundles.get(loaded.id);
  if (!bundle) throw new Error(`there is no bundle of ${loaded.id}`);
  return { loaded, event, bundle, ours: [], plain: [], calls: [] };
}

/** The request by the operation, then all that it did by the baseline. */
async function compare(comparison: Comparison): Promise<{ ours: ColdTimes; plain: ColdTimes }> {
  const { loaded, bundle, event } = comparison;
  const ours = await measure(bundle, event);
  const { providers } = loaded.operation;
  const chains = chainsOf(ours.calls, providers).map((calls) => calls.map(withoutItem));
  const plain = await measure(baseline, httpEvent('POST /baseline', { body: { providers, chains } }));
  requireSameCalls(loaded.id, ours.calls, plain.calls);
  comparison.calls = ours.calls;
  return { ours: ours.times, plain: plain.times };
}

/** The baseline makes the same kind of store call on an item of its own. */
function withoutItem(call: Call): Partial<Call> {
  return call.to === 'store' ? { to: call.to, name: call.name } : call;
}

/** One request in a new process, to simulators in their start state. */
async function measure({ file }: Bundle, event: object): Promise<{ times: ColdTimes; calls: Call[] }> {
  await reset(simulators.addresses, 1);
  const env = await simulators.newFunctionEnv();
  simulators.trace.take();
  const times = await inFreshProcess<ColdTimes>(runner.file, { file, event } satisfies ColdTask, env);
  return { times, calls: simulators.trace.take() };
}

/** @throws Error when the baseline does not do what the operation does, since then nothing is compared */
function requireSameCalls(id: string, ...both: [Call[], Call[]]): void {
  const [ours, plain] = both.map((calls) => calls.map(({ name, outcome = '' }) => `${name} ${outcome}`).sort());
  if (isDeepStrictEqual(ours, plain)) return;
  throw new Error(`${id} calls ${ours?.join(', ')}, but the baseline calls ${plain?.join(', ')}`);
}
