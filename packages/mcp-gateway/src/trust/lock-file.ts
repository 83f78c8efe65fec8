/** `mcp-tools.lock.json`: the definitions that tools must have, as a file to be kept beside the configuration. Pure but for `readLockFile`. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '@switchyard/kit/config';
import { z } from 'zod';
import { canonicalJson } from '../jsonrpc/canonical.ts';
import { hashOf } from './definition.ts';

const lockFileSchema = z.strictObject({
  lockfileVersion: z.literal(1),
  servers: z.record(
    z.string(),
    z.record(z.string(), z.strictObject({ sha256: z.string(), definition: z.record(z.string(), z.unknown()) })),
  ),
});

export type LockFile = z.output<typeof lockFileSchema>;

/** Hashes by server and tool. */
export type Locked = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** One tool's definition for the file. */
export interface LockEntry {
  server: string;
  tool: string;
  /** Canonical JSON. */
  text: string;
}

/** The file's content: sorted, so that equal definitions make equal files. */
export function lockFileOf(entries: readonly LockEntry[]): LockFile {
  const by = (key: 'server' | 'tool') => (a: LockEntry, b: LockEntry) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
  const servers = Map.groupBy([...entries].sort(by('tool')).sort(by('server')), ({ server }) => server);
  return {
    lockfileVersion: 1,
    servers: Object.fromEntries(
      [...servers].map(([server, tools]) => [
        server,
        Object.fromEntries(tools.map(({ tool, text }) => [tool, { sha256: hashOf(text), definition: JSON.parse(text) }])),
      ]),
    ),
  };
}

/** As it is written: readable, and with a line for each part of a definition, so that diffs are short. */
export function lockFileText(lock: LockFile): string {
  return `${JSON.stringify(lock, null, 2)}\n`;
}

/** Takes a file's text. Throws ConfigError naming what is wrong. */
export function parseLockFile(text: string, source: string): LockFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(source, [{ path: '', message: `is not JSON: ${(error as Error).message}` }]);
  }
  const parsed = lockFileSchema.safeParse(value);
  if (!parsed.success) {
    throw new ConfigError(
      source,
      parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    );
  }
  for (const [server, tools] of Object.entries(parsed.data.servers)) {
    for (const [tool, { sha256, definition }] of Object.entries(tools)) {
      if (sha256 === hashOf(canonicalJson(definition))) continue;
      const message = 'the definition does not have this hash; make the file anew with `switchyard lock --output FILE`';
      throw new ConfigError(source, [{ path: `servers.${server}.${tool}.sha256`, message }]);
    }
  }
  return parsed.data;
}

/** The hashes of the file at `path`. Throws ConfigError when it cannot be used: without it nothing could be trusted. */
export function readLockFile(path: string): Locked {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'does not exist; `switchyard lock --output FILE` makes one' : `cannot be read: ${message}`;
    throw new ConfigError('toolTrust.lockFile', [{ path: '', message: `${path} ${what}` }]);
  }
  const { servers } = parseLockFile(text, path);
  return new Map(
    Object.entries(servers).map(([server, tools]) => [
      server,
      new Map(Object.entries(tools).map(([tool, { sha256 }]) => [tool, sha256])),
    ]),
  );
}

/** What differs between two lock files, a readable line for each part: `files/read: description: "a" → "b"`. Empty when they are equal. */
export function lockDifferences(expected: LockFile, found: LockFile): string[] {
  const lines: string[] = [];
  for (const server of sortedKeys(expected.servers, found.servers)) {
    const before = member(expected.servers, server) ?? {};
    const after = member(found.servers, server) ?? {};
    for (const tool of sortedKeys(before, after)) {
      const name = `${server}/${tool}`;
      const [one, other] = [member(before, tool), member(after, tool)];
      if (!one) lines.push(`+ ${name}: is not in the lock file`);
      else if (!other) lines.push(`- ${name}: is in the lock file and not offered`);
      else if (one.sha256 !== other.sha256) lines.push(...partDifferences(one.definition, other.definition, `~ ${name}: `, ''));
    }
  }
  return lines;
}

function partDifferences(before: unknown, after: unknown, prefix: string, path: string): string[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (isObject(before) && isObject(after)) {
    return sortedKeys(before, after).flatMap((key) =>
      partDifferences(member(before, key), member(after, key), prefix, path === '' ? key : `${path}.${key}`),
    );
  }
  return [`${prefix}${path}: ${shown(before)} → ${shown(after)}`];
}

const maxShownChars = 300;

/** With everything that cannot be seen made visible. */
function shown(value: unknown): string {
  if (value === undefined) return '(nothing)';
  const text = canonicalJson(value).replace(
    /[^\x20-\x7e\p{L}\p{N}\p{P}\p{S}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function member<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function sortedKeys(...objects: object[]): string[] {
  return [...new Set(objects.flatMap((object) => Object.keys(object)))].sort();
}
