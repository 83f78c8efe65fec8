// The MCP server that the fault tests break: newline JSON-RPC over stdio, by hand, so that it can misbehave on purpose.
// `server.ts legacy|modern [JOURNAL] [MODE]`; the journal gets a line for every call and cancellation that reached it, with
// its time. MODE `exit` ends at once, `crash` ends after the handshake, `hang` never answers.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [era = 'legacy', journal = '', mode = ''] = process.argv.slice(2);
if (mode === 'exit') process.exit(3);

interface Message {
  id?: number;
  method: string;
  params?: { name?: string; arguments?: Record<string, number | string>; _meta?: { progressToken?: number }; requestId?: number };
}

const tools = ['echo', 'sleep', 'steps', 'big', 'line', 'effect'].map((name) => ({ name, inputSchema: { type: 'object' } }));
const capabilities = { tools: {} };
const running = new Map<number, NodeJS.Timeout>();

const write = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const note = (what: string) => journal !== '' && appendFileSync(journal, `${Date.now()} ${what}\n`);
const answer = (id: number, result: object) =>
  write({ id, result: era === 'modern' ? { resultType: 'complete', ...result } : result });
const text = (id: number, value: string) => answer(id, { content: [{ type: 'text', text: value }] });

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line) as Message;
  if (mode === 'hang') return;
  if (method === 'notifications/cancelled') {
    note('cancelled');
    clearTimeout(running.get(params.requestId ?? -1));
  }
  if (id === undefined) return;
  if (method === 'server/discover' && era === 'modern')
    answer(id, { supportedVersions: ['2026-07-28'], capabilities, ttlMs: 0, cacheScope: 'private' });
  else if (method === 'initialize' && era === 'legacy') {
    answer(id, { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'faults', version: '1.0.0' } });
    if (mode === 'crash') setTimeout(() => process.exit(1), 50);
  } else if (method === 'tools/list') answer(id, { tools, ttlMs: 0, cacheScope: 'private' });
  else if (method === 'ping') answer(id, {});
  else if (method === 'tools/call') call(id, params);
  else write({ id, error: { code: -32601, message: 'Method not found' } });
});

function call(id: number, { name, arguments: args = {}, _meta }: NonNullable<Message['params']>): void {
  const later = (ms: number, action: () => void) => running.set(id, setTimeout(action, ms));
  if (name === 'echo') text(id, String(args.message ?? ''));
  else if (name === 'sleep') {
    note('started');
    later(Number(args.ms), () => text(id, 'slept'));
  } else if (name === 'steps') {
    for (let step = 1; step <= Number(args.steps); step += 1) {
      setTimeout(
        () => write({ method: 'notifications/progress', params: { progressToken: _meta?.progressToken, progress: step } }),
        step * Number(args.ms),
      );
    }
    later(Number(args.ms) * (Number(args.steps) + 1), () => text(id, 'done'));
  } else if (name === 'big') text(id, bigText(Number(args.bytes)));
  else if (name === 'line')
    process.stdout.write(
      `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"${'x'.repeat(Number(args.bytes))}"}]}}\n`,
    );
  else if (name === 'effect') {
    note(`effect ${args.key}`);
    later(Number(args.ms), () => text(id, 'done'));
  }
}

function bigText(bytes: number): string {
  let out = '';
  for (let line = 0; out.length < bytes; line += 1) out += `line ${line} of a long result\n`;
  return out.slice(0, bytes);
}
