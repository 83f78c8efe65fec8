/** What went wrong inside, as REST callers see it: every thrown value becomes one RFC 9457 problem. */
import { ConfigError } from '@switchyard/kit/config';
import { didYouMean } from '@switchyard/kit/nearest';
import { badRequest, notFound, Problem, tooManyRequests, toProblem, unavailable } from '@switchyard/kit/problem';
import type { CallResult } from '../call/call.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { AbortedError } from '../upstream/link.ts';
import { objectOf } from '../upstream/peer.ts';

/** The problem of anything thrown below a route. What is not expected becomes a 500 that gives nothing away. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RpcError) return problemOfRpc(error);
  if (error instanceof ConfigError) return badRequest(error.message, { errors: error.issues });
  if (error instanceof AbortedError)
    return new Problem(499, { title: 'Client Closed Request', detail: 'the caller left before the tool answered' });
  return toProblem(error);
}

function problemOfRpc(error: RpcError): Problem {
  const { code, message, httpStatus, challenge } = error;
  if (code === errorCodes.urlElicitationRequired || code === errorCodes.missingClientCapability) {
    return new Problem(422, { detail: `${message}; ${needsMcpClient}`, rpcCode: code, rpcData: error.data });
  }
  const data = objectOf(error.data);
  const retrySeconds = typeof data.retryAfterMs === 'number' ? data.retryAfterMs / 1000 : undefined;
  if (httpStatus === 429) return tooManyRequests(message, retrySeconds ?? 1, { server: data.server });
  if (httpStatus === 503) {
    return unavailable(message, retrySeconds, { server: data.server, state: data.state });
  }
  // An error of our own says its status; one without was sent by the server, and its code is all there is to go by.
  if (httpStatus !== undefined) {
    const headers = challenge === undefined ? {} : { 'www-authenticate': challenge };
    return new Problem(httpStatus, { detail: message, server: data.server, headers });
  }
  return new Problem(code === errorCodes.invalidParams ? 400 : 502, { detail: message, rpcCode: code, rpcData: error.data });
}

const needsMcpClient = 'a caller over REST cannot be asked: call the tool with an MCP client that can answer';

/** 404 with the nearest name. `what` is what was looked for, such as `tool of server "files"`. */
export function unknownName(what: string, name: string, known: Iterable<string>): Problem {
  return notFound(`unknown ${what}: "${name}"${didYouMean(name, known)}`);
}

/** 422: the tool stopped to ask its caller. Names each question, and carries them as they were asked. */
export function inputRequired(server: string, tool: string, result: CallResult): Problem {
  const inputRequests = objectOf(objectOf(JSON.parse(result.text)).inputRequests);
  return inputRequiredBy(server, tool, Object.values(inputRequests).map(wording).join(', '), { inputRequests });
}

/** 422 for a tool whose questions are known as words only. */
export function inputRequiredBy(server: string, tool: string, wanted: string, extra: JsonObject = {}): Problem {
  const what = wanted === '' ? '' : `: ${wanted}`;
  return new Problem(422, {
    detail: `tool "${tool}" of server "${server}" wants input from its caller${what}; ${needsMcpClient}`,
    ...extra,
  });
}

function wording(request: unknown): string {
  const { method, params } = objectOf(request);
  const { message } = objectOf(params);
  return `${String(method)}${typeof message === 'string' ? ` (${JSON.stringify(message)})` : ''}`;
}
