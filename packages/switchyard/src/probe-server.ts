/**
 * Asks an MCP server who it is and what it has: initialize, then tools/list, with a real client. A program that was started for
 * it is ended in any case.
 */

import type { Target } from '@switchyard/agent-config/server-entry';
import type { ProbeResult } from '@switchyard/agent-config/validation';

type Reachable = Exclude<Target, { kind: 'socket' }>;

/** How much of what a program wrote to its error output is kept for a message. */
const keptErrorText = 2000;

/** `timeoutMs` is for all of it: starting, connecting, listing. Never throws. */
export async function probeServer(target: Reachable, timeoutMs: number): Promise<ProbeResult> {
  const { Client } = await import('@modelcontextprotocol/client');
  for (const [index, kind] of transportsOf(target).entries()) {
    const { transport, saidSoFar } = await open(target, kind);
    // A program that does not know `server/discover` may never answer it: programs are asked the older way.
    const versionNegotiation = { mode: target.kind === 'stdio' ? ('legacy' as const) : ('auto' as const) };
    const client = new Client({ name: 'switchyard', version: '1.0.0' }, { versionNegotiation });
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const tools = await within(limit, async () => {
        await client.connect(transport);
        return client.listTools();
      });
      const { name = 'a server', version = '' } = client.getServerVersion() ?? {};
      return { ok: true, tools: tools.tools.length, says: `${name} ${version}`.trim() };
    } catch (error) {
      const another = index === 0 && target.kind === 'http-or-sse' && [404, 405].includes(statusOf(error) ?? 0);
      if (!another) return { ok: false, problem: explain(error, limit.aborted, timeoutMs, saidSoFar()) };
    } finally {
      await client.close().catch(() => {});
      await transport.close().catch(() => {});
    }
  }
  return { ok: false, problem: 'neither Streamable HTTP nor SSE is spoken there' };
}

function transportsOf({ kind }: Reachable): ('stdio' | 'http' | 'sse')[] {
  return kind === 'http-or-sse' ? ['http', 'sse'] : [kind];
}

async function open(target: Reachable, kind: 'stdio' | 'http' | 'sse') {
  if (target.kind === 'stdio') {
    const { StdioClientTransport, getDefaultEnvironment } = await import('@modelcontextprotocol/client/stdio');
    const { command, args, env, cwd } = target;
    const transport = new StdioClientTransport({
      command,
      args,
      env: { ...getDefaultEnvironment(), ...env },
      stderr: 'pipe',
      ...(cwd !== undefined && { cwd }),
    });
    let said = '';
    transport.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-keptErrorText);
    });
    return { transport, saidSoFar: () => said.trim() };
  }
  const { SSEClientTransport, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const options = { requestInit: { headers: target.headers } };
  const url = new URL(target.url);
  const transport = kind === 'sse' ? new SSEClientTransport(url, options) : new StreamableHTTPClientTransport(url, options);
  return { transport, saidSoFar: () => '' };
}

async function within<T>(limit: AbortSignal, work: () => Promise<T>): Promise<T> {
  const expired = new Promise<never>((_, reject) => limit.addEventListener('abort', () => reject(limit.reason), { once: true }));
  return Promise.race([work(), expired]);
}

function statusOf(error: unknown): number | undefined {
  const { status, data, code } = error as { status?: number; data?: { status?: number }; code?: unknown };
  return status ?? data?.status ?? (typeof code === 'number' && code >= 400 && code < 600 ? code : undefined);
}

function explain(error: unknown, expired: boolean, timeoutMs: number, said: string): string {
  const last = said === '' ? '' : `; its last words: ${said.split('\n').slice(-3).join(' | ')}`;
  if (expired) return `no answer within ${timeoutMs / 1000} s${last}`;
  const chain = causesOf(error);
  const status =
    chain.map(statusOf).find((one) => one !== undefined) ?? Number(/HTTP (\d{3})/.exec(chain[0]?.message ?? '')?.[1]);
  if (status === 401 || status === 403) return `answered ${status}: its credential is missing, wrong or not enough`;
  if (status === 404) return 'answered 404: the path of the URL is wrong';
  const known = chain.map(({ code }) => explanations[String(code)]).find((one) => one !== undefined);
  return `${known ?? chain.at(-1)?.message.split('\n')[0]}${last}`;
}

const explanations: Readonly<Record<string, string>> = {
  ENOENT: 'the program is not on PATH',
  EACCES: 'the program may not be executed',
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is unknown',
};

/** The error and what it came from, outermost first. */
function causesOf(error: unknown): (Error & { code?: unknown })[] {
  const chain: (Error & { code?: unknown })[] = [];
  for (let one = error; one instanceof Error && chain.length < 8; one = one.cause) chain.push(one);
  return chain;
}
