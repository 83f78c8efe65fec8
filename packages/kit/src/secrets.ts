/**
 * Secrets by reference. Configuration holds `${credential:NAME}`, `${file:/path}` or `${env:NAME}`, never a value; this file
 * reads what they point to at the moment of use, so that a key rotates without a restart, and keeps values out of logs.
 */
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { didYouMean, nearestName } from './nearest.ts';
import { SecretMask } from './secret-mask.ts';

const SOURCES = ['credential', 'file', 'env'];
/** Either the escape `$${`, or `${source:name}`. */
const REFERENCE = /\$\$\{|\$\{([a-z]+):([^{}]*)\}/g;
const LARGEST_BYTES = 64 * 1024;
/** `echo KEY > file` empties the file before it writes: for so long the old value serves. */
const REWRITE_MS = 1000;

/** A reference that can not be followed. The message names field, reference and remedy; it never holds a secret. */
export class SecretError extends Error {
  /** The setting that holds the reference. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = 'SecretError';
    this.field = field;
  }
}

export interface SecretsOptions {
  /** Folder of `${credential:NAME}` files. Default: `$CREDENTIALS_DIRECTORY` of `env` (set by systemd, systemd.exec(5)). */
  credentialsDirectory?: string;
  /** Where `${env:NAME}` is looked up. Default: the process's environment. */
  env?: NodeJS.ProcessEnv;
  /** For how long a file that was read is not looked at again, in ms. Default 0: it is looked at each time. */
  recheckMs?: number;
}

/** A part of a text: what stands there, or where to look. */
type Piece = string | { whole: string; source: string; name: string };

/** Texts come from configurations, and are few. */
const mostTexts = 1000;

/** Follows references and remembers every value it has handed out, to mask it. */
export class Secrets {
  readonly #directory: string | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #files = new Map<string, { stamp: string; value: string; lookedAt: number; emptySince?: number }>();
  readonly #recheckMs: number;
  readonly #mask = new SecretMask();
  readonly #pieces = new Map<string, readonly Piece[]>();

  constructor(options: SecretsOptions = {}) {
    this.#env = options.env ?? process.env;
    this.#recheckMs = options.recheckMs ?? 0;
    this.#directory = options.credentialsDirectory ?? this.#env.CREDENTIALS_DIRECTORY;
  }

  /**
   * `text` with every reference replaced by its value and `$${` turned into a plain `${`.
   * `field` is the setting's full path, for messages. A file is read again when its inode, size or times have changed.
   * `${…}` of other kinds (`${HOME}`, `${input:x}`) is left as it is. Throws `SecretError`.
   */
  resolve(text: string, field: string): string {
    if (!text.includes('${')) return text;
    let resolved = '';
    for (const piece of this.#piecesOf(text))
      resolved += typeof piece === 'string' ? piece : this.#follow(piece.whole, piece.source, piece.name, field);
    return resolved;
  }

  /** Whether `text` points to a secret. (`resolve` any text all the same: it also undoes `$${`.) */
  hasReferences(text: string): boolean {
    return [...text.matchAll(REFERENCE)].some(([, source]) => source !== undefined && SOURCES.includes(source));
  }

  /** `text` with every known secret value of six characters or more, past and present and in its usual encodings, as `•••`. */
  mask(text: string): string {
    return this.#mask.apply(text);
  }

  /** Makes a value known to `mask` that did not come from a reference, such as a token issued by this daemon. */
  remember(value: string): void {
    this.#mask.add(value);
  }

  #piecesOf(text: string): readonly Piece[] {
    const known = this.#pieces.get(text);
    if (known) return known;
    const pieces: Piece[] = [];
    let from = 0;
    for (const { 0: whole, 1: source, 2: name = '', index } of text.matchAll(REFERENCE)) {
      if (index > from) pieces.push(text.slice(from, index));
      pieces.push(source === undefined ? '${' : { whole, source, name });
      from = index + whole.length;
    }
    if (from < text.length) pieces.push(text.slice(from));
    if (this.#pieces.size >= mostTexts) this.#pieces.clear();
    this.#pieces.set(text, pieces);
    return pieces;
  }

  #follow(whole: string, source: string, name: string, field: string): string {
    let value: string;
    if (source === 'credential') value = this.#readCredential(name, field);
    else if (source === 'file') value = this.#readFile(name, field);
    else if (source === 'env') value = this.#readEnv(name, field);
    else {
      const meant = nearestName(source, SOURCES);
      if (meant === undefined) return whole;
      throw new SecretError(field, `unknown secret source in ${whole} (did you mean "\${${meant}:${name}}"?)`);
    }
    this.#mask.add(value);
    return value;
  }

  #readCredential(name: string, field: string): string {
    if (!/^[\w.@-]+$/.test(name) || name === '.' || name === '..') {
      throw new SecretError(field, `"${name}" is not a credential's name (letters, digits, ".", "_", "-", "@")`);
    }
    if (this.#directory === undefined) {
      const remedy = `run under systemd with LoadCredential=${name}:/path, or write \${file:/path}`;
      throw new SecretError(field, `credential ${name} is not available: CREDENTIALS_DIRECTORY is not set (${remedy})`);
    }
    const path = join(this.#directory, name);
    if (!this.#files.has(path) && statOrError(path) instanceof Error) {
      const hint = didYouMean(name, listOrNothing(this.#directory)) || ` (is there a LoadCredential=${name}:/path in the unit?)`;
      throw new SecretError(field, `credential ${name} does not exist in ${this.#directory}${hint}`);
    }
    return this.#readFile(path, field);
  }

  #readEnv(name: string, field: string): string {
    const value = this.#env[name];
    if (value === undefined) {
      const hint = didYouMean(name, Object.keys(this.#env)) || ' (set it for this process, or use a file or credential)';
      throw new SecretError(field, `environment variable ${name} is not set${hint}`);
    }
    if (value === '') throw new SecretError(field, `environment variable ${name} is empty`);
    return value;
  }

  #readFile(path: string, field: string): string {
    if (!isAbsolute(path)) throw new SecretError(field, `\${file:${path}} needs an absolute path`);
    const now = performance.now();
    const recent = this.#files.get(path);
    if (recent !== undefined && now - recent.lookedAt < this.#recheckMs) return recent.value;
    const stat = statOrError(path);
    if (stat instanceof Error) {
      this.#files.delete(path);
      throw new SecretError(field, explainFile(path, stat));
    }
    const stamp = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
    if (recent?.stamp === stamp) {
      recent.lookedAt = now;
      return recent.value;
    }
    const text = readSecretFile(path, field, stat.size);
    if (text === '' && recent !== undefined) {
      recent.emptySince ??= now;
      if (now - recent.emptySince < REWRITE_MS) return recent.value;
    }
    const value = secretIn(text, path, field);
    this.#files.set(path, { stamp, value, lookedAt: now });
    return value;
  }
}

function readSecretFile(path: string, field: string, sizeBytes: number): string {
  if (sizeBytes > LARGEST_BYTES) {
    throw new SecretError(field, `file ${path} is too large for a secret (${sizeBytes} bytes, at most ${LARGEST_BYTES})`);
  }
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SecretError(field, explainFile(path, error as NodeJS.ErrnoException));
  }
  return text;
}

function secretIn(text: string, path: string, field: string): string {
  const value = text.replace(/\r?\n$/, '');
  if (value.trim() === '') throw new SecretError(field, `file ${path} is empty (has the secret been written yet?)`);
  if (value.includes('\0')) throw new SecretError(field, `file ${path} is binary (is it still encrypted?)`);
  return value;
}

function explainFile(path: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `file ${path} does not exist (is the secret declared and readable by this user?)`;
    case 'EACCES':
    case 'EPERM':
      return `file ${path} may not be read by this user (set the secret's owner or group, or pass it with LoadCredential=)`;
    case 'EISDIR':
      return `${path} is a folder, not a file`;
    default:
      return `file ${path} can not be read: ${error.message}`;
  }
}

function statOrError(path: string): Stats | NodeJS.ErrnoException {
  try {
    return statSync(path);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function listOrNothing(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
