import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { findOperations } from './operations.ts';

export interface BundledOperation {
  id: string;
  file: string;
  /** What Lambda gets: the bundle and its source map, nothing else. */
  directory: string;
  bytes: number;
  /** The sources inside, relative to the root of the repository. */
  inputs: string[];
}

const bundleRoot = fileURLToPath(new URL('../build/lambda', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Makes one self-contained file of every operation: what Lambda must not load, it does not get. The AWS SDK of the
 * runtime is left aside, since a bundled one starts in less than half the time.
 */
export async function bundleOperations(outdir = bundleRoot): Promise<BundledOperation[]> {
  const { metafile } = await build({
    entryPoints: findOperations().map(({ id, entry }) => ({ in: entry, out: `${id}/index` })),
    outdir,
    outExtension: { '.js': '.cjs' },
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // An ESM import of a Node builtin evaluates all its getters, which load what nobody asked for.
    format: 'cjs',
    supported: { 'dynamic-import': false },
    mainFields: ['module', 'main'],
    alias: {
      '@aws-sdk/credential-provider-node': './functions/shared/env-credentials.ts',
      '@smithy/core/event-streams': './functions/shared/no-event-streams.ts',
      '@aws-sdk/endpoint-cache': './functions/shared/no-endpoint-cache.ts',
    },
    minify: true,
    legalComments: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
  });
  return Object.entries(metafile.outputs)
    .filter(([, { entryPoint }]) => entryPoint)
    .map(([output, { bytes, inputs }]) => {
      const file = join(root, output);
      const directory = dirname(file);
      return {
        id: relative(outdir, directory).replaceAll('\\', '/'),
        file,
        directory,
        bytes,
        inputs: Object.keys(inputs),
      };
    });
}
