/**
 * The MCP endpoints over HTTP. One POST is read and parsed once, its era is found once, and from there each era has a
 * file of its own (`modern.ts`, `legacy.ts`). Works on Node's own request and response: this is the hot path.
 */
import { BodyTooLargeError } from '@switchyard/kit/body';
import type { InboundRequest, OutboundResponse } from '@switchyard/kit/inbound';
import { requestIdFrom } from '@switchyard/kit/request-id';
import type { Caller } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import { errorCodes, errorResponseText, type Incoming, type JsonId, RpcError, toIncoming } from '../jsonrpc/message.ts';
import { readText } from './body.ts';
import { classify } from './classify.ts';
import type { Endpoint } from './endpoint.ts';
import { Endpoints } from './endpoints.ts';
import { serveInitialize, serveLegacy, takeMessage } from './legacy.ts';
import { serveModern } from './modern.ts';
import { endListenStreams } from './modern-listen.ts';
import { challengeHeader, EventStream, Reply } from './reply.ts';
import { Session, Sessions } from './session.ts';

export class McpEdge {
  readonly #gateway: Gateway;
  readonly #sessions: Sessions;
  readonly #endpoints: Endpoints;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#sessions = new Sessions(gateway.seal, gateway.clock);
    this.#endpoints = new Endpoints(gateway);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Serves one request to an MCP path. Answers everything itself and never throws. */
  async handle(path: string, caller: Caller, request: InboundRequest, response: OutboundResponse): Promise<void> {
    try {
      const endpoint = this.#endpoints.find(path, caller);
      if (request.method === 'POST') await this.#post(endpoint, caller, request, response);
      else if (request.method === 'GET') this.#get(endpoint, caller, request, response);
      else if (request.method === 'DELETE') this.#delete(endpoint, caller, request, response);
      else
        refuse(response, 405, errorCodes.invalidRequest, `${request.method} is not used on an MCP endpoint`, {
          allow: 'GET, POST, DELETE',
        });
    } catch (error) {
      if (error instanceof RpcError)
        refuse(response, error.httpStatus ?? 400, error.code, error.message, challengeHeader(error), error.data);
      else if (error instanceof BodyTooLargeError)
        refuse(response, 413, errorCodes.invalidRequest, error.message, { connection: 'close' });
      else if (!request.complete) response.destroy();
      else {
        this.#gateway.logger.error('a request failed unexpectedly', { error, path });
        refuse(response, 500, errorCodes.internalError, 'internal error of the gateway');
      }
    }
  }

  /** The declaration changed: paths may lead elsewhere now. */
  reload(): void {
    this.#endpoints.clear();
  }

  /** Ends open streams in order; sessions stay valid for the next process. */
  stop(): void {
    endListenStreams();
    this.#sessions.stop();
  }

  async #post(endpoint: Endpoint, caller: Caller, request: InboundRequest, response: OutboundResponse): Promise<void> {
    const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== 'application/json') {
      request.resume();
      throw new RpcError(errorCodes.invalidRequest, `Content-Type must be application/json, found ${type ?? 'none'}`, {
        httpStatus: 415,
      });
    }
    const text = readText(request, this.#gateway.config.bodyLimitBytes);
    // Waiting for what is there would put off the call behind everything else that this turn has to do.
    const message = parse(typeof text === 'string' ? text : await text);
    const classified = classifyOrRefuse(message, request, response);
    if (!classified) return;
    const reply = new Reply(response, acceptsStream(request));
    const requestId = requestIdFrom(request.headers);
    if (classified.era === 'modern') {
      if (message.id === undefined) {
        response.writeHead(202).end();
        return;
      }
      return serveModern({ endpoint, message, client: classified.client, headers: request.headers, caller, requestId, reply });
    }
    if (message.method === 'initialize')
      return serveInitialize({ endpoint, message, caller, requestId, reply, sessions: this.#sessions });
    const session = this.#sessionOf(endpoint, caller, request);
    if (message.method === undefined || message.id === undefined) {
      takeMessage(session, message);
      reply.drop();
      return;
    }
    return serveLegacy({
      traceparent: request.headers.traceparent,
      endpoint,
      message,
      caller,
      requestId,
      reply,
      sessions: this.#sessions,
      session,
    });
  }

  /** The GET stream of a handshake-era session. */
  #get(endpoint: Endpoint, caller: Caller, request: InboundRequest, response: OutboundResponse): void {
    if (request.headers['mcp-session-id'] === undefined) {
      return refuse(response, 405, errorCodes.invalidRequest, 'a GET stream needs a session (Mcp-Session-Id)', { allow: 'POST' });
    }
    if (!acceptsStream(request))
      return refuse(response, 406, errorCodes.invalidRequest, 'a GET stream needs Accept: text/event-stream');
    const session = this.#sessionOf(endpoint, caller, request);
    session.attach(new EventStream(response, { 'mcp-session-id': session.id }));
  }

  #delete(endpoint: Endpoint, caller: Caller, request: InboundRequest, response: OutboundResponse): void {
    if (request.headers['mcp-session-id'] === undefined) {
      return refuse(response, 405, errorCodes.invalidRequest, 'DELETE needs a session (Mcp-Session-Id)', { allow: 'POST' });
    }
    this.#sessions.end(this.#sessionOf(endpoint, caller, request));
    response.writeHead(204).end();
  }

  /** The session a request names; one for this request alone when it names none, so that plain curl works. Throws RpcError 404. */
  #sessionOf(endpoint: Endpoint, caller: Caller, request: InboundRequest): Session {
    const id = request.headers['mcp-session-id'];
    if (typeof id !== 'string') {
      const client = {
        protocolVersion: String(request.headers['mcp-protocol-version'] ?? '2025-03-26'),
        info: {},
        capabilities: {},
      };
      return new Session('', caller, { ...endpoint, listen: () => () => {} }, client, 0);
    }
    const session = this.#sessions.find(id, caller, endpoint);
    if (!session) throw new RpcError(-32001, 'Session not found: initialize again', { httpStatus: 404 });
    return session;
  }
}

function parse(text: string): Incoming {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RpcError(errorCodes.parseError, `the body is not JSON: ${(error as Error).message}`, { httpStatus: 400 });
  }
  if (Array.isArray(value))
    throw new RpcError(errorCodes.invalidRequest, 'JSON-RPC batches are not accepted; send one message per POST', {
      httpStatus: 400,
    });
  return toIncoming(value, text);
}

/** Era of the message; when its headers or envelope are wrong it is answered here, with its own id. */
function classifyOrRefuse(message: Incoming, request: InboundRequest, response: OutboundResponse) {
  try {
    return classify(message, request.headers);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    refuse(response, error.httpStatus ?? 400, error.code, error.message, {}, error.data, message.id ?? null);
    return undefined;
  }
}

function acceptsStream(request: InboundRequest): boolean {
  const accept = request.headers.accept;
  return accept !== undefined && (accept.includes('text/event-stream') || accept.includes('*/*'));
}

function refuse(
  response: OutboundResponse,
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
  data?: unknown,
  id: JsonId | null = null,
): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(errorResponseText(id, { code, message, ...(data !== undefined && { data }) }));
}
