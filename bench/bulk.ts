import { parseArgs } from 'node:util';
import { isThrottle, sumOf } from './answers.ts';
import { bulk } from './bulk-process.ts';
import type { BulkResult } from './bulk-run.ts';
import { report, table } from './report.ts';

const rows = 10_000;
const fewerRows = [1_000, 3_000];
const absent = rows / 100;
const limit = 20;
const defaultScale = 2;
const targets = { share: 0.95, writingCalls: 60, growth: 1.25 };
const mebibyte = 2 ** 20;

const { values } = parseArgs({ options: { scale: { type: 'string', default: String(defaultScale) } } });
const scale = Number(values.scale);
let misses = 0;

const base = { members: rows, absent: 0 };
const dingtalk = (count: number) => bulk({ ...base, provider: 'dingtalk', rows: count }, 1);
const wecom = (count: number, ghosts = 0) => bulk({ ...base, provider: 'wecom', rows: count, absent: ghosts }, 1);

const paced = await told('DingTalk at its limit', () =>
  bulk({ ...base, provider: 'dingtalk', rows, dingtalkCallsPerSecond: limit }, scale),
);
const good = await told('WeCom', () => wecom(rows));
const mixed = await told('WeCom with absent ids', () => wecom(rows, absent));
const series = [
  ...(await growth('WeCom', wecom, good)),
  ...(await growth('DingTalk', dingtalk, await told(`DingTalk ${rows}`, () => dingtalk(rows)))),
];

report('Bulk jobs', `npm run bench:bulk${scale === defaultScale ? '' : ` -- --scale ${scale}`}`, [
  `Each row of these tables is one real job of deletions in a company of ${rows} members: planned, approved and applied over HTTP, and carried out by the durable workflow with ledger, locks and items. As with \`npm start\`, API, simulators, DynamoDB and the engine share one process, and the workflow has another one. Both are new for every job. Seconds count from the answer to the apply until the job has ended.`,
  `### DingTalk at ${limit} calls a second\n\nThe simulator refuses whatever exceeds ${limit} calls of one API in a second, and the setting \`dingtalkCallsPerSecond\` is ${limit}. ${clockInWords()} _throttled_ are the answers of the simulator that say so, of all calls; _call_ is the time from sending a call to its answer, by the machine's clock.`,
  pacedTable(),
  `Targets: ≥ ${targets.share * 100} % of the limit, nothing throttled, all rows deleted.`,
  `### WeCom by \`batchdelete\`\n\nIn the second job ${absent} rows, spread evenly, name nobody.`,
  wecomTable(),
  `Targets: ≤ ${targets.writingCalls} writing calls; each row ends as it should, and so the simulator has it.`,
  `### What a row costs\n\nNo limit of a provider holds these jobs up, so what they take is our own time, and that of the simulators and of DynamoDB on the same machine. _heap_ is the most that a full collection left in the process of the workflow: what the job really holds; _RSS_ is the most that the process took, garbage that was not collected yet included; ÷ compares with ${fewerRows[0]} rows.`,
  table(['job', 'rows', 'seconds', 'ms per row', '÷', 'heap MiB', '÷', 'RSS MiB', 'targets'], series),
  `Targets: time per row and heap ≤ ${targets.growth} × those of ${fewerRows[0]} rows.`,
]);
process.exitCode = misses === 0 ? 0 : 1;

function pacedTable(): string {
  const { seconds, answers, ends, probed } = paced;
  const perSecond = rows / seconds;
  const throttled = sumOf(answers, isThrottle);
  const isReached = perSecond >= targets.share * limit && throttled === 0 && paced.deleted === rows;
  const calls = sumOf(answers, () => true);
  const figures = [seconds.toFixed(1), perSecond.toFixed(2), `${((100 * perSecond) / limit).toFixed(1)} %`];
  const latency = [probed.callMs.p50.toFixed(1), probed.callMs.p99.toFixed(1)];
  const cells = [
    String(rows),
    ...figures,
    String(calls),
    String(throttled),
    ...latency,
    inWords(ends),
    mark(isReached),
  ];
  const header = ['rows', 'seconds', 'rows per second', 'of the limit', 'calls', 'throttled', 'call p50', 'call p99'];
  return table([...header, 'ends', 'targets'], [cells]);
}

function wecomTable(): string {
  const job = (name: string, { seconds, answers, ends, deleted }: BulkResult, expected: Record<string, number>) => {
    const count = (path: string) => sumOf(answers, (called) => called.endsWith(path));
    const [batches, singles, lists] = ['/user/batchdelete', '/user/delete', '/user/list_id'].map(count);
    const isReached =
      (batches ?? 0) + (singles ?? 0) <= targets.writingCalls &&
      deleted === expected['succeeded deleted'] &&
      inWords(ends) === inWords(expected);
    return [name, seconds.toFixed(1), ...[batches, singles, lists].map(String), inWords(ends), mark(isReached)];
  };
  return table(
    ['job', 'seconds', 'batchdelete', 'delete', 'list_id', 'ends', 'targets'],
    [
      job('all there', good, { 'succeeded deleted': rows }),
      job(`${absent} absent`, mixed, { 'failed not_found': absent, 'succeeded deleted': rows - absent }),
    ],
  );
}

/** The lines of one provider in the table of costs. */
async function growth(name: string, run: (count: number) => Promise<BulkResult>, largest: BulkResult) {
  const results = new Map<number, BulkResult>();
  for (const count of fewerRows) results.set(count, await told(`${name} ${count}`, () => run(count)));
  results.set(rows, largest);
  const msPerRow = (count: number) => (1_000 * (results.get(count)?.seconds ?? Number.NaN)) / count;
  const heap = (count: number) => results.get(count)?.probed.heapBytes ?? Number.NaN;
  const first = fewerRows[0] ?? rows;
  return [...results].map(([count, { seconds, probed }]) => {
    const [time, memory] = [msPerRow(count) / msPerRow(first), heap(count) / heap(first)];
    const isReached = Math.max(time, memory) <= targets.growth;
    const cells = [seconds.toFixed(1), msPerRow(count).toFixed(2), time.toFixed(2), inMebibytes(heap(count))];
    return [name, String(count), ...cells, memory.toFixed(2), inMebibytes(probed.rssBytes), mark(isReached)];
  });
}

async function told(what: string, run: () => Promise<BulkResult>): Promise<BulkResult> {
  const result = await run();
  process.stderr.write(`${what}: ${result.seconds.toFixed(1)} s\n`);
  return result;
}

function clockInWords(): string {
  if (scale === 1) return 'All clocks are those of the machine.';
  return `The clocks of both processes, \`Date.now\` and the waits of \`clock.sleep\`, run ${scale} times as fast as that of the machine; seconds are theirs.`;
}

function mark(isReached: boolean): string {
  if (!isReached) misses += 1;
  return isReached ? '✓' : '✗';
}

function inWords(ends: Record<string, number>): string {
  const sorted = Object.entries(ends).sort();
  return sorted.map(([end, count]) => `${count} ${end}`).join(', ');
}

function inMebibytes(bytes: number): string {
  return (bytes / mebibyte).toFixed(0);
}
