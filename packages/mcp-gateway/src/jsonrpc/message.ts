/** JSON-RPC 2.0 as MCP uses it: message shapes, error codes, and the reading of one incoming message. */
import { isTooDeep, maxDepth, memberText } from '@switchyard/kit/json-scan';

export type JsonId = string | number;
export type JsonObject = { [key: string]: unknown };

export interface RpcErrorObject {
  code: number;
  message: string;
  data?: unknown;
}

/**
 * Error codes of JSON-RPC 2.0 and of MCP 2026-07-28 (Base › Error Codes).
 * The last two belong to older revisions: 2025-11-25's URL elicitation and its resource-not-found.
 */
export const errorCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  missingClientCapability: -32021,
  unsupportedProtocolVersion: -32022,
  urlElicitationRequired: -32042,
  resourceNotFound: -32002,
} as const;

export interface RpcErrorOptions {
  data?: unknown;
  httpStatus?: number;
  fault?: 'upstream' | 'timeout';
  challenge?: string | undefined;
  cause?: unknown;
}

/** An error that travels as a JSON-RPC error object. `httpStatus` is used where the error leaves over HTTP. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;
  readonly httpStatus: number | undefined;
  /** Set when the server (not the tool, not the caller) is to blame: the breaker counts these. */
  readonly fault: 'upstream' | 'timeout' | undefined;
  /** Value of WWW-Authenticate, where a better token could help. */
  readonly challenge: string | undefined;

  constructor(code: number, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RpcError';
    this.code = code;
    this.data = options.data;
    this.httpStatus = options.httpStatus;
    this.fault = options.fault;
    this.challenge = options.challenge;
  }

  toObject(): RpcErrorObject {
    return { code: this.code, message: this.message, ...(this.data !== undefined && { data: this.data }) };
  }
}

/** The error object of anything thrown: an RpcError as it is, everything else as an internal error. */
export function toErrorObject(error: unknown): RpcErrorObject {
  if (error instanceof RpcError) return error.toObject();
  return { code: errorCodes.internalError, message: error instanceof Error ? error.message : String(error) };
}

/** One message from a peer, parsed, with its own text at hand so that parts of it can be relayed untouched. */
export interface Incoming {
  text: string;
  id?: JsonId | null;
  method?: string;
  params?: JsonObject;
  result?: unknown;
  error?: RpcErrorObject;
}

/**
 * Parses one JSON-RPC message. Throws RpcError (-32700 parse error, -32600 not a message); batches are not messages.
 */
export function readMessage(text: string): Incoming {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RpcError(errorCodes.parseError, `not JSON: ${(error as Error).message}`, { httpStatus: 400 });
  }
  return toIncoming(value, text);
}

/** Takes an already parsed value for a message; `text` is what it was parsed from. Throws RpcError -32600. */
export function toIncoming(value: unknown, text: string): Incoming {
  const invalid = (why: string) =>
    new RpcError(errorCodes.invalidRequest, `not a JSON-RPC 2.0 message: ${why}`, { httpStatus: 400 });
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalid('an object was expected');
  // Whoever writes it again does so recursively.
  if (isTooDeep(text)) throw invalid(`it is nested deeper than ${maxDepth} levels`);
  const message = value as Record<string, unknown>;
  if (message.jsonrpc !== '2.0') throw invalid('"jsonrpc" must be "2.0"');
  const { id, method, params, error } = message;
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number')
    throw invalid('"id" must be a string or a number');
  if (method !== undefined && typeof method !== 'string') throw invalid('"method" must be a string');
  if (params !== undefined && (params === null || typeof params !== 'object' || Array.isArray(params)))
    throw invalid('"params" must be an object');
  if (method === undefined && message.result === undefined && error === undefined)
    throw invalid('one of "method", "result", "error" is needed');
  if (method !== undefined && id === null) throw invalid('"id" of a request must be a string or a number');
  const incoming: Incoming = { text };
  if (id !== undefined) incoming.id = id as JsonId | null;
  if (method !== undefined) incoming.method = method;
  if (params !== undefined) incoming.params = params as JsonObject;
  if (message.result !== undefined) incoming.result = message.result;
  if (error !== undefined) incoming.error = toRpcErrorObject(error);
  return incoming;
}

function toRpcErrorObject(error: unknown): RpcErrorObject {
  if (error !== null && typeof error === 'object') {
    const { code, message, data } = error as Record<string, unknown>;
    return {
      code: typeof code === 'number' ? code : errorCodes.internalError,
      message: typeof message === 'string' ? message : 'the peer sent an error without a message',
      ...(data !== undefined && { data }),
    };
  }
  return { code: errorCodes.internalError, message: String(error) };
}

/** The `result` member of a response exactly as its sender wrote it. */
export function resultText(response: Incoming): string {
  return memberText(response.text, 'result') ?? 'null';
}

export function requestText(id: JsonId, method: string, paramsText: string | undefined): string {
  const params = paramsText === undefined ? '' : `,"params":${paramsText}`;
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)}${params}}`;
}

export function notificationText(method: string, params?: unknown): string {
  const text = params === undefined ? '' : `,"params":${typeof params === 'string' ? params : JSON.stringify(params)}`;
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${text}}`;
}

export function resultResponseText(id: JsonId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

export function errorResponseText(id: JsonId | null, error: RpcErrorObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}
