/** OpenAPI documents for tool consumers such as Open WebUI: one operation per tool, all arguments in the JSON body. */
import { maxNameChars, publicName } from '../../catalog/names.ts';
import type { JsonObject } from '../../jsonrpc/message.ts';
import type { ListEntry } from '../../upstream/lists.ts';
import { objectOf } from '../../upstream/peer.ts';
import { toolResultShape } from '../shapes.ts';
import { componentsOf, openApiDocument, responses, schemaRef, toolAnswer } from './document.ts';
import { moveObjectSchema, moveSchema } from './schema.ts';

/** A server as its document needs it. */
export interface DocumentedServer {
  name: string;
  tools: readonly ListEntry[];
  /** What the server says of itself (MCP `Implementation`); empty when never connected. */
  info: JsonObject;
  description?: string | undefined;
}

/** The document of one server; operations have the tools' own names where those are legal. */
export function serverToolsDocument(server: DocumentedServer, baseUrl: string): JsonObject {
  const { title, version } = server.info;
  const operations = operationsOf([server], (tool) => tool);
  return openApiDocument({
    title: typeof title === 'string' && title !== '' ? title : server.name,
    version: typeof version === 'string' && version !== '' ? version : '0',
    description: server.description,
    baseUrl,
    ...operations,
  });
}

/** The document of all servers; operations have the names of the aggregated MCP endpoint. */
export function allToolsDocument(servers: readonly DocumentedServer[], baseUrl: string, version: string): JsonObject {
  const operations = operationsOf(servers, (tool, server) => publicName(server, tool));
  const description = `The tools of ${servers.map(({ name }) => name).join(', ')}.`;
  return openApiDocument({ title: 'Switchyard tools', version, description, baseUrl, ...operations });
}

type Naming = (tool: string, server: string) => string;

function operationsOf(servers: readonly DocumentedServer[], naming: Naming): { paths: JsonObject; schemas: JsonObject } {
  const paths = new Map<string, unknown>();
  const schemas: [string, unknown][] = [];
  const taken = new Set<string>();
  for (const { name: server, tools } of servers) {
    for (const entry of tools) {
      const path = `/api/tools/${encodeURIComponent(server)}/${encodeName(entry.key)}`;
      // A server that lists a name twice can only be called by it once.
      if (paths.has(path)) continue;
      const operationId = freeId(naming(entry.key, server), server, taken);
      const { operation, components } = operationOf(server, entry, operationId);
      paths.set(path, { post: operation });
      schemas.push(...Object.entries(components));
    }
  }
  return { paths: Object.fromEntries(paths), schemas: Object.fromEntries(schemas) };
}

/** What LLM APIs accept as the name of a function, which an operation id becomes. */
const legalId = new RegExp(`^[A-Za-z0-9_-]{1,${maxNameChars}}$`);

function freeId(wanted: string, server: string, taken: Set<string>): string {
  let id = legalId.test(wanted) ? wanted : publicName(server, wanted);
  while (taken.has(id)) id = publicName(server, id);
  taken.add(id);
  return id;
}

/** Lone surrogates have no URL form; such a tool cannot be called over REST, yet must not break the document. */
function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

function operationOf(
  server: string,
  { key, value }: ListEntry,
  operationId: string,
): { operation: JsonObject; components: JsonObject } {
  const annotations = objectOf(value.annotations);
  const title = [value.title, annotations.title].find((each) => typeof each === 'string') ?? key;
  const input = moveObjectSchema(value.inputSchema, `${operationId}.input`);
  const output = value.outputSchema === undefined ? undefined : moveSchema(value.outputSchema, `${operationId}.output`);
  const required = Array.isArray(input.schema.required) && input.schema.required.length > 0;
  const operation = {
    operationId,
    summary: title,
    description: typeof value.description === 'string' && value.description !== '' ? value.description : title,
    tags: [server],
    requestBody: { required, content: { 'application/json': { schema: input.schema } } },
    responses: responses(toolAnswer(resultSchema(output?.schema))),
    ...(value.annotations !== undefined && { 'x-mcp-annotations': annotations }),
  };
  return { operation, components: { ...input.components, ...output?.components } };
}

/** The shared shape of results, or the same with this tool's own `structuredContent` in it. */
function resultSchema(structuredContent: JsonObject | boolean | undefined): JsonObject {
  if (structuredContent === undefined) return schemaRef('ToolResult');
  return { ...anyResult, properties: { ...objectOf(anyResult.properties), structuredContent } };
}

const anyResult = objectOf(componentsOf([toolResultShape]).ToolResult);
