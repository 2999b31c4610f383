import { parseArgs } from 'node:util';
import { bundleOwn, bundleUsher } from './bundles.ts';
import { inFreshProcess } from './fresh-process.ts';
import { report, table } from './report.ts';
import { measuredFunctions } from './requests.ts';
import { startSimulators } from './simulators.ts';
import { quantile } from './statistics.ts';
import type { WarmTask, WarmTimes } from './warm-run.ts';

const defaultRequests = 400;
const targetMs = 1;

const { values } = parseArgs({ options: { requests: { type: 'string', default: String(defaultRequests) } } });
const requests = Number(values.requests);

const bundles = await bundleUsher();
const runner = await bundleOwn('warm-run');
const { addresses, newFunctionEnv, close } = await startSimulators();
const rows: string[][] = [];

for (const { loaded, event } of await measuredFunctions()) {
  process.stderr.write(`${loaded.id}\n`);
  const { providers } = loaded.operation;
  const file = bundles.get(loaded.id)?.file ?? '';
  const task: WarmTask = { file, addresses, providers, event, requests };
  rows.push(row(loaded.id, await inFreshProcess<WarmTimes>(runner.file, task, await newFunctionEnv())));
}
await close();

const header = [
  'operation',
  'calls',
  'store',
  'p50',
  'bare calls p50',
  'bare all p50',
  'above calls',
  'ours p50',
  'p99',
  'bare all p99',
  'ours p99',
  'target',
];

report('Warm requests', `npm run bench:warm${requests === defaultRequests ? '' : ` -- --requests ${requests}`}`, [
  `${requests} requests of each operation through the handler of its bundle, with secret and token at hand. In turn with each, the same calls by themselves: those to providers by \`node:http\` over kept connections (_bare calls_), and with them those to DynamoDB by a bare \`DynamoDBClient\` (_bare all_), with method, URL, token, headers and body as they arrived, but other members and ids in them. _above calls_ is the median less that of the bare provider calls, so it holds what lock, halt, budget and ledger cost. _ours_ is the difference to _bare all_: what our own code takes, with middy, Powertools and zod. The simulators run in another process, calls to DingTalk are not paced, and every request writes its log line, to /dev/null.`,
  table(header, rows),
  `Milliseconds. Target: ours p50 ≤ ${targetMs}.`,
]);

function row(id: string, { handled, bare, calls }: WarmTimes): string[] {
  const all = bare.map(({ allMs }) => allMs);
  const toProviders = bare.map(({ providersMs }) => providersMs);
  const toStore = calls.filter(({ to }) => to === 'store').length;
  const p50 = quantile(handled, 0.5);
  const ours = p50 - quantile(all, 0.5);
  const figures = [
    p50,
    quantile(toProviders, 0.5),
    quantile(all, 0.5),
    p50 - quantile(toProviders, 0.5),
    ours,
    quantile(handled, 0.99),
    quantile(all, 0.99),
    quantile(handled, 0.99) - quantile(all, 0.99),
  ];
  return [
    id,
    String(calls.length - toStore),
    String(toStore),
    ...figures.map((figure) => figure.toFixed(2)),
    ours <= targetMs ? '✓' : '✗',
  ];
}
