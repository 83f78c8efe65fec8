/**
 * Configuration: one JSON file, checked against one zod schema, rejected with messages that name field and remedy.
 * Write schemas with `z.strictObject`, so that a mistyped key is an error and not a silent default.
 */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { z } from 'zod';
import { explainIssues } from './config-issues.ts';
import { locateJsonError } from './json-position.ts';

export { configJsonSchema, configReference } from './config-schema.ts';

/** One thing that is wrong. */
export interface ConfigIssue {
  /** Where: `servers.github.args[0]`; the empty string is the whole file. */
  path: string;
  /** What, and how to mend it. Holds no value that looks like a secret. */
  message: string;
}

/** A configuration that can not be used. `message` lists every issue, one a line, each behind the source's name. */
export class ConfigError extends Error {
  /** File name, or what else the value came from. */
  readonly source: string;
  readonly issues: ConfigIssue[];

  constructor(source: string, issues: ConfigIssue[]) {
    super(issues.map(({ path, message }) => [source, path, message].filter(Boolean).join(': ')).join('\n'));
    this.name = 'ConfigError';
    this.source = source;
    this.issues = issues;
  }
}

/**
 * Checks a value that is already in memory; returns it with the schema's defaults filled in.
 * `source` is named in messages. Throws `ConfigError` with all issues at once.
 */
export function parseConfig<T>(schema: z.ZodType<T>, value: unknown, source: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(source, explainIssues(schema, value, result.error.issues));
}

/**
 * Reads, parses and checks a JSON file. A `$schema` key at the top, which editors use, is allowed and dropped.
 * Throws `ConfigError`: also for a file that can not be read and for JSON that does not parse (with line and column).
 */
export async function loadConfig<T>(schema: z.ZodType<T>, file: string): Promise<T> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, [{ path: '', message: explainUnreadable(error as NodeJS.ErrnoException) }]);
  }
  return parseConfig(schema, withoutSchemaKey(parseJson(text, file)), file);
}

/** Parses JSON; throws `ConfigError` naming line and column, and never quoting the text around them. */
export function parseJson(text: string, source: string): unknown {
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json);
  } catch {
    const { line, column, problem } = locateJsonError(json);
    throw new ConfigError(`${source}:${line}:${column}`, [{ path: '', message: `not valid JSON: ${problem}` }]);
  }
}

function withoutSchemaKey(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('$schema' in value)) return value;
  const { $schema: _, ...rest } = value;
  return rest;
}

function explainUnreadable(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'the file does not exist (create it, or name another one with --config FILE; --print-schema shows its shape)';
    case 'EACCES':
    case 'EPERM':
      return `may not be read by user ${userInfo().username} (allow it: chown or chmod the file and the folders above it)`;
    case 'EISDIR':
      return 'is a folder, not a file (name the JSON file inside it)';
    default:
      return `can not be read: ${error.message}`;
  }
}
