/**
 * Finds out, once per POST, which era a message belongs to and whether its headers agree with it
 * (2026-07-28, Streamable HTTP › Request Metadata, Server Validation; Versioning). The body decides, headers are checked
 * against it. Pure: headers and parsed body in, decision out.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { ClientFacts } from '../call/call.ts';
import { errorCodes, type Incoming, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { decodeHeaderValue } from '../protocol/header-value.ts';
import { eraOfRevision, isLogLevel, legacyRevisions, metaKeys, modernRevisions, nameSource } from '../protocol/revision.ts';

export type Classified = { era: 'legacy' } | { era: 'modern'; client: ClientFacts };

/** Throws RpcError with the HTTP status to use when the message fits neither era. */
export function classify(message: Incoming, headers: IncomingHttpHeaders): Classified {
  const headerVersion = headers['mcp-protocol-version'];
  const version = typeof headerVersion === 'string' ? headerVersion : undefined;
  const headerIsModern = version !== undefined && eraOfRevision(version) === 'modern';
  const meta = message.params?._meta as JsonObject | undefined;
  const claim = meta !== null && typeof meta === 'object' ? meta[metaKeys.protocolVersion] : undefined;

  if (message.method === undefined) {
    if (headerIsModern) throw bad(errorCodes.invalidRequest, 'clients of 2026-07-28 do not send responses');
    return { era: 'legacy' };
  }
  if (claim === undefined) {
    if (!headerIsModern) {
      if (version !== undefined && !(legacyRevisions as readonly string[]).includes(version)) throw unsupported(version);
      return { era: 'legacy' };
    }
    if (message.method === 'initialize') {
      throw bad(
        errorCodes.headerMismatch,
        `the MCP-Protocol-Version header names ${version}, but initialize belongs to revisions before 2026-07-28`,
      );
    }
    // Notifications carry no envelope of their own: the header decides.
    if (message.id === undefined) return { era: 'modern', client: { protocolVersion: version, info: {}, capabilities: {} } };
    throw bad(
      errorCodes.invalidParams,
      `params._meta must hold ${metaKeys.protocolVersion} and ${metaKeys.clientCapabilities} in revision ${version}`,
    );
  }
  if (typeof claim !== 'string')
    throw bad(errorCodes.invalidParams, `params._meta["${metaKeys.protocolVersion}"] must be a string`);
  if (message.id !== undefined) checkHeaders(message, claim, version, headers);
  if (!(modernRevisions as readonly string[]).includes(claim)) throw unsupported(claim);
  return { era: 'modern', client: clientOf(claim, meta as JsonObject) };
}

function clientOf(protocolVersion: string, meta: JsonObject): ClientFacts {
  const capabilities = meta[metaKeys.clientCapabilities];
  if (!isObject(capabilities))
    throw bad(errorCodes.invalidParams, `params._meta["${metaKeys.clientCapabilities}"] is required and must be an object`);
  const info = meta[metaKeys.clientInfo];
  if (info !== undefined && !isObject(info))
    throw bad(errorCodes.invalidParams, `params._meta["${metaKeys.clientInfo}"] must be an object`);
  const logLevel = meta[metaKeys.logLevel];
  if (logLevel !== undefined && !isLogLevel(logLevel))
    throw bad(errorCodes.invalidParams, `params._meta["${metaKeys.logLevel}"] is not a log level`);
  return { protocolVersion, info: info ?? {}, capabilities, logLevel };
}

function checkHeaders(message: Incoming, claim: string, version: string | undefined, headers: IncomingHttpHeaders): void {
  if (version === undefined) throw mismatch('the MCP-Protocol-Version header is missing');
  if (version !== claim) throw mismatch(`the MCP-Protocol-Version header says ${version}, params._meta says ${claim}`);
  const method = headers['mcp-method'];
  if (typeof method !== 'string') throw mismatch('the Mcp-Method header is missing');
  if (method.trim() !== message.method) throw mismatch(`the Mcp-Method header says ${method}, the body says ${message.method}`);
  const source = Object.hasOwn(nameSource, message.method) ? nameSource[message.method] : undefined;
  if (source === undefined) return;
  const wanted = message.params?.[source];
  const given = headers['mcp-name'];
  if (given === undefined) {
    if (typeof wanted === 'string')
      throw mismatch(`the Mcp-Name header is missing; params.${source} is ${JSON.stringify(wanted)}`);
    return;
  }
  const decoded = typeof given === 'string' ? decodeHeaderValue(given) : undefined;
  if (decoded === undefined) throw mismatch('the Mcp-Name header is not validly encoded');
  if (typeof wanted === 'string' && decoded !== wanted)
    throw mismatch(`the Mcp-Name header says ${JSON.stringify(decoded)}, params.${source} is ${JSON.stringify(wanted)}`);
}

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function bad(code: number, message: string): RpcError {
  return new RpcError(code, message, { httpStatus: 400 });
}

function mismatch(message: string): RpcError {
  return bad(errorCodes.headerMismatch, `Header mismatch: ${message}`);
}

function unsupported(requested: string): RpcError {
  const supported = [...modernRevisions, ...legacyRevisions];
  return new RpcError(
    errorCodes.unsupportedProtocolVersion,
    `MCP revision ${requested} is not supported; supported: ${supported.join(', ')}`,
    {
      httpStatus: 400,
      data: { supported: [...modernRevisions], requested },
    },
  );
}
