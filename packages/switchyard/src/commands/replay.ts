/**
 * `switchyard replay FILE`: an MCP server over stdio that plays a tape. Put it where the real server's command would stand;
 * it needs no network and always answers the same. Speaks both protocol eras.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { Player, type Tape, toTape } from '../tape.ts';

const legacyRevisions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const modernRevision = '2026-07-28';

export const command: Command = {
  usage:
    'replay FILE\n\nAn MCP server over stdio that gives the recorded answers: { "command": "switchyard", "args": ["replay", "FILE"] }',
  async run(args) {
    const [file, ...extra] = readFlags(args, {}).positionals;
    if (file === undefined || extra.length > 0) throw new CommandError('which tape? `switchyard record` makes one', 64);
    const tape = readTape(file);
    const player = new Player(tape);
    for await (const line of createInterface({ input: process.stdin })) {
      const reply = line.trim() === '' ? undefined : answer(line, tape, player);
      if (reply !== undefined) process.stdout.write(`${JSON.stringify(reply)}\n`);
    }
    return 0;
  },
};

function readTape(file: string): Tape {
  try {
    return toTape(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}`, 78);
  }
}

interface Message {
  id?: string | number;
  method?: string;
  params?: { name?: unknown; arguments?: Record<string, unknown>; protocolVersion?: unknown; _meta?: Record<string, unknown> };
}

/** The answer to one line; undefined for notifications. */
export function answer(line: string, tape: Tape, player: Player): object | undefined {
  let message: Message;
  try {
    message = JSON.parse(line) as Message;
  } catch {
    return { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'not JSON' } };
  }
  const { id, method, params = {} } = message;
  if (id === undefined || method === undefined) return undefined;
  const isModern = params._meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined;
  const info = { name: `replay of ${tape.server}`, version: '1' };
  const ok = (result: object) => ({
    jsonrpc: '2.0',
    id,
    result: isModern ? { resultType: 'complete', ...result, _meta: { 'io.modelcontextprotocol/serverInfo': info } } : result,
  });
  switch (method) {
    case 'server/discover':
      return ok({ supportedVersions: [modernRevision], capabilities: { tools: {} }, ttlMs: 3_600_000, cacheScope: 'public' });
    case 'initialize': {
      const asked = String(params.protocolVersion);
      return ok({
        protocolVersion: legacyRevisions.includes(asked) ? asked : legacyRevisions[0],
        capabilities: { tools: {} },
        serverInfo: info,
      });
    }
    case 'ping':
      return ok({});
    case 'tools/list':
      return ok({ tools: tape.tools, ...(isModern && { ttlMs: 3_600_000, cacheScope: 'public' }) });
    case 'tools/call': {
      if (!tape.tools.some(({ name }) => name === params.name)) {
        return { jsonrpc: '2.0', id, error: { code: -32602, message: `unknown tool ${JSON.stringify(params.name)}` } };
      }
      return ok(player.play(String(params.name), params.arguments ?? {}));
    }
    default:
      return { jsonrpc: '2.0', id, error: { code: -32601, message: `${method} is not on this tape` } };
  }
}
