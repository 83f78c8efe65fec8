// Stands before the chaos upstream, which calls the first tool it is offered. Agents bring tools of their own (a shell among them), so
// where the tool of the test is offered, only that one is shown to it. Everything else passes as it came.
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the tool of the test is called; agents put the name of its server before it. */
export const toolName = 'probe_echo';

/** Resolves with its address. It ends with this process. */
export function startPicker(upstream: string): Promise<string> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const body = picked(Buffer.concat(pieces));
      const headers = { ...request.headers, 'content-length': String(body.length) };
      delete headers['transfer-encoding'];
      const passed = send(upstream + request.url, { method: request.method ?? 'GET', headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      response.on('close', () => passed.destroy());
      passed.end(body);
    });
  });
  server.unref();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function picked(body: Buffer): Buffer {
  const text = body.toString('utf8');
  if (!text.includes(toolName)) return body;
  const value = JSON.parse(text) as { tools?: unknown };
  if (!Array.isArray(value.tools)) return body;
  value.tools = value.tools.flatMap(onlyOurs);
  return Buffer.from(JSON.stringify(value));
}

/** A tool, or what a group of tools (Gemini's declarations, Codex's namespaces) keeps. */
function onlyOurs(tool: Record<string, unknown>): unknown[] {
  for (const group of ['functionDeclarations', 'tools']) {
    const members = tool[group];
    if (!Array.isArray(members)) continue;
    const ours = members.filter(isOurs);
    return ours.length > 0 ? [{ ...tool, [group]: ours }] : [];
  }
  return isOurs(tool) ? [tool] : [];
}

function isOurs(tool: { name?: string; function?: { name?: string } }): boolean {
  return (tool.name ?? tool.function?.name ?? '').endsWith(toolName);
}
