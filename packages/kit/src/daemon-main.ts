/** What every daemon's `main.ts` does: flags, configuration, and the exit codes of sysexits.h; then it runs the service. */
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { ConfigError, configJsonSchema, loadConfig, parseConfig } from './config.ts';
import { ListenError, type ListenSpec } from './listen.ts';
import { createLogger, type Logger } from './logger.ts';
import { nearestName } from './nearest.ts';
import { SecretError, Secrets } from './secrets.ts';
import { runService, type Service, type ServiceOptions } from './service.ts';

/** EX_USAGE of sysexits.h: wrong flags. */
export const EXIT_USAGE = 64;
/** EX_CONFIG of sysexits.h: the configuration can not be used. Units set RestartPreventExitStatus=64 78. */
export const EXIT_CONFIG = 78;

/** A rotated secret is taken up within this time; looking more often would cost more than all else on a busy path. */
const SECRET_RECHECK_MS = 100;

/** A day. */
const LONGEST_DRAIN_MS = 86_400_000;

/** What may stand on a daemon's command line. */
export interface DaemonFlags {
  /** `--config FILE`, `-c FILE`. */
  config?: string;
  /** `--check-config`: check and exit. */
  checkConfig: boolean;
  /** `--print-schema`: print the JSON Schema of the configuration and exit. */
  printSchema: boolean;
  /** `--host HOST` and `--port PORT`, `-p PORT`: instead of what the configuration says. */
  host?: string;
  port?: number;
  /** `--drain-limit-ms MS`: how long open requests may take after a stop, instead of what the daemon says. */
  drainLimitMs?: number;
  help: boolean;
  version: boolean;
}

/** A command line that makes no sense. */
export class FlagError extends Error {
  override name = 'FlagError';
}

const FLAGS = {
  config: { type: 'string', short: 'c' },
  'check-config': { type: 'boolean' },
  'print-schema': { type: 'boolean' },
  host: { type: 'string' },
  port: { type: 'string', short: 'p' },
  'drain-limit-ms': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** Reads a command line (without node and script). Throws `FlagError`, which names the nearest flag. */
export function parseDaemonFlags(argv: readonly string[]): DaemonFlags {
  const { tokens } = parseArgs({ args: [...argv], options: FLAGS, strict: false, tokens: true });
  const text: Record<string, string> = {};
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new FlagError(`unexpected argument "${token.value}" (a file is given with --config FILE)`);
    if (token.kind === 'option-terminator') continue;
    const known = FLAGS[token.name as keyof typeof FLAGS];
    if (!known) throw unknownFlag(token.rawName);
    if (known.type === 'string') {
      if (token.value === undefined || (!token.inlineValue && token.value.startsWith('-')))
        throw new FlagError(`${token.rawName} needs a value`);
      text[token.name] = token.value;
    } else if (token.value !== undefined) throw new FlagError(`${token.rawName} takes no value`);
    seen.add(token.name);
  }
  return {
    ...(text.config === undefined ? {} : { config: text.config }),
    ...(text.host === undefined ? {} : { host: text.host }),
    ...(text.port === undefined ? {} : { port: parsePort(text.port) }),
    ...(text['drain-limit-ms'] === undefined ? {} : { drainLimitMs: parseLimit(text['drain-limit-ms']) }),
    checkConfig: seen.has('check-config'),
    printSchema: seen.has('print-schema'),
    help: seen.has('help'),
    version: seen.has('version'),
  };
}

