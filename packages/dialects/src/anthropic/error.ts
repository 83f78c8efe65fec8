/** Errors of Anthropic: `{"type":"error","error":{"type","message"},"request_id"}`. Source: Messages API, "Errors". */
import { type ErrorKind, kindOfStatus, type ModelError, statusOfKind } from '../model/error.ts';
import { isObject, type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';

const kinds: Readonly<Record<string, ErrorKind>> = {
  invalid_request_error: 'invalid-request',
  authentication_error: 'authentication',
  billing_error: 'balance',
  permission_error: 'permission',
  not_found_error: 'not-found',
  conflict_error: 'invalid-request',
  request_too_large: 'too-large',
  rate_limit_error: 'rate-limit',
  timeout_error: 'timeout',
  api_error: 'server',
  overloaded_error: 'overloaded',
};

/** Anthropic says these with `invalid_request_error` and words only. */
const byWords: readonly [RegExp, ErrorKind][] = [
  [/prompt is too long|exceeds? (?:the )?(?:model'?s? )?context (?:limit|window)|context window/i, 'context-length'],
  [/credit balance is too low|spend limit|usage limits? (?:reached|exceeded)|reached your specified .*usage limits/i, 'balance'],
  [/content filtering policy|usage policy/i, 'content-policy'],
];

/** Reads the body of an error status. Never throws. */
export function parseError(status: number, body: unknown): ModelError {
  if (isObject(body) && (isObject(body.error) || typeof body.error === 'string'))
    return { ...parseErrorObject(body, status), status };
  const text = typeof body === 'string' ? body.trim() : '';
  // A page of a proxy in between says nothing that is worth more than its status.
  const message = text === '' || text.startsWith('<') ? `Anthropic answered with status ${status}` : text.slice(0, 1000);
  return { kind: kindOfStatus(status), message, status };
}

/** Reads an error object: of an error status, of an `error` event, or inside an answer. */
export function parseErrorObject(body: JsonObject, status?: number): ModelError {
  const error = objectOf(body.error);
  const type = stringOf(error.type);
  const message = stringOf(error.message) ?? stringOf(body.error) ?? 'Anthropic gave no reason';
  const code = stringOf(objectOf(error.details).error_code) ?? type;
  const seconds = numberOf(objectOf(error.details).retry_after);
  return {
    kind: kindOf(type, message, status),
    message,
    ...(code !== undefined && { code }),
    ...(seconds !== undefined && { retryAfterMs: seconds * 1000 }),
  };
}

function kindOf(type: string | undefined, message: string, status: number | undefined): ErrorKind {
  const known = type === undefined ? undefined : kinds[type];
  if (known === 'invalid-request' || known === 'rate-limit' || known === undefined) {
    for (const [words, kind] of byWords) if (words.test(message) && (known !== 'rate-limit' || kind === 'balance')) return kind;
  }
  return known ?? (status === undefined ? 'server' : kindOfStatus(status));
}

/** Words and statuses that Anthropic's SDKs know; 529 is their sign of an overloaded provider. */
const rendered: Readonly<Record<ErrorKind, [type: string, status: number]>> = {
  authentication: ['authentication_error', 401],
  permission: ['permission_error', 403],
  balance: ['billing_error', 402],
  'rate-limit': ['rate_limit_error', 429],
  overloaded: ['overloaded_error', 529],
  'context-length': ['invalid_request_error', 400],
  'too-large': ['request_too_large', 413],
  'content-policy': ['invalid_request_error', 400],
  'not-found': ['not_found_error', 404],
  unsupported: ['invalid_request_error', 400],
  'invalid-request': ['invalid_request_error', 400],
  timeout: ['timeout_error', 504],
  transport: ['api_error', statusOfKind.transport],
  malformed: ['api_error', statusOfKind.malformed],
  cut: ['api_error', statusOfKind.cut],
  server: ['api_error', 500],
};

/** The error for a client of Anthropic, with a status that its SDKs understand. */
export function renderError(error: ModelError): { status: number; body: JsonObject } {
  const [type, status] = rendered[error.kind];
  let message = error.message;
  // Claude Code compacts a conversation when it reads these words.
  if (error.kind === 'context-length' && !/prompt is too long/i.test(message)) message = `prompt is too long: ${message}`;
  const isKept = error.status !== undefined && error.kind === kindOfStatus(error.status) && error.kind !== 'overloaded';
  return { status: isKept ? (error.status as number) : status, body: { type: 'error', error: { type, message } } };
}
