/** Takes a client's request apart into what belongs to the hop (`_meta` envelope, progress token, rounds) and what goes on. */

import { memberText, rewriteObject } from '@switchyard/kit/json-scan';
import { childTraceparent, parseTraceparent } from '@switchyard/kit/request-id';
import { errorCodes, type Incoming, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { metaKeys } from '../protocol/revision.ts';
import { objectOf } from '../upstream/peer.ts';

export interface CallParams {
  params: string;
  parsedParams: JsonObject;
  meta: JsonObject;
  /** The span that called us, when its context came in a header: what goes on is a child of it. */
  parentSpanId?: string | undefined;
  round?: { requestState?: string | undefined; inputResponses?: JsonObject | undefined } | undefined;
}

const envelopeKeys: ReadonlySet<string> = new Set([
  metaKeys.protocolVersion,
  metaKeys.clientInfo,
  metaKeys.clientCapabilities,
  metaKeys.logLevel,
  metaKeys.progressToken,
]);

/**
 * The call's own params as text, untouched but for the members that are the hop's. `traceparent` is the header of the request:
 * it goes on in `_meta`, where 2026-07-28 keeps it, unless the client put one there itself. Throws RpcError -32602.
 */
export function callParams(message: Incoming, traceparent: unknown): CallParams {
  const parsedParams = message.params ?? {};
  const text = memberText(message.text, 'params') ?? '{}';
  const { requestState, inputResponses, _meta } = parsedParams;
  const meta: JsonObject = {};
  for (const [key, value] of Object.entries(objectOf(_meta))) if (!envelopeKeys.has(key)) meta[key] = value;
  const parent = typeof traceparent === 'string' && meta.traceparent === undefined ? parseTraceparent(traceparent) : undefined;
  if (parent) meta.traceparent = childTraceparent(parent);
  const parentSpanId = parent?.parentId;
  if (requestState === undefined && inputResponses === undefined) {
    return { params: _meta === undefined ? text : rewriteObject(text, { _meta: undefined }), parsedParams, meta, parentSpanId };
  }
  if (requestState !== undefined && typeof requestState !== 'string')
    throw new RpcError(errorCodes.invalidParams, '"requestState" must be a string');
  if (
    inputResponses !== undefined &&
    (inputResponses === null || typeof inputResponses !== 'object' || Array.isArray(inputResponses))
  ) {
    throw new RpcError(errorCodes.invalidParams, '"inputResponses" must be an object');
  }
  return {
    params: rewriteObject(text, { _meta: undefined, requestState: undefined, inputResponses: undefined }),
    parsedParams,
    meta,
    parentSpanId,
    round: { requestState, inputResponses: inputResponses as JsonObject | undefined },
  };
}

/** The client's progress token, if it wants progress. */
export function progressOf(message: Incoming): string | number | undefined {
  const token = objectOf(message.params?._meta).progressToken;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}
