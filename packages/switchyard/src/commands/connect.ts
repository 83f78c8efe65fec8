/** `switchyard connect`: the gateway, or any Streamable HTTP server, as a stdio server for clients that cannot reach it themselves. */
import { createHttpClient } from '@switchyard/kit/http-client';
import { SecretError, Secrets } from '@switchyard/kit/secrets';
import { runBridge } from '../bridge/bridge.ts';
import { namedSource, referenceOf } from '../bridge/header-source.ts';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayUrl } from '../gateway-client.ts';

const flags = {
  url: { type: 'string' },
  'token-file': { type: 'string' },
  'token-env': { type: 'string' },
  header: { type: 'string', multiple: true },
} as const;

export const command: Command = {
  usage: `connect [--url URL] [--token-file FILE | --token-env NAME] [--header NAME=SOURCE]…

Speaks MCP on standard input and output, one JSON message a line, and Streamable HTTP with the server at URL
(default: the gateway of this machine, /mcp). Messages of every version of MCP pass untouched.

--token-file FILE    the file that holds the bearer token; read anew when it changes
--token-env NAME     the variable that holds it
--header NAME=SOURCE another header; SOURCE is file:PATH, credential:NAME, env:NAME or text:VALUE`,
  async run(args) {
    const { values, positionals } = readFlags(args, flags);
    if (positionals.length > 0) throw new CommandError(`unexpected argument "${positionals[0]}"`, 64);
    const sources = sourcesOf(values);
    const secrets = new Secrets({ recheckMs: 1000 });
    const headers = () =>
      Object.fromEntries(Object.entries(sources).map(([name, text]) => [name, secrets.resolve(text, `header ${name}`)]));
    checkOnce(headers);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
    process.stdout.on('error', () => stop.abort());
    const client = createHttpClient();
    await runBridge({
      url: urlOf(values.url),
      headers,
      client,
      input: process.stdin,
      output: process.stdout,
      tell: (line) => console.error(`switchyard connect: ${secrets.mask(line)}`),
      signal: stop.signal,
    });
    process.stdin.destroy();
    await client.close(0);
    return 0;
  },
};

function urlOf(flag: string | undefined): string {
  if (flag === undefined) return `${gatewayUrl(undefined)}/mcp`;
  if (!/^https?:\/\//.test(flag)) throw new CommandError('--url must start with http:// or https://', 64);
  return flag;
}

/** Header → text with references. */
function sourcesOf(values: {
  'token-file'?: string | undefined;
  'token-env'?: string | undefined;
  header?: string[] | undefined;
}): Record<string, string> {
  const { 'token-file': file, 'token-env': variable, header = [] } = values;
  if (file !== undefined && variable !== undefined)
    throw new CommandError('--token-file and --token-env exclude each other; keep one', 64);
  const token = file !== undefined ? `file:${file}` : variable !== undefined ? `env:${variable}` : undefined;
  const others = header.map((text) => {
    const { name, source } = namedSource(text, '--header');
    return [
      name.toLowerCase(),
      source.startsWith('text:') ? source.slice('text:'.length) : referenceOf(source, name, '--header'),
    ];
  });
  return {
    ...(token !== undefined && { authorization: `Bearer ${referenceOf(token, 'token', '--token-file')}` }),
    ...Object.fromEntries(others),
  };
}

/** A token that cannot be read is said at once, and not with the first message. */
function checkOnce(headers: () => Record<string, string>): void {
  try {
    headers();
  } catch (error) {
    if (error instanceof SecretError) throw new CommandError(error.message, 78);
    throw error;
  }
}
