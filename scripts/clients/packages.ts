// The clients of other makers, installed once into a cache folder of their own: `npm start` must not download a gigabyte of agents.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const cache = join(tmpdir(), 'switchyard-test-clients');
const claudeBinary = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`;

/** What is installed together; a set whose versions changed is installed anew. */
const sets = {
  sdks: [
    'openai@7.55.0',
    '@anthropic-ai/sdk@1.10.0',
    '@google/genai@3.1.0',
    'ai@7.0.173',
    '@ai-sdk/openai-compatible@3.0.92',
    '@ai-sdk/anthropic@4.0.105',
    '@ai-sdk/google@4.0.121',
    'zod@4.6.7',
  ],
  codex: ['@openai/codex@0.169.0'],
  'gemini-cli': ['@google/gemini-cli@0.61.0'],
  // The package of the platform is the program; the one without a platform only unpacks it by a script.
  'claude-code': [`${claudeBinary}@2.1.328`],
  opencode: [`opencode-${process.platform}-${process.arch}@1.18.33`],
  'copilot-cli': [`@github/copilot-${process.platform}-${process.arch}@1.0.102`],
  cline: [`@cline/cli-${process.platform}-${process.arch}@3.0.65`],
  continue: ['@continuedev/cli@1.5.47'],
} as const;

export type PackageSet = keyof typeof sets;

/** Where each set is, or why it could not be had. */
export type Installed = Readonly<Record<PackageSet, { folder: string } | { missing: string }>>;

/** What the matrix of clients needs. */
export function installClients() {
  return installSets(['sdks', 'codex', 'gemini-cli', 'claude-code']);
}

/** Installs what is not there yet of these sets. No script of a package is run. */
export function installSets<T extends PackageSet>(names: readonly T[]): Pick<Installed, T> {
  return Object.fromEntries(names.map((name) => [name, install(name, sets[name])])) as Pick<Installed, T>;
}

function install(name: string, packages: readonly string[]): Installed[PackageSet] {
  const folder = join(cache, name);
  const done = join(folder, 'installed.txt');
  const wanted = packages.join('\n');
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return { folder };
  console.error(`installing ${packages.join(' ')} (once) …`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status, stderr, error } = spawnSync('npm', ['install', '--prefix', folder, ...flags, ...packages], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0) {
    const why = stderr?.split('\n').find((line) => /^npm (error|ERR!)/.test(line)) ?? error?.message ?? 'npm install failed';
    return { missing: why.replace(/^npm (error|ERR!) (code )?/, 'npm: ') };
  }
  writeFileSync(join(folder, 'import.mjs'), 'export const load = (name) => import(name);\n');
  writeFileSync(done, wanted);
  return { folder };
}

/** Imports a package as a program in the folder of its set would; nothing is known of its types here. */
export async function importFrom(folder: string, name: string) {
  const { load } = await import(pathToFileURL(join(folder, 'import.mjs')).href);
  return load(name);
}
