// The servers of the gateway benchmark, each a mode of this program: `http` (raw node:http), `sdk` (the MCP SDK over
// Streamable HTTP, called directly), `stdio` (the upstream behind every gateway: a hand-written echo, so that the gateways are
// measured and not it), `tools N` (a stdio server with N tools).
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const [mode, argument = '0'] = process.argv.slice(2);
const echo = {
  name: 'echo',
  description: 'Gives back what it gets',
  inputSchema: { type: 'object', properties: { message: { type: 'string' } } },
};

if (mode === 'http') serveHttp();
else if (mode === 'sdk') await serveSdk();
else serveStdio(mode === 'tools' ? Number(argument) : 0);

function announce(port: number): void {
  process.stdout.write(`${JSON.stringify({ port })}\n`);
}

function serveHttp(): void {
  const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'hello' }] } });
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer),
    );
  });
  server.listen(Number(argument), '127.0.0.1', () => announce((server.address() as { port: number }).port));
}

async function serveSdk(): Promise<void> {
  const { createMcpHandler, McpServer } = await import('@modelcontextprotocol/server');
  const { getRequestListener } = await import('@hono/node-server');
  const { z } = await import('zod');
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'echo', version: '1.0.0' });
    server.registerTool(
      'echo',
      { description: echo.description, inputSchema: z.object({ message: z.string() }) },
      ({ message }) => ({
        content: [{ type: 'text', text: message }],
      }),
    );
    return server;
  });
  const server = createServer(getRequestListener((request) => handler.fetch(request)));
  server.listen(Number(argument), '127.0.0.1', () => announce((server.address() as { port: number }).port));
}

function serveStdio(count: number): void {
  const tools =
    count === 0
      ? [echo]
      : Array.from({ length: count }, (_, index) => ({
          ...echo,
          name: `tool_${index}`,
          description: `${echo.description}. `.repeat(8),
        }));
  const results: Record<string, (params: { name: string; arguments?: { message?: string } }) => unknown> = {
    initialize: () => ({
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'echo', version: '1.0.0' },
    }),
    ping: () => ({}),
    'tools/list': () => ({ tools }),
    'tools/call': (params) => ({ content: [{ type: 'text', text: params.arguments?.message ?? '' }] }),
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line) as { id?: number; method: string; params: never };
    if (id === undefined) return;
    const make = results[method];
    const outcome = make ? { result: make(params) } : { error: { code: -32601, message: 'Method not found' } };
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...outcome })}\n`);
  });
}
