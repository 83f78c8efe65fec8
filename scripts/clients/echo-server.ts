// The MCP server of the agents: one tool, whose result holds a word that no model could guess. `node echo-server.ts WORD`.
import { createInterface } from 'node:readline';
import { toolName } from './picker.ts';

const [word = ''] = process.argv.slice(2);
const tool = {
  name: toolName,
  description: 'Gives back what it gets, with a word of its own',
  inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
};
const results: Record<string, (params: { protocolVersion?: string; arguments?: { message?: string } }) => object> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'probe', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': ({ arguments: given }) => ({ content: [{ type: 'text', text: `${given?.message} ${word}` }] }),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined) return;
  const make = results[method];
  const outcome = make ? { result: make(params) } : { error: { code: -32601, message: 'Method not found' } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...outcome })}\n`);
});
