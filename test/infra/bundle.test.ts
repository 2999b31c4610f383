import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleOperations } from '../../infra/bundle.ts';
import { loadFunctions } from '../../infra/operations.ts';
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

test.each(bundles)('$id is at most 350 KB', ({ bytes }) => {
  expect(bytes).toBeLessThanOrEqual(350_000);
});

test.each(bundles)('$id holds no infrastructure, no sandbox and no provider but its own', ({ id, inputs }) => {
  const others = allProviders.filter((provider) => !providersOf.get(id)?.includes(provider));
  const foreign = ['node_modules/aws-cdk-lib/', 'node_modules/constructs/', 'infra/', 'sandbox/', 'test/'];
  const folders = [...foreign, ...others.map((provider) => `functions/${provider}/`)];

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
