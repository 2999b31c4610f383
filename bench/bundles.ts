import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOperations } from '../infra/bundle.ts';
import { writeOpenApi } from '../infra/openapi.ts';
import { loadOperations } from '../infra/operations.ts';

export interface Bundle {
  file: string;
  bytes: number;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const outdir = fileURLToPath(new URL('../build/bench', import.meta.url));
const bundleAt = (file: string): Bundle => ({ file, bytes: statSync(file).size });

/** The bundle of every operation as it is deployed, by its id. */
export async function bundleUsher(): Promise<Map<string, Bundle>> {
  writeOpenApi(await loadOperations());
  const bundles = await bundleOperations(join(outdir, 'usher'));
  return new Map(bundles.map(({ id, file }) => [id, bundleAt(file)]));
}

/** The handler that all operations are compared with, bundled with esbuild's own defaults. */
export async function bundleBaseline(): Promise<Bundle> {
  const outfile = join(outdir, 'baseline.cjs');
  await build({ entryPoints: [join(here, 'baseline/handler.ts')], outfile, bundle: true, platform: 'node' });
  return bundleAt(outfile);
}

/** A module of this folder as plain JavaScript, so that no measured process has TypeScript to strip. */
export async function bundleOwn(name: 'empty' | 'cold-run' | 'warm-run'): Promise<Bundle> {
  const outfile = join(outdir, `${name}.mjs`);
  const entryPoints = [join(here, `${name}.ts`)];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
  return bundleAt(outfile);
}
