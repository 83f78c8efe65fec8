/** Clients of 2026-07-28: one POST is one request, nothing is remembered between two of them. */

import type { IncomingHttpHeaders } from 'node:http';
import { Cancel, type CancelSignal } from '@switchyard/kit/cancel';
import { memberText, rewriteObject } from '@switchyard/kit/json-scan';
import type { Caller, CallResult, ClientFacts } from '../call/call.ts';
import {
  errorCodes,
  errorResponseText,
  type Incoming,
  type JsonObject,
  notificationText,
  RpcError,
  resultResponseText,
  toErrorObject,
} from '../jsonrpc/message.ts';
import { checkParamHeaders } from '../protocol/param-headers.ts';
import { metaKeys, modernRevisions, reachesLevel } from '../protocol/revision.ts';
import { AbortedError } from '../upstream/link.ts';
import { objectOf } from '../upstream/peer.ts';
import type { Endpoint } from './endpoint.ts';
import { serveListen } from './modern-listen.ts';
import { challengeHeader, type Reply } from './reply.ts';
import { callParams, progressOf } from './request-params.ts';

export interface ModernRequest {
  endpoint: Endpoint;
  message: Incoming;
  client: ClientFacts;
  headers: IncomingHttpHeaders;
  caller: Caller;
  requestId: string;
  reply: Reply;
}

/** Requests of the handshake era that this one took away. */
const removedMethods = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
]);
/** Results that must say how long and for whom they may be cached (2026-07-28, Utilities › Caching). */
const cacheableMethods = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** Answers one request; everything that goes wrong becomes the JSON-RPC error of the reply. */
export async function serveModern(request: ModernRequest): Promise<void> {
  const { message, reply } = request;
  const id = message.id as string | number;
  const controller = new Cancel();
  reply.onGone(() => controller.abort(new Error('the client closed the stream')));
  try {
    const text = await answer(request, controller.signal);
    if (text !== undefined) reply.end(resultResponseText(id, text));
  } catch (error) {
    if (error instanceof AbortedError && controller.signal.aborted) return reply.drop();
    const object = toErrorObject(modernError(error));
    reply.end(errorResponseText(id, object), statusOf(error, object.code), challengeHeader(error));
  }
}

async function answer(request: ModernRequest, signal: CancelSignal): Promise<string | undefined> {
  const { endpoint, message, client, headers, caller, requestId, reply } = request;
  const method = message.method as string;
  if (removedMethods.has(method))
    throw new RpcError(errorCodes.methodNotFound, `${method} does not exist in MCP ${client.protocolVersion}`);
  if (method === 'server/discover') return discoverText(endpoint);
  if (method === 'subscriptions/listen') {
    await serveListen(endpoint, message, reply, caller);
    return undefined;
  }
  const params = callParams(message, headers.traceparent);
  if (method === 'tools/call') checkToolHeaders(endpoint, message.params ?? {}, headers);
  const progress = progressOf(message);
  const result = await endpoint
    .request({
      via: 'mcp',
      method,
      ...params,
      caller,
      client,
      requestId,
      signal,
      onProgress:
        progress === undefined
          ? undefined
          : (sent: JsonObject) => reply.send(notificationText('notifications/progress', { ...sent, progressToken: progress })),
      onLog:
        client.logLevel === undefined
          ? undefined
          : (sent: JsonObject) => {
              if (client.logLevel && reachesLevel(sent.level, client.logLevel))
                reply.send(notificationText('notifications/message', sent));
            },
    })
    .catch((error: unknown) => urlQuestionOf(error));
  return complete(method, result, endpoint.serverInfo);
}

function checkToolHeaders(endpoint: Endpoint, params: JsonObject, headers: IncomingHttpHeaders): void {
  const declared = typeof params.name === 'string' ? endpoint.paramHeaders(params.name) : [];
  if (declared.length === 0) return;
  const problem = checkParamHeaders(declared, params.arguments, headers);
  if (problem !== undefined) throw new RpcError(errorCodes.headerMismatch, `Header mismatch: ${problem}`, { httpStatus: 400 });
}

/** Adds what every result of this era carries and a handshake-era server could not know. */
function complete(method: string, result: CallResult, serverInfo: JsonObject): string {
  if (result.typed) return result.text;
  const additions: Record<string, string> = { resultType: '"complete"' };
  if (cacheableMethods.has(method)) {
    if (!result.text.includes('"ttlMs"')) additions.ttlMs = '0';
    if (!result.text.includes('"cacheScope"')) additions.cacheScope = '"private"';
  }
  const meta = result.text.includes('"_meta"') ? memberText(result.text, '_meta') : undefined;
  additions._meta = JSON.stringify({
    ...(meta === undefined ? {} : objectOf(JSON.parse(meta))),
    [metaKeys.serverInfo]: serverInfo,
  });
  if (meta !== undefined) return rewriteObject(result.text, additions);
  // The common case without a scan of a possibly large text: append before the closing brace.
  const body = result.text.slice(0, result.text.lastIndexOf('}'));
  const added = Object.entries(additions).map(([key, value]) => `"${key}":${value}`);
  return `${body}${body.trimEnd().endsWith('{') ? '' : ','}${added.join(',')}}`;
}

async function discoverText(endpoint: Endpoint): Promise<string> {
  const { facts, text } = await endpoint.discover();
  const supportedVersions = JSON.stringify(modernRevisions);
  if (text !== undefined) return rewriteObject(text, { supportedVersions });
  const { tasks: _tasks, ...capabilities } = facts.capabilities;
  const result = {
    supportedVersions: modernRevisions,
    capabilities,
    ...(facts.instructions !== undefined && { instructions: facts.instructions }),
  };
  return complete('server/discover', { type: 'complete', text: JSON.stringify(result), typed: false }, endpoint.serverInfo);
}

/** What handshake-era errors are called here (2026-07-28, Base › Error Codes). */
function modernError(error: unknown): unknown {
  if (error instanceof RpcError && error.code === errorCodes.resourceNotFound)
    return new RpcError(errorCodes.invalidParams, error.message, { data: error.data });
  return error;
}

/** 2025-11-25 demands a visit to a URL by error -32042; this era asks for it as input. Any other error is thrown on. */
function urlQuestionOf(error: unknown): CallResult {
  if (!(error instanceof RpcError) || error.code !== errorCodes.urlElicitationRequired) throw error;
  const elicitations = objectOf(error.data).elicitations;
  if (!Array.isArray(elicitations) || elicitations.length === 0) throw error;
  const inputRequests = Object.fromEntries(
    elicitations.map((elicitation, index) => {
      const { elicitationId: _id, ...params } = objectOf(elicitation);
      return [`url-${index + 1}`, { method: 'elicitation/create', params: { ...params, mode: 'url' } }];
    }),
  );
  return { type: 'input_required', typed: true, text: JSON.stringify({ resultType: 'input_required', inputRequests }) };
}

function statusOf(error: unknown, code: number): number {
  if (code === errorCodes.methodNotFound) return 404;
  if (code === errorCodes.missingClientCapability) return 400;
  if (!(error instanceof RpcError)) return 200;
  if (error.challenge !== undefined) return 403;
  return error.httpStatus === 400 ? 400 : 200;
}
