// Bundles the command line and its daemons into packages/switchyard/dist: starts in half the time of the sources and needs
// less memory. Does nothing when the bundle is newer than every source. Plain JavaScript, run by `npm run setup` and `npm start`.
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFresh } from '../packages/switchyard/bin/freshness.mjs';

const root = join(import.meta.dirname ?? fileURLToPath(new URL('.', import.meta.url)), '..');
const outdir = join(root, 'packages', 'switchyard', 'dist');

export async function build() {
  if (isFresh()) return;
  rmSync(outdir, { recursive: true, force: true });
  await bundle({ switchyard: join(root, 'packages', 'switchyard', 'src', 'main.ts') }, outdir);
}

/** Its "main" asks for its parts in a way that no bundler can see; the same as ES modules is beside it. */
const jsoncParser = {
  name: 'jsonc-parser as ES modules',
  setup({ onResolve }) {
    onResolve({ filter: /^jsonc-parser$/ }, ({ importer }) => ({
      path: createRequire(importer).resolve('jsonc-parser').replace('/umd/', '/esm/'),
    }));
  },
};

/** Bundles programs (name → source file) into `folder`, as `name.mjs`. The Nix packages are made by this as well. */
export async function bundle(entryPoints, folder) {
  const { build: esbuild, stop } = await import('esbuild');
  await esbuild({
    entryPoints,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    plugins: [jsoncParser],
    legalComments: 'linked',
    logLevel: 'warning',
    // Some dependencies are CommonJS and ask for node: modules at run time.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
    },
  });
  // Its service would live as long as what is started next.
  await stop();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
