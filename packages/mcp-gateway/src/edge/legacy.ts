/** Clients of the handshake era (2024-11-05 … 2025-11-25): sessions, requests both ways, a GET stream for the rest. */
import { Cancel, type CancelSignal } from '@switchyard/kit/cancel';
import type { Caller, CallResult } from '../call/call.ts';
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
import { isLogLevel, latestLegacyRevision, legacyRevisions, reachesLevel } from '../protocol/revision.ts';
import { AbortedError } from '../upstream/link.ts';
import { objectOf } from '../upstream/peer.ts';
import type { Endpoint } from './endpoint.ts';
import { objectContentOnly, objectSchemasOnly } from './legacy-shapes.ts';
import { challengeHeader, type Reply } from './reply.ts';
import { callParams, progressOf } from './request-params.ts';
import type { Session, Sessions } from './session.ts';

/** Rounds of questions one call may need before it is given up. */
const maxRounds = 16;

export interface LegacyRequest {
  endpoint: Endpoint;
  message: Incoming;
  caller: Caller;
  requestId: string;
  reply: Reply;
  /** W3C trace context header of the request. */
  traceparent: unknown;
  sessions: Sessions;
  session: Session;
}

/** Answers `initialize`: opens a session and returns it through the Mcp-Session-Id header. */
export async function serveInitialize(request: Omit<LegacyRequest, 'session' | 'traceparent'>): Promise<void> {
  const { endpoint, message, caller, reply, sessions } = request;
  const id = message.id as string | number;
  try {
    const params = message.params ?? {};
    if (typeof params.protocolVersion !== 'string')
      throw new RpcError(errorCodes.invalidParams, '"protocolVersion" must be a string');
    const known = (legacyRevisions as readonly string[]).includes(params.protocolVersion);
    const protocolVersion = known ? params.protocolVersion : latestLegacyRevision;
    const client = { protocolVersion, info: objectOf(params.clientInfo), capabilities: objectOf(params.capabilities) };
    const result = { ...(await endpoint.handshake(protocolVersion)), protocolVersion };
    const session = sessions.create(caller, endpoint, client);
    reply.end(resultResponseText(id, JSON.stringify(result)), 200, { 'mcp-session-id': session.id });
  } catch (error) {
    reply.end(errorResponseText(id, toErrorObject(error)));
  }
}

/** Takes a notification or an answer of the client. */
export function takeMessage(session: Session, message: Incoming): void {
  if (message.method === undefined) session.answer(message);
  else if (message.method === 'notifications/cancelled') {
    const { requestId, reason } = message.params ?? {};
    const controller =
      typeof requestId === 'string' || typeof requestId === 'number' ? session.running.get(requestId) : undefined;
    controller?.abort(new Error(typeof reason === 'string' ? reason : 'the client cancelled'));
  }
}

/** Answers one request of a session; everything that goes wrong becomes the JSON-RPC error of the reply. */
export async function serveLegacy(request: LegacyRequest): Promise<void> {
  const { message, reply, session } = request;
  const id = message.id as string | number;
  const controller = new Cancel();
  session.running.set(id, controller);
  try {
    reply.end(resultResponseText(id, await answer(request, controller.signal)));
  } catch (error) {
    if (error instanceof AbortedError && controller.signal.aborted) reply.drop();
    else {
      const challenge = challengeHeader(error);
      reply.end(errorResponseText(id, toErrorObject(error)), Object.keys(challenge).length > 0 ? 403 : 200, challenge);
    }
  } finally {
    session.running.delete(id);
  }
}

async function answer(request: LegacyRequest, signal: CancelSignal): Promise<string> {
  const { message, session, endpoint } = request;
  const params = message.params ?? {};
  switch (message.method) {
    case 'ping':
      return '{}';
    case 'logging/setLevel':
      if (!isLogLevel(params.level))
        throw new RpcError(errorCodes.invalidParams, `"level" is not a log level: ${JSON.stringify(params.level)}`);
      session.logLevel = params.level;
      endpoint.wantLogs({ ...session.client, logLevel: params.level });
      return '{}';
    case 'resources/subscribe':
      await session.subscribe(uriOf(params));
      return '{}';
    case 'resources/unsubscribe':
      await session.unsubscribe(uriOf(params));
      return '{}';
    case 'initialize':
      throw new RpcError(errorCodes.invalidRequest, 'this session is initialized already');
    default:
      return perform(request, signal);
  }
}

function uriOf(params: JsonObject): string {
  if (typeof params.uri !== 'string') throw new RpcError(errorCodes.invalidParams, '"uri" must be a string');
  return params.uri;
}

/** Calls, and answers a stateless server's rounds of questions by asking the client for real. */
async function perform(
  { endpoint, message, session, requestId, reply, traceparent }: LegacyRequest,
  signal: CancelSignal,
): Promise<string> {
  const method = message.method as string;
  const progress = progressOf(message);
  const send = (text: string) => reply.send(text);
  const ask = reply.mayStream
    ? (question: { method: string; params?: JsonObject | undefined }) => session.ask(question, send, signal)
    : undefined;
  const call = {
    via: 'mcp' as const,
    method,
    ...callParams(message, traceparent),
    caller: session.caller,
    client: { ...session.client, logLevel: session.logLevel },
    requestId,
    signal,
    ask,
    onProgress:
      progress === undefined
        ? undefined
        : (sent: JsonObject) => send(notificationText('notifications/progress', { ...sent, progressToken: progress })),
    onLog: (sent: JsonObject) => {
      if (session.logLevel === undefined || reachesLevel(sent.level, session.logLevel))
        send(notificationText('notifications/message', sent));
    },
  };
  let result = await endpoint.request(call);
  for (let round = 0; result.type === 'input_required'; round += 1) {
    if (round === maxRounds)
      throw new RpcError(errorCodes.internalError, `the server asked for input ${maxRounds} times without finishing`);
    if (!ask)
      throw new RpcError(
        errorCodes.internalError,
        'the server needs input, but this request does not accept an event stream to ask over',
      );
    result = await endpoint.request({ ...call, round: await answers(result, ask) });
  }
  if (result.type !== 'complete')
    throw new RpcError(
      errorCodes.internalError,
      `the server answered with a "${result.type}" result, which MCP ${session.client.protocolVersion} does not know`,
    );
  if (method === 'tools/list') return objectSchemasOnly(result.text);
  return method === 'tools/call' && result.typed ? objectContentOnly(result.text) : result.text;
}

async function answers(result: CallResult, ask: (question: { method: string; params?: JsonObject }) => Promise<JsonObject>) {
  const { inputRequests, requestState } = JSON.parse(result.text) as { inputRequests?: JsonObject; requestState?: string };
  const inputResponses: JsonObject = {};
  await Promise.all(
    Object.entries(inputRequests ?? {}).map(async ([key, value]) => {
      const { method, params } = objectOf(value);
      inputResponses[key] = await ask({ method: String(method), params: objectOf(params) });
    }),
  );
  return { requestState, inputResponses };
}
