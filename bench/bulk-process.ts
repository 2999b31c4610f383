import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BulkResult, BulkTask } from './bulk-run.ts';
import { inFreshProcess } from './fresh-process.ts';

const program = fileURLToPath(new URL('bulk-run.ts', import.meta.url));
const loaded = ['fast-clock.ts', 'probe.ts'].map((file) => `--import ${new URL(file, import.meta.url).href}`);

/** Carries out one job in processes of its own, whose time runs `scale` times as fast as that of the machine. */
export async function bulk(task: Omit<BulkTask, 'probe'>, scale: number): Promise<BulkResult> {
  const directory = mkdtempSync(join(tmpdir(), 'usher-bench-'));
  const probe = join(directory, 'probe.json');
  const env = {
    ...process.env,
    NODE_OPTIONS: ['--import tsx', ...loaded].join(' '),
    USHER_BENCH_SCALE: String(scale),
    USHER_BENCH_SINCE: String(Date.now()),
    USHER_BENCH_PROBE: probe,
  };
  try {
    return await inFreshProcess<BulkResult>(program, { ...task, probe }, env);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