function unknownFlag(flag: string): FlagError {
  const meant = nearestName(flag.replace(/^-+/, ''), Object.keys(FLAGS));
  return new FlagError(`unknown flag ${flag}${meant === undefined ? ' (--help lists them)' : ` (did you mean "--${meant}"?)`}`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new FlagError(`--port must be a number from 0 to 65535, not "${text}"`);
  return port;
}

function parseLimit(text: string): number {
  const ms = Number(text);
  if (!/^\d+$/.test(text) || ms < 1 || ms > LONGEST_DRAIN_MS)
    throw new FlagError(`--drain-limit-ms must be a number of milliseconds from 1 to ${LONGEST_DRAIN_MS}, not "${text}"`);
  return ms;
}

/** What a daemon builds itself with. */
export interface DaemonContext<T> {
  flags: DaemonFlags;
  /** Masks what `secrets` knows. Set its `level` from the configuration. */
  logger: Logger;
  secrets: Secrets;
  /** Reads the configuration again, for `onReload`. Throws `ConfigError`. */
  reloadConfig(): Promise<T>;
}

/** What a daemon gives back: the service without what `runDaemonMain` adds. */
export type DaemonParts = Omit<ServiceOptions, 'name' | 'version' | 'logger'>;

export interface DaemonOptions<T> {
  /** Of the program, as typed. */
  name: string;
  version: string;
  /** One sentence for --help. */
  description?: string;
  /** The daemon's whole configuration. */
  schema: z.ZodType<T>;
  /** The configuration when no --config is given, as an author would write it; usually `{}`. */
  defaults: unknown;
  /** Makes the daemon from its configuration. */
  build(config: T, context: DaemonContext<T>): DaemonParts | Promise<DaemonParts>;
}

/**
 * Runs a daemon: the whole of a `main.ts`. Resolves with the running service; the flags that only print, and errors, end the
 * process instead: 0, 64 (flags), 78 (configuration, secrets), 1 (address taken, anything else).
 */
export async function runDaemonMain<T>(
  options: DaemonOptions<T>,
  argv: readonly string[] = process.argv.slice(2),
): Promise<Service> {
  const { name, version, schema } = options;
  try {
    const flags = parseDaemonFlags(argv);
    if (flags.help) finish(helpText(options));
    if (flags.version) finish(`${name} ${version}`);
    if (flags.printSchema) finish(JSON.stringify(configJsonSchema(schema), null, 2));
    const load = async (): Promise<T> =>
      flags.config === undefined ? parseConfig(schema, options.defaults, 'defaults') : loadConfig(schema, flags.config);
    const config = await load();
    if (flags.checkConfig) finish(`${flags.config ?? 'defaults'}: ok`);
    const secrets = new Secrets({ recheckMs: SECRET_RECHECK_MS });
    const logger = createLogger({ name, mask: (text) => secrets.mask(text) });
    const parts = await options.build(config, { flags, logger, secrets, reloadConfig: load });
    const { drainLimitMs } = flags;
    const limit = drainLimitMs === undefined ? {} : { drainLimitMs };
    return await runService({ ...parts, ...limit, name, version, logger, listen: applyListenFlags(parts.listen, flags) });
  } catch (error) {
    const [code, text] = explainStartError(error, name);
    process.stderr.write(`${text}\n`);
    process.exit(code);
  }
}

/** `--host` and `--port` replace the first TCP address (or come first where there is none); the others stay. */
export function applyListenFlags(specs: readonly ListenSpec[], flags: Pick<DaemonFlags, 'host' | 'port'>): ListenSpec[] {
  if (flags.host === undefined && flags.port === undefined) return [...specs];
  const index = specs.findIndex((spec) => spec.port !== undefined);
  const first = specs[index];
  const host = flags.host ?? first?.host;
  const port = flags.port ?? first?.port;
  if (port === undefined) throw new FlagError('--host needs --port as well, because the configuration sets no port');
  const changed: ListenSpec = { ...(host === undefined ? {} : { host }), port };
  return index < 0 ? [changed, ...specs] : specs.with(index, changed);
}

function explainStartError(error: unknown, name: string): [code: number, text: string] {
  if (error instanceof FlagError) return [EXIT_USAGE, `${name}: ${error.message}`];
  if (error instanceof ConfigError || error instanceof SecretError) return [EXIT_CONFIG, error.message];
  if (error instanceof ListenError) return [1, `${name}: ${error.message}`];
  return [1, `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
}

function finish(text: string): never {
  process.stdout.write(`${text}\n`);
  process.exit(0);
}

function helpText({ name, description }: { name: string; description?: string }): string {
  return `${description ?? `${name}: a Switchyard daemon.`}

Usage: ${name} [--config FILE] [--host HOST] [--port PORT] [--drain-limit-ms MS]

  -c, --config FILE   configuration (JSON); without it the defaults apply
      --check-config  check the configuration and exit (0 good, ${EXIT_CONFIG} not)
      --print-schema  print the JSON Schema of the configuration and exit
      --host HOST     listen on this name or address instead of the configured one
  -p, --port PORT     listen on this port instead of the configured one
      --drain-limit-ms MS
                      how long open requests may take after a stop, before they are cut
  -h, --help          print this text and exit
  -v, --version       print the version and exit`;
}
