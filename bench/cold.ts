import { isDeepStrictEqual, parseArgs } from 'node:util';
import { type LoadedOperation, loadOperations } from '../infra/operations.ts';
import { type Bundle, bundleBaseline, bundleOwn, bundleUsher } from './bundles.ts';
import type { ColdTask, ColdTimes } from './cold-run.ts';
import { coldTable, type Measured, type Variants } from './cold-table.ts';
import { loggedCalls, reset } from './control.ts';
import { inFreshProcess } from './fresh-process.ts';
import { report } from './report.ts';
import { eventFor, providerOf } from './requests.ts';
import { startSimulators } from './simulators.ts';
import { subject } from './subject.ts';

const defaultRuns = 15;
const { values } = parseArgs({ options: { runs: { type: 'string', default: String(defaultRuns) } } });
const runs = Number(values.runs);

const usher = await bundleUsher();
const baseline = await bundleBaseline();
const empty = await bundleOwn('empty');
const runner = await bundleOwn('cold-run');
const simulators = await startSimulators();
const operations = await loadOperations();
const measured = new Map(operations.map((operation) => [operation, variantsOf(operation)]));

for (let round = 0; round <= runs; round++) {
  process.stderr.write(`\rround ${round} of ${runs}${round === runs ? '\n' : ''}`);
  for (const [operation, variants] of measured) {
    for (const variant of Object.values(variants)) {
      const times = await measure(operation, variant);
      if (round > 0) variant.times.push(times); // round 0 warms the simulators and the file cache
    }
    requireSameCalls(operation, variants);
  }
}
await simulators.close();

report('Cold start', `npm run bench:cold${runs === defaultRuns ? '' : ` -- --runs ${runs}`}`, [
  `Every run is a new process, and ${runs} runs make a median; in every round all variants take their turn.`,
  ...coldTable([...measured].map(([{ id }, variants]) => ({ id, ...variants }))),
]);

function variantsOf({ id }: LoadedOperation): Variants {
  const [ours, plain] = [usher.get(id), baseline.get(id)];
  if (!ours || !plain) throw new Error(`bench/baseline has no ${id}.ts`);
  const start = (bundle: Bundle): Measured => ({ bundle, times: [], calls: [] });
  return { usher: start(ours), baseline: start(plain), empty: start(empty) };
}

/** One request in a new process, to a simulator in its start state. */
async function measure(operation: LoadedOperation, variant: Measured): Promise<ColdTimes> {
  const provider = providerOf(operation);
  const url = provider && simulators.urls[provider];
  if (url) await reset(url, 1);
  const task: ColdTask = { file: variant.bundle.file, event: eventFor(operation, subject(1)) };
  const times = await inFreshProcess<ColdTimes>(runner.file, task, simulators.functionEnv);
  variant.calls = url ? (await loggedCalls(url)).map(({ method, path }) => `${method} ${path}`).sort() : [];
  return times;
}

/** @throws Error when the baseline does not do what the operation does, since then nothing is compared */
function requireSameCalls({ id }: LoadedOperation, { usher, baseline }: Variants): void {
  if (isDeepStrictEqual(usher.calls, baseline.calls)) return;
  throw new Error(`${id} calls ${usher.calls.join(', ')}, but its baseline calls ${baseline.calls.join(', ')}`);
}
