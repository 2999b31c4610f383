/** Loaded before the process of the workflows: notes down, again and again, what memory it takes and how long its calls last. */
import { subscribe } from 'node:diagnostics_channel';
import { renameSync, writeFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { createHistogram, PerformanceObserver } from 'node:perf_hooks';

export interface Probed {
  /** The most memory of the process, and the most of its heap that a full collection left. */
  rssBytes: number;
  heapBytes: number;
  /** Of the calls to providers, from sending one to the end of its answer, on the clock of the machine. */
  callMs: { p50: number; p99: number };
}

const everyMs = 100;
const file = process.env.USHER_BENCH_PROBE;
const fullCollection = 4; // perf_hooks.constants.NODE_PERFORMANCE_GC_MAJOR

if (file && process.argv[1]?.endsWith('workflow-process.ts')) watch(file);

function watch(file: string): void {
  const startedAt = new WeakMap<ClientRequest, number>();
  const lasted = createHistogram(); // of microseconds
  let [rssBytes, heapBytes] = [0, 0];
  subscribe('http.client.request.start', (message) => {
    startedAt.set((message as { request: ClientRequest }).request, performance.now());
  });
  subscribe('http.client.response.finish', (message) => {
    const { request } = message as { request: ClientRequest };
    const ms = performance.now() - (startedAt.get(request) ?? 0);
    if (isToProvider(request)) lasted.record(Math.ceil(ms * 1_000));
  });
  new PerformanceObserver((list) => {
    const isFull = list.getEntries().some((entry) => Reflect.get(entry, 'detail')?.kind === fullCollection);
    if (isFull) heapBytes = Math.max(heapBytes, process.memoryUsage().heapUsed);
  }).observe({ entryTypes: ['gc'] });
  setInterval(() => {
    rssBytes = Math.max(rssBytes, process.memoryUsage.rss());
    const [p50, p99] = [50, 99].map((share) => lasted.percentile(share) / 1_000);
    writeFileSync(`${file}.new`, JSON.stringify({ rssBytes, heapBytes, callMs: { p50, p99 } }));
    renameSync(`${file}.new`, file);
  }, everyMs).unref();
}

const isToProvider = ({ path }: ClientRequest): boolean => /^\/(topapi|cgi-bin)\//.test(path);
