import { parseArgs } from 'node:util';
import { loadOperations } from '../infra/operations.ts';
import { bundleOwn, bundleUsher } from './bundles.ts';
import { inFreshProcess } from './fresh-process.ts';
import { report, table } from './report.ts';
import { eventFor, providerOf } from './requests.ts';
import { startSimulators } from './simulators.ts';
import { quantile } from './statistics.ts';
import { subject } from './subject.ts';
import type { WarmTask, WarmTimes } from './warm-run.ts';

const defaultRequests = 2_000;
const targetMs = 1;

const { values } = parseArgs({ options: { requests: { type: 'string', default: String(defaultRequests) } } });
const requests = Number(values.requests);

const usher = await bundleUsher();
const runner = await bundleOwn('warm-run');
const simulators = await startSimulators();
const rows: string[][] = [];

for (const operation of await loadOperations()) {
  const provider = providerOf(operation);
  const bundle = usher.get(operation.id);
  if (!provider || !bundle) continue;
  process.stderr.write(`${operation.id}\n`);
  const event = eventFor(operation, subject(1));
  const task: WarmTask = { file: bundle.file, url: simulators.urls[provider], event, requests };
  const times = await inFreshProcess<WarmTimes>(runner.file, task, simulators.functionEnv);
  rows.push(row(operation.id, times));
}
await simulators.close();

report('Warm requests', `npm run bench:warm${requests === defaultRequests ? '' : ` -- --requests ${requests}`}`, [
  `${requests} requests of each operation through the handler of its bundle, with secret and token at hand. In turn with each, the same provider calls by \`fetch\` alone (_bare_): method, URL with token, headers and body as the simulator logged them. _ours_ is the difference of the medians. The simulators run in another process, calls to DingTalk are not paced, and every request writes its log line, to /dev/null.`,
  table(['operation', 'calls', 'p50', 'bare p50', 'ours p50', 'p99', 'bare p99', 'target'], rows),
  `Milliseconds. Target: ours p50 ≤ ${targetMs}.`,
]);

function row(id: string, { handled, bare, calls }: WarmTimes): string[] {
  const ours = quantile(handled, 0.5) - quantile(bare, 0.5);
  return [
    id,
    String(calls),
    quantile(handled, 0.5).toFixed(2),
    quantile(bare, 0.5).toFixed(2),
    ours.toFixed(2),
    quantile(handled, 0.99).toFixed(2),
    quantile(bare, 0.99).toFixed(2),
    ours <= targetMs ? '✓' : '✗',
  ];
}
