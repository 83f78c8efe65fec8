/** Errors of Gemini: `{"error":{"code","message","status","details"}}`. Source: google.rpc.Status, Gemini API "Troubleshooting". */
import { type ErrorKind, kindOfStatus, type ModelError } from '../model/error.ts';
import { arrayOf, isObject, type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';

/** google.rpc.Code by name. */
const kinds: Readonly<Record<string, ErrorKind>> = {
  INVALID_ARGUMENT: 'invalid-request',
  FAILED_PRECONDITION: 'invalid-request',
  OUT_OF_RANGE: 'invalid-request',
  UNAUTHENTICATED: 'authentication',
  PERMISSION_DENIED: 'permission',
  NOT_FOUND: 'not-found',
  ABORTED: 'server',
  RESOURCE_EXHAUSTED: 'rate-limit',
  CANCELLED: 'timeout',
  INTERNAL: 'server',
  UNKNOWN: 'server',
  DATA_LOSS: 'server',
  UNIMPLEMENTED: 'unsupported',
  UNAVAILABLE: 'overloaded',
  DEADLINE_EXCEEDED: 'timeout',
};

/** Reads the body of an error status. Never throws. A stream that never began answers with an array of one error. */
export function parseError(status: number, body: unknown): ModelError {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (isObject(first) && (isObject(first.error) || typeof first.error === 'string'))
    return { ...parseErrorObject(first, status), status };
  const text = typeof body === 'string' ? body.trim() : '';
  const message = text === '' || text.startsWith('<') ? `Gemini answered with status ${status}` : text.slice(0, 1000);
  return { kind: kindOfStatus(status), message, status };
}

/** Reads an error object: of an error status, or inside a stream. */
export function parseErrorObject(body: JsonObject, status?: number): ModelError {
  const error = objectOf(body.error);
  const message = stringOf(error.message) ?? stringOf(body.error) ?? 'Gemini gave no reason';
  const name = stringOf(error.status);
  const details = arrayOf(error.details).filter(isObject);
  const code = stringOf(details.find((detail) => typeof detail.reason === 'string')?.reason) ?? name;
  const retryAfterMs = retryDelayOf(details);
  return {
    kind: kindOf(name, code, message, details, numberOf(error.code) ?? status),
    message,
    ...(code !== undefined && { code }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function kindOf(
  name: string | undefined,
  code: string | undefined,
  message: string,
  details: JsonObject[],
  status: number | undefined,
): ErrorKind {
  if (code === 'API_KEY_INVALID' || code === 'API_KEY_EXPIRED' || /API key (?:not valid|expired|not found)/i.test(message))
    return 'authentication';
  const kind = (name === undefined ? undefined : kinds[name]) ?? (status === undefined ? 'server' : kindOfStatus(status));
  if (kind === 'invalid-request') {
    if (/token count.*exceeds|exceeds the maximum number of tokens/i.test(message)) return 'context-length';
    if (/enable billing|billing account/i.test(message)) return 'balance';
  }
  // A daily quota comes back at midnight, whatever RetryInfo says: waiting for it is no use.
  if (kind === 'rate-limit' && details.some(isDaily)) return 'balance';
  return kind;
}

function isDaily(detail: JsonObject): boolean {
  return arrayOf(detail.violations).some((violation) => /PerDay/i.test(stringOf(objectOf(violation).quotaId) ?? ''));
}

/** `google.rpc.RetryInfo.retryDelay`: a duration such as `37s` or `0.5s`. */
function retryDelayOf(details: JsonObject[]): number | undefined {
  for (const detail of details) {
    const found = /^(\d+(?:\.\d+)?)s$/.exec(stringOf(detail.retryDelay) ?? '');
    if (found !== null) return Math.ceil(Number(found[1]) * 1000);
  }
  return undefined;
}

/** Gemini has no status for money: 403 is the one its clients do not repeat. */
const rendered: Readonly<Record<ErrorKind, [name: string, status: number]>> = {
  authentication: ['UNAUTHENTICATED', 401],
  permission: ['PERMISSION_DENIED', 403],
  balance: ['PERMISSION_DENIED', 403],
  'rate-limit': ['RESOURCE_EXHAUSTED', 429],
  overloaded: ['UNAVAILABLE', 503],
  'context-length': ['INVALID_ARGUMENT', 400],
  'too-large': ['INVALID_ARGUMENT', 413],
  'content-policy': ['INVALID_ARGUMENT', 400],
  'not-found': ['NOT_FOUND', 404],
  unsupported: ['INVALID_ARGUMENT', 400],
  'invalid-request': ['INVALID_ARGUMENT', 400],
  timeout: ['DEADLINE_EXCEEDED', 504],
  transport: ['UNAVAILABLE', 502],
  malformed: ['INTERNAL', 502],
  cut: ['INTERNAL', 502],
  server: ['INTERNAL', 500],
};

export function renderError(error: ModelError): { status: number; body: JsonObject } {
  const [name, status] = rendered[error.kind];
  const details: JsonObject[] = [];
  if (error.retryAfterMs !== undefined) {
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${error.retryAfterMs / 1000}s` });
  }
  return {
    status,
    body: { error: { code: status, message: error.message, status: name, ...(details.length > 0 && { details }) } },
  };
}
