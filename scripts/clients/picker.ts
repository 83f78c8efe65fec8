// Stands before the chaos upstream, which calls the first tool it is offered. Agents bring tools of their own (a shell among them), so
// where the tool of the test is offered, only that one is shown to it. And Gemini's contents of one role in a row become one, as Gemini
// takes them: the chats of its SDK send every piece of a stream back on its own. Everything else passes as it came.
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
  if (!text.includes(toolName) && !text.includes('"contents"')) return body;
  const value = JSON.parse(text) as { tools?: unknown; contents?: unknown };
  if (Array.isArray(value.tools) && text.includes(toolName)) value.tools = value.tools.flatMap(onlyOurs);
  if (Array.isArray(value.contents)) value.contents = joined(value.contents);
  return Buffer.from(JSON.stringify(value));
}

interface Content {
  role?: string;
  parts?: unknown[];
}

function joined(contents: readonly Content[]): Content[] {
  const turns: Content[] = [];
  for (const { role, parts = [] } of contents) {
    const last = turns.at(-1);
    if (last !== undefined && last.role === role) last.parts?.push(...parts);
    else turns.push({ ...(role !== undefined && { role }), parts: [...parts] });
  }
  return turns;
}

/** A tool, or what a group of tools (Gemini's declarations, Codex's namespaces) keeps. */
function onlyOurs(tool: Tool): Tool[] {
  for (const group of ['functionDeclarations', 'tools']) {
    const members = tool[group];
    if (!Array.isArray(members)) continue;
    const ours = members.flatMap(onlyOurs);
    return ours.length > 0 ? [{ ...tool, [group]: ours }] : [];
  }
  if (nameOf(tool) === codexExec) return [withScript(tool)];
  return isOurs(tool) ? [tool] : [];
}

/** Codex lets models it knows call MCP tools from JavaScript only; the chaos model says what a schema holds as `const`. */
const codexExec = 'functions__exec';
const script = `text((await tools.mcp__probe__${toolName}({ message: 'hello from chaos' })).content[0].text)`;

function withScript(tool: Tool): Tool {
  const schema = { type: 'object', properties: { input: { const: script } } };
  if (tool.function !== undefined) return { ...tool, function: { ...tool.function, parameters: schema } };
  return { ...tool, [tool.input_schema === undefined ? 'parametersJsonSchema' : 'input_schema']: schema };
}

function isOurs(tool: Tool): boolean {
  return nameOf(tool).endsWith(toolName);
}

interface Tool {
  name?: string;
  function?: { name?: string; [field: string]: unknown };
  [field: string]: unknown;
}

function nameOf(tool: Tool): string {
  return tool.name ?? tool.function?.name ?? '';
}
