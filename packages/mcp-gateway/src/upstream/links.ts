/** Opens links to a declared server: resolves its secret references, picks the transport, wires its stderr. */
import { normalizeReferences, type Target, targetOf } from '@switchyard/agent-config/server-entry';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { Logger } from '@switchyard/kit/logger';
import type { Secrets } from '@switchyard/kit/secrets';
import type { ServerConfig } from '../config.ts';
import type { Incoming } from '../jsonrpc/message.ts';
import { type Channel, lineChannel } from './channel.ts';
import { ChannelLink } from './channel-link.ts';
import { spawnServer } from './child-process.ts';
import { childEnvironment } from './environment.ts';
import { HttpLink } from './http-link.ts';
import type { Link } from './link.ts';
import { sandboxed } from './sandbox.ts';
import { openSseChannel } from './sse-channel.ts';
import type { StderrTail } from './stderr-tail.ts';
import { connectServer } from './unix-socket.ts';

export interface LinksOptions {
  name: string;
  config: ServerConfig;
  secrets: Secrets;
  logger: Logger;
  stderr: StderrTail;
  limitBytes: number;
  /** Gives the shared HTTP client; loaded when the first HTTP server is opened. */
  httpClient: () => Promise<HttpClient>;
  stopGraceMs: number;
}

export interface OpenedLink {
  link: Link;
  /** Sets who receives what is not an answer; messages that come before are kept. */
  route(handler: (message: Incoming) => void): void;
  /** Resolves when the link broke by itself. */
  broken: Promise<Error>;
}

export class Links {
  readonly target: Target;
  readonly #options: LinksOptions;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.target = targetOf(options.config);
  }

  /** `sse` opens the 2024-11-05 transport instead of Streamable HTTP. Throws SecretError or LinkError. */
  async open(how: 'default' | 'sse' = 'default'): Promise<OpenedLink> {
    const target = this.target;
    if (target.kind === 'stdio') return this.#overChannel(lineChannel(await this.#spawn(target), this.#options.limitBytes));
    if (target.kind === 'socket')
      return this.#overChannel(lineChannel(await connectServer(target.path), this.#options.limitBytes));
    const url = this.#resolve(target.url, 'url');
    const client = await this.#options.httpClient();
    const headers = () => this.#headers(target.headers);
    headers();
    const { limitBytes, config } = this.#options;
    if (how === 'sse' || target.kind === 'sse') {
      return this.#overChannel(
        await openSseChannel({ url, headers, client, limitBytes, startTimeoutMs: config.timeouts.startMs }),
      );
    }
    return wire((events) => new HttpLink({ url, headers, client, limitBytes, ...events }));
  }

  #overChannel(channel: Channel): OpenedLink {
    const { logger } = this.#options;
    return wire(
      (events) =>
        new ChannelLink(channel, {
          ...events,
          onNoise: (text) => logger.debug('the server wrote something that is not MCP', { text: text.slice(0, 500) }),
        }),
    );
  }

  async #spawn(target: Extract<Target, { kind: 'stdio' }>) {
    const { stderr, logger, stopGraceMs } = this.#options;
    const env = Object.fromEntries(
      Object.entries(target.env).map(([name, value]) => [name, this.#resolve(value, `env.${name}`)]),
    );
    const environment = childEnvironment(process.env, env);
    const command = this.#resolve(target.command, 'command');
    const args = target.args.map((arg, index) => this.#resolve(arg, `args[${index}]`));
    const cwd = target.cwd === undefined ? undefined : this.#resolve(target.cwd, 'cwd');
    const { sandbox } = this.#options.config;
    return spawnServer({
      ...(sandbox ? sandboxed(command, args, sandbox, environment, cwd) : { command, args }),
      env: environment,
      cwd: sandbox ? undefined : cwd,
      stderr,
      onStderrLine: (line) => logger.debug('stderr', { line }),
      stopGraceMs,
    });
  }

  #headers(declared: Readonly<Record<string, string>>): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(declared)) headers[name.toLowerCase()] = this.#resolve(value, `headers.${name}`);
    return headers;
  }

  #resolve(text: string, field: string): string {
    if (!text.includes('${')) return text;
    return this.#options.secrets.resolve(normalizeReferences(text, process.env), `mcpServers.${this.#options.name}.${field}`);
  }
}

function wire(build: (events: { onMessage(message: Incoming): void; onClose(reason: Error): void }) => Link): OpenedLink {
  const { promise: broken, resolve } = Promise.withResolvers<Error>();
  let handler: ((message: Incoming) => void) | undefined;
  const early: Incoming[] = [];
  const link = build({
    onMessage: (message) => (handler ? handler(message) : early.push(message)),
    onClose: resolve,
  });
  return {
    link,
    broken,
    route(given) {
      handler = given;
      for (const message of early.splice(0)) given(message);
    },
  };
}
