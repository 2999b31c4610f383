import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleOperations } from '../../infra/bundle.ts';
import { isWorkflow, type LoadedFunction, loadFunctions } from '../../infra/operations.ts';
import { loadProviders } from '../../infra/providers.ts';

const outdir = mkdtempSync(join(tmpdir(), 'usher-'));
afterAll(() => rmSync(outdir, { recursive: true }));

const functions = await loadFunctions();
const allProviders = (await loadProviders(functions)).map(({ name }) => name);
const providersOf = new Map(functions.map(({ id, operation }) => [id, operation.providers]));
const bundles = await bundleOperations(outdir);

test('makes one bundle of every function', () => {
  expect(bundles.map(({ id }) => id)).toEqual(functions.map(({ id }) => id));
});

/** A job carries out any write of any provider, and a cleanup plans and applies jobs. */
const holdsAllWrites = ['jobs/plan-job', 'jobs/apply-job', 'jobs/run-job', 'cleanup/run-cleanup'];

const limited = functions.map((loaded) => ({ id: loaded.id, kilobytes: limitOf(loaded) }));

test.each(limited)('$id is at most $kilobytes KB', ({ id, kilobytes }) => {
  expect(bundles.find((bundle) => bundle.id === id)?.bytes).toBeLessThanOrEqual(kilobytes * 1000);
});

/** The durable engine and the Lambda client have their weight; whoever needs neither does not carry it. */
function limitOf(loaded: LoadedFunction): number {
  if (holdsAllWrites.includes(loaded.id)) return isWorkflow(loaded) ? 800 : 625;
  if (isWorkflow(loaded)) return 650;
  const isAboutRuns = 'starts' in loaded.operation || ['offboarding', 'onboarding', 'jobs'].includes(loaded.folder);
  return isAboutRuns ? 525 : 350;
}

test.each(bundles)('$id holds no infrastructure, no sandbox and no provider but its own', ({ id, inputs }) => {
  const own = providersOf.get(id) ?? [];
  const others = allProviders.filter((provider) => !own.includes(provider));
  const foreign = ['node_modules/aws-cdk-lib/', 'node_modules/constructs/', 'infra/', 'sandbox/', 'test/'];
  // Who calls no provider may know what an account looks like, as the request of an onboarding does, but not how to call.
  const part = own.length === 0 ? 'client/api' : '';
  const folders = [...foreign, ...others.map((provider) => `functions/${provider}/${part}`)];

  expect(inputs).toContain(`functions/${id}.ts`);
  expect(inputs.filter((input) => folders.some((folder) => input.startsWith(folder)))).toEqual([]);
});

test('every bundle loads by itself, in an empty environment', () => {
  const files = JSON.stringify(bundles.map(({ file }) => file));
  const script = `for (const file of ${files}) console.log(typeof (await import(file)).handler)`;

  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: {},
    encoding: 'utf8',
  });

  expect(printed.trim().split('\n')).toEqual(bundles.map(() => 'function'));
});
