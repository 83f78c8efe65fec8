/** Logs: one JSON object a line on stderr, with journald's priority in front under systemd, plain words on a terminal. */
import { fstatSync } from 'node:fs';

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40 } as const;
/** Syslog priorities, which journald reads from a `<N>` prefix (sd-daemon(3)). */
const PRIORITIES = { debug: 7, info: 6, warn: 4, error: 3 } as const;
const COLOURS = { debug: 2, info: 36, warn: 33, error: 31 } as const;
/** journald cuts a line at 48 KiB; one long value must not push the rest out. */
const LONGEST_VALUE = 8192;

/** How important a line is. */
export type LogLevel = keyof typeof LEVELS;
/** The levels by name, quietest last; for config schemas. */
export const LOG_LEVELS = Object.keys(LEVELS) as [LogLevel, ...LogLevel[]];

/** Writes log lines. No method ever throws. */
export interface Logger {
  debug(msg: string, fields?: object): void;
  info(msg: string, fields?: object): void;
  warn(msg: string, fields?: object): void;
  error(msg: string, fields?: object): void;
  /** A logger that adds `fields` to every line. It follows the level of its parent. */
  child(fields: object): Logger;
  /** Lines below this level are dropped. Setting it takes effect for parent and children alike. */
  level: LogLevel;
}

/** How lines look: `json`, `journal` (JSON behind `<priority>`) or `human`. */
export type LogFormat = 'json' | 'journal' | 'human';

export interface LoggerOptions {
  /** The daemon's name, in every line. */
  name: string;
  /** Default `info`. */
  level?: LogLevel;
  /** Applied to every finished line, to take out secrets. */
  mask?: (text: string) => string;
  /** Receives each line with its newline. Default: stderr. */
  write?: (line: string) => void;
  /** Default: found out from stderr, or `json` when `write` is given. */
  format?: LogFormat;
}

/** Makes the process's logger. */
export function createLogger(options: LoggerOptions): Logger {
  const { name, mask = (text) => text, write = writeToStderr } = options;
  const format = options.format ?? (options.write ? 'json' : formatOfStderr());
  const shared = { level: options.level ?? 'info' };

  const emit = (level: LogLevel, bound: object, msg: string, fields: object | undefined): void => {
    if (LEVELS[level] < LEVELS[shared.level]) return;
    try {
      const entry = { time: new Date().toISOString(), level, name, msg, ...withoutClashes(bound), ...withoutClashes(fields) };
      write(`${mask(render(format, level, entry))}\n`);
    } catch {
      // A log line is never worth an exception in the code that wrote it.
    }
  };
  const make = (bound: object): Logger => ({
    debug: (msg, fields) => emit('debug', bound, msg, fields),
    info: (msg, fields) => emit('info', bound, msg, fields),
    warn: (msg, fields) => emit('warn', bound, msg, fields),
    error: (msg, fields) => emit('error', bound, msg, fields),
    child: (fields) => make({ ...bound, ...fields }),
    get level() {
      return shared.level;
    },
    set level(level) {
      shared.level = level;
    },
  });
  return make({});
}

/** A logger that drops everything; for tests and library use. */
export const silentLogger: Logger = createLogger({ name: 'silent', level: 'error', write: () => {} });

/** Fields that do not hide what every line has: `name` becomes `name_`. A bare error becomes `error`. */
function withoutClashes(fields: object | undefined): object {
  if (fields instanceof Error) return { error: fields };
  const entries = Object.keys(fields ?? {}).map((key) => [
    /^(time|level|name|msg)$/.test(key) ? `${key}_` : key,
    readField(fields, key),
  ]);
  return Object.fromEntries(entries);
}

function readField(owner: object | undefined, key: string): unknown {
  try {
    return (owner as Record<string, unknown>)[key];
  } catch {
    return '[unprintable]';
  }
}

function render(format: LogFormat, level: LogLevel, entry: { time: string; name: string; msg: string }): string {
  if (format === 'human') return renderHuman(level, entry);
  const json = toJson(entry);
  return format === 'journal' ? `<${PRIORITIES[level]}>${json}` : json;
}

function renderHuman(level: LogLevel, entry: { time: string; name: string; msg: string; level?: string }): string {
  const { time, name, msg, level: _level, ...fields } = entry;
  const pairs = Object.entries(fields).map(([key, value]) => {
    const brief = value instanceof Error ? value.message : value;
    return ` ${key}=${typeof brief === 'string' && /^[\w./:@-]+$/.test(brief) ? brief : toJson(brief)}`;
  });
  const word = process.env.NO_COLOR ? level.padEnd(5) : `\x1b[${COLOURS[level]}m${level.padEnd(5)}\x1b[0m`;
  return `${time.slice(11, 23)} ${word} ${name}: ${msg}${pairs.join('')}`.replaceAll('\n', ' ');
}

/** `JSON.stringify` that survives circles, BigInt, throwing getters, and writes errors out. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(plain(value, [])) ?? 'null';
  } catch {
    return '"[unprintable]"';
  }
}

function plain(value: unknown, above: unknown[]): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return clip(value);
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '[circular]';
  if (above.length > 8) return '[deep]';
  const path = [...above, value];
  try {
    if (value instanceof Error) return plainError(value, path);
    if (value instanceof Map) return plain(Object.fromEntries(value), path);
    if (value instanceof Set) return plain([...value], path);
    if (Array.isArray(value)) return value.map((item) => plain(item, path));
    if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), path);
    return Object.fromEntries(Object.keys(value).map((key) => [key, plain(readField(value, key), path)]));
  } catch {
    return '[unprintable]';
  }
}

function plainError(error: Error, path: unknown[]): object {
  const { code } = error as { code?: unknown };
  return {
    message: clip(String(error.message)),
    ...(code === undefined ? {} : { code: plain(code, path) }),
    stack: clip(String(error.stack)),
    ...(error.cause === undefined ? {} : { cause: plain(error.cause, path) }),
  };
}

function clip(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}… (${text.length} characters)`;
}

/** JOURNAL_STREAM is `device:inode` of the journal's socket; stderr may meanwhile be redirected (systemd.exec(5)). */
function formatOfStderr(): LogFormat {
  if (process.stderr.isTTY) return 'human';
  try {
    const { dev, ino } = fstatSync(2);
    return process.env.JOURNAL_STREAM === `${dev}:${ino}` ? 'journal' : 'json';
  } catch {
    return 'json';
  }
}

let guarded = false;

function writeToStderr(line: string): void {
  if (!guarded) {
    guarded = true;
    // Without a listener a closed pipe on the other side would end the daemon.
    process.stderr.on('error', () => {});
  }
  process.stderr.write(line);
}
