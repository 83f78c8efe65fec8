// The requests of the gateway benchmark, in each way of asking.

export type Era = 'legacy' | 'modern';

export interface Wire {
  path: string;
  headers: Record<string, string>;
  body: string;
}

const common = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
};

export function request(
  era: Era,
  path: string,
  method: string,
  params: Record<string, unknown>,
  extra: Record<string, string> = {},
): Wire {
  const isModern = era === 'modern';
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: isModern ? { ...params, _meta: envelope } : params });
  const name = typeof params.name === 'string' ? { 'mcp-name': params.name } : {};
  const headers = isModern
    ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name }
    : { 'mcp-protocol-version': '2025-11-25' };
  return { path, headers: { ...common, ...headers, ...extra }, body };
}

export function toolCall(era: Era, path: string, tool: string, extra: Record<string, string> = {}): Wire {
  return request(era, path, 'tools/call', { name: tool, arguments: { message: 'hello' } }, extra);
}

/** Shakes hands and gives the headers that later requests need. Servers without sessions need none. */
export async function openSession(
  port: number,
  path: string,
  extra: Record<string, string> = {},
): Promise<Record<string, string>> {
  const url = `http://127.0.0.1:${port}${path}`;
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } };
  const send = (message: object, headers: Record<string, string>) =>
    fetch(url, {
      method: 'POST',
      headers: { ...common, ...extra, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
  const answer = await send({ id: 1, method: 'initialize', params }, {});
  await answer.text();
  const id = answer.headers.get('mcp-session-id');
  const session: Record<string, string> = id === null ? {} : { 'mcp-session-id': id };
  await (await send({ method: 'notifications/initialized' }, session)).text();
  return { ...extra, ...session };
}
