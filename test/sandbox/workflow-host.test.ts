import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkflowHost } from '../../sandbox/workflow-host.ts';
import { durableSample } from '../support/durable-sample.ts';
import { time } from '../support/time.ts';
import { until } from '../support/until.ts';
import type { Input } from './durable-workflow.ts';

const sample = durableSample();
const { name, lambda, start, advance, resultOf } = sample;
const day = 86_400_000;

describe('the process of the functions', () => {
  const directory = mkdtempSync(join(tmpdir(), 'usher-durable-'));
  const entry = fileURLToPath(new URL('durable-workflow.ts', import.meta.url));
  const functions = new Map([[name, { id: 'sample/run', functionName: name, entry }]]);
  const host = new WorkflowHost({ functions, clockOffsetMs: () => time.ahead });
  afterAll(() => {
    host.close();
    rmSync(directory, { recursive: true });
  });

  let file: string;
  let files = 0;
  beforeEach(() => {
    files += 1;
    file = join(directory, String(files));
    writeFileSync(file, '');
    lambda.invokeBy((functionName, event) => host.invoke(functionName, event));
  });

  const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const begin = (plan: Input['plan']) =>
    start(async () => {}, { Payload: JSON.stringify({ file, plan } satisfies Input) });

  test('killed in a step, is started again and runs the step again', async () => {
    const arn = await begin('die in a step');

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"written"']);
    expect(lines()).toEqual(['write', 'write']);
  });

  test('killed in a step that may run at most once, leaves an interrupted step', async () => {
    const arn = await begin('die in the only attempt');

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"StepInterruptedError"']);
    expect(lines()).toEqual(['write']);
  });

  test('killed in a step that may be retried, has its attempt counted', async () => {
    const arn = await begin('die in the first attempt');
    expect(await resultOf(arn)).toEqual(['RUNNING', undefined]);
    await advance(day / 24);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"written"']);
    expect(lines()).toEqual(['write', 'StepInterruptedError 1', 'write']);
  });

  test('killed while an execution rests for 30 days, changes nothing about its end', async () => {
    const arn = await begin('rest for 30 days');
    const first = host.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(async () => host.pid === undefined);
    await advance(29 * day);
    expect(host.pid).toBeUndefined();
    await advance(day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '30']);
    expect(lines()).toEqual([`begin ${first}`, `begin ${host.pid}`, `end ${host.pid}`]);
  });

  test('knows no other function', async () => {
    await expect(host.invoke('usher-test-none', {})).rejects.toThrow('there is no function usher-test-none');
  });
});
