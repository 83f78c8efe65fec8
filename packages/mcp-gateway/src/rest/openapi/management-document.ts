/** OpenAPI document of the gateway's own API: servers, tools as data, health and metrics. */
import type { JsonObject } from '../../jsonrpc/message.ts';
import * as shapes from '../shapes.ts';
import { componentsOf, content, openApiDocument, responses, schemaRef, toolAnswer } from './document.ts';

const serverParameter = pathParameter('server', 'Name of the server, as declared.');
const toolParameter = pathParameter('tool', "The server's own name of the tool.");

/** Describes everything but the MCP endpoints. `baseUrl`: the gateway's own URL without a trailing slash. */
export function managementDocument(baseUrl: string, version: string): JsonObject {
  return openApiDocument({
    title: 'Switchyard MCP gateway',
    version,
    description:
      'Servers and tools behind the gateway. For one operation per tool, see /api/openapi.json and /api/openapi/{server}.json.',
    baseUrl,
    paths,
    schemas: componentsOf([
      shapes.serverShape,
      shapes.serverDetailShape,
      shapes.serverListShape,
      shapes.serverPatchShape,
      shapes.toolShape,
      shapes.toolListShape,
      shapes.queryShape,
      shapes.activityShape,
      shapes.activityListShape,
      shapes.findingShape,
      shapes.pinShape,
      shapes.trustShape,
      shapes.acceptShape,
    ]),
  });
}

const callBody = {
  description: 'The arguments. No body means none.',
  ...content('application/json', { type: 'object' }),
};

const paths: JsonObject = {
  '/api/servers': { get: operation('listServers', 'All servers', json('The servers, in declared order.', 'ServerList')) },
  '/api/servers/{server}': {
    parameters: [serverParameter],
    get: operation('getServer', 'One server', json('Everything known about it.', 'ServerDetail')),
    patch: {
      ...operation('patchServer', 'Enable or disable a server', json('The server after the change.', 'ServerDetail')),
      requestBody: { required: true, ...content('application/json', schemaRef('ServerPatch')) },
    },
  },
  '/api/servers/{server}/restart': {
    parameters: [serverParameter],
    post: operation(
      'restartServer',
      'Restart a server and wait until it is ready or failed',
      json('The server afterwards.', 'ServerDetail'),
    ),
  },
  '/api/tools': {
    get: {
      ...operation('listTools', 'Tools of all servers, or those that match', json('The tools.', 'ToolList')),
      parameters: [
        queryParameter('server', 'Only tools of this server.'),
        queryParameter('q', 'Only tools with all of these words in name, title or description, in any case.'),
      ],
    },
  },
  '/api/tools/{server}/{tool}': {
    parameters: [serverParameter, toolParameter],
    get: operation('getTool', 'One tool', json('The tool.', 'Tool')),
    post: callOperation('callTool'),
  },
  '/api/v1/mcp/{server}/tools/{tool}': { parameters: [serverParameter, toolParameter], post: callOperation('callServerTool') },
  '/api/v1/query': {
    post: {
      ...operation('query', 'Call a tool named in the body', toolAnswer(schemaRef('ToolResult'))),
      requestBody: { required: true, ...content('application/json', schemaRef('Query')) },
    },
  },
  '/api/activity': {
    get: {
      ...operation('listActivity', 'Calls and refusals, newest first', json('The rows.', 'ActivityList')),
      parameters: [
        queryParameter('server', 'Only calls to this server.'),
        queryParameter('tool', 'Only calls of this tool (or prompt, or resource).'),
        queryParameter('caller', 'Only calls of this caller; others than administrators see their own only.'),
        queryParameter('outcome', 'Only calls that ended so.'),
        queryParameter('since', 'Not before this time (ISO 8601).'),
        queryParameter('until', 'Not after this time (ISO 8601).'),
        queryParameter('cursor', 'From an earlier answer: go on with older rows.'),
        queryParameter('limit', 'At most so many rows, 1 to 1000; 100 by default.'),
      ],
    },
  },
  '/api/activity/{id}': {
    parameters: [{ name: 'id', in: 'path', required: true, description: 'Request id.', schema: { type: 'string' } }],
    get: operation('getActivity', 'The rows of one request', json('The rows, oldest first.', 'ActivityList')),
  },
  '/api/activity/live': {
    get: operation('watchActivity', 'Rows as they are written', {
      description: 'An event stream of `activity` events, each with one row.',
      ...content('text/event-stream', { type: 'string' }),
    }),
  },
  '/api/trust': {
    get: operation(
      'listTrust',
      'Tool definitions: what is trusted, what is quarantined and why',
      json('The tools.', 'ToolTrust'),
    ),
  },
  '/api/trust/{server}/{tool}': {
    parameters: [serverParameter, toolParameter],
    post: {
      ...operation('acceptTool', 'Accept the definition that a tool has now', json('The tool afterwards.', 'ToolPin')),
      requestBody: { required: true, ...content('application/json', schemaRef('AcceptTool')) },
    },
  },
  '/api/tools.lock.json': {
    get: {
      ...operation('getToolsLock', 'The trusted definitions as a lock file', {
        description: 'The content of an mcp-tools.lock.json.',
        ...content('application/json', { type: 'object' }),
      }),
      parameters: [
        queryParameter('quarantined', '`true`: definitions as the servers send them, quarantined ones included; for admins.'),
      ],
    },
  },
  '/openapi.json': { get: operation('getManagementDocument', 'This document', document()) },
  '/api/openapi.json': {
    get: operation('getToolsDocument', 'OpenAPI document with one operation per tool of all servers', document()),
  },
  '/api/openapi/{server}.json': {
    parameters: [serverParameter],
    get: operation('getServerToolsDocument', 'OpenAPI document with one operation per tool of a server', document()),
  },
  '/health/live': { get: operation('getLiveness', 'Whether the process answers', health('It does.')) },
  '/health/ready': {
    get: {
      operationId: 'getReadiness',
      summary: 'Whether the servers can be used, and what is wrong with those that cannot',
      tags: ['health'],
      responses: {
        '200': health('Ready, perhaps with some servers down.'),
        '503': health('Not yet: some servers are in their first start.'),
      },
    },
  },
  '/metrics': {
    get: operation('getMetrics', 'Figures for Prometheus', {
      description: 'Prometheus text format.',
      ...content('text/plain', { type: 'string' }),
    }),
  },
};

function operation(operationId: string, summary: string, success: JsonObject): JsonObject {
  return { operationId, summary, responses: responses(success) };
}

function callOperation(operationId: string): JsonObject {
  return { ...operation(operationId, 'Call a tool', toolAnswer(schemaRef('ToolResult'))), requestBody: callBody };
}

function json(description: string, schema: string): JsonObject {
  return { description, ...content('application/json', schemaRef(schema)) };
}

function document(): JsonObject {
  return { description: 'An OpenAPI 3.1 document.', ...content('application/json', { type: 'object' }) };
}

function health(description: string): JsonObject {
  return { description, ...content('application/json', { type: 'object' }) };
}

function pathParameter(name: string, description: string): JsonObject {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

function queryParameter(name: string, description: string): JsonObject {
  return { name, in: 'query', description, schema: { type: 'string' } };
}
