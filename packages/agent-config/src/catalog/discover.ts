/** Finds MCP servers in a folder of sources: `server.json`, a package.json that says so, a pyproject.toml that does. Starts nothing. */
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse as parseToml } from '@decimalturn/toml-patch';
import type { DeclaredServer } from '../declaration.ts';
import { declareOffer } from './declare.ts';
import { fromServerJson, shortName } from './registry-entry.ts';

/** A server that was found, as it would be declared. */
export interface Discovered {
  name: string;
  /** The file that says so. */
  file: string;
  /** What in it does. */
  because: string;
  server: DeclaredServer;
}

/** A file that looked like one and could not be read. */
export interface Unreadable {
  file: string;
  problem: string;
}

const skipped = new Set(['node_modules', '.git', '.venv', 'venv', 'dist', 'build', 'target', '__pycache__']);
const deepest = 4;

/** Looks four folders deep. `today` dates imported entries (`YYYY-MM-DD`). Throws for a folder that can not be read. */
export function discoverServers(directory: string, today: string): { found: Discovered[]; unreadable: Unreadable[] } {
  const found: Discovered[] = [];
  const unreadable: Unreadable[] = [];
  for (const file of filesBelow(resolve(directory))) {
    try {
      found.push(...(readers[basename(file)]?.(file, readFileSync(file, 'utf8'), today) ?? []));
    } catch (error) {
      unreadable.push({ file, problem: (error as Error).message.split('\n')[0] ?? '' });
    }
  }
  return { found, unreadable };
}

const readers: Readonly<Record<string, (file: string, text: string, today: string) => Discovered[]>> = {
  'server.json': serversOfRegistryFile,
  'package.json': serversOfPackage,
  'pyproject.toml': serversOfPyproject,
};

function serversOfRegistryFile(file: string, text: string, today: string): Discovered[] {
  const value = JSON.parse(text) as { $schema?: string; packages?: unknown; remotes?: unknown } | null;
  // Other programs have a server.json too.
  if (!value?.$schema?.includes('modelcontextprotocol') && !value?.packages && !value?.remotes) return [];
  const { name, entry } = fromServerJson(value, today);
  return entry.offers.map((offer) => ({
    name: offer.name === 'local' || entry.offers.length === 1 ? name : `${name}-${offer.name}`,
    file,
    because: 'server.json of the MCP registry',
    server: declareOffer(entry, offer, new Map()).server,
  }));
}

interface PackageJson {
  name?: string;
  mcpName?: string;
  bin?: string | Record<string, string>;
  keywords?: unknown;
  dependencies?: Record<string, string>;
}

const libraries = /^(@modelcontextprotocol\/(sdk|server)|fastmcp|mcp-framework)$/;

/** A program counts when the package has an `mcpName`, or depends on an MCP library and calls itself mcp. */
function serversOfPackage(file: string, text: string): Discovered[] {
  const { name = '', mcpName, bin = {}, keywords, dependencies = {} } = JSON.parse(text) as PackageJson;
  const programs = typeof bin === 'string' ? { [name.split('/').at(-1) ?? '']: bin } : bin;
  const library = Object.keys(dependencies).find((one) => libraries.test(one));
  const says = mcpName !== undefined ? `"mcpName": "${mcpName}"` : library;
  if (says === undefined) return [];
  const isMcp = (program: string) => mcpName !== undefined || /mcp/i.test(`${program} ${name} ${JSON.stringify(keywords ?? '')}`);
  return Object.entries(programs)
    .filter(([program]) => isMcp(program))
    .map(([program, path]) => ({
      name: shortName(Object.keys(programs).length === 1 && mcpName !== undefined ? mcpName : program),
      file,
      because: `program "${program}", ${says}`,
      server: { command: 'node', args: [join(dirname(file), path)] },
    }));
}

interface Pyproject {
  project?: { name?: string; dependencies?: string[]; scripts?: Record<string, string> };
}

function serversOfPyproject(file: string, text: string): Discovered[] {
  const { project = {} } = parseToml(text) as Pyproject;
  const library = project.dependencies?.find((one) => /^(mcp|fastmcp)\b(?!-)/.test(one));
  if (library === undefined) return [];
  return Object.keys(project.scripts ?? {}).map((script) => ({
    name: shortName(script),
    file,
    because: `script "${script}", depends on ${library}`,
    server: { command: 'uv', args: ['run', '--directory', dirname(file), script] },
  }));
}

function filesBelow(directory: string, depth = 0): string[] {
  const entries: Dirent[] = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.filter((entry) => entry.isFile() && entry.name in readers).map(({ name }) => join(directory, name));
  if (depth === deepest) return files;
  const folders = entries.filter((entry) => entry.isDirectory() && !skipped.has(entry.name));
  return [...files, ...folders.flatMap(({ name }) => filesBelow(join(directory, name), depth + 1))];
}
