/**
 * Errors of OpenAI and of all who imitate it: which of our kinds a body speaks of, and what an OpenAI SDK understands.
 * Shared by the chat, responses, completions and embeddings dialects.
 * Sources: OpenAI error codes guide; OpenRouter `metadata.error_type` (docs 2026-08-22), Venice swagger 20260821.
 */
import { type ErrorKind, kindOfStatus, type ModelError, statusOfKind } from '../model/error.ts';
import { isObject, type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';

const codesOfKind: Partial<Record<ErrorKind, string>> = {
  'context-length': 'context_length_exceeded too_many_tokens',
  balance:
    'insufficient_quota insufficient_balance insufficient_funds payment_required billing_hard_limit_reached billing_not_active ' +
    'api_key_diem_spend_limit_exceeded api_key_usd_spend_limit_exceeded usage_limit_reached',
  'rate-limit': 'rate_limit_exceeded rate_limit_error rate_limited too_many_requests',
  overloaded:
    'model_overloaded model_at_capacity model_offline provider_overloaded provider_unavailable server_is_overloaded slow_down ' +
    'engine_overloaded overloaded overloaded_error service_unavailable',
  'content-policy': 'content_policy_violation content_filter moderation_blocked refusal image_content_policy_violation',
  'not-found': 'model_not_found not_found not_found_error invalid_model',
  authentication: 'invalid_api_key authentication_failed authentication_failed_inactive_key authentication authentication_error',
  permission: 'permission_denied permission_error pro_only_model unsupported_country_region_territory',
  'too-large': 'payload_too_large request_too_large',
  timeout: 'timeout request_timeout timeout_error',
  unsupported: 'unsupported_parameter unsupported_value unsupported_model unsupported_feature',
  transport: 'upstream_unreachable',
  malformed: 'upstream_malformed',
  cut: 'stream_cut',
  server: 'server server_error internal_server_error internal_error inference_failed api_error',
};
const kindOfCode = new Map<string, ErrorKind>();
for (const [kind, codes] of Object.entries(codesOfKind))
  for (const code of codes.split(' ')) kindOfCode.set(code, kind as ErrorKind);

/** What servers without codes write. Only asked when no code decided, and only where the status leaves room for it. */
const kindOfText: [pattern: RegExp, kind: ErrorKind][] = [
  [
    /context[ _](length|window|size)|too many (input )?tokens|(prompt|input)( is| was)? too long|maximum prompt length|longer than the maximum/i,
    'context-length',
  ],
  [
    /insufficient (\w+ ){0,4}(balance|funds|credits?|quota)|spend(ing)? limit|out of credits|more credits|exceeded your current quota/i,
    'balance',
  ],
  [/content[ _](policy|filter)|usage polic|flagged|moderation/i, 'content-policy'],
  [/model\b.{0,100}(does not exist|not found|is not available)|(not a valid|no such|unknown|invalid) model/i, 'not-found'],
  [/(does not|doesn't|not) support|unsupported/i, 'unsupported'],
];

/** Reads the body of an error answer. `status` is undefined for an error inside a stream or a 200 body. */
export function parseError(status: number | undefined, body: unknown): ModelError {
  const { error, message } = errorOfBody(status, body);
  const metadata = objectOf(error.metadata);
  const code = stringOf(metadata.error_type) ?? stringOf(error.code);
  const kind = kindOf(status, error, metadata, message);
  const found: ModelError = { kind, message };
  if (status !== undefined) found.status = status;
  const type = error.type === 'invalid_request_error' ? undefined : stringOf(error.type);
  const word = code ?? upperCaseCode(message) ?? type;
  if (word !== undefined) found.code = word;
  const param = stringOf(error.param);
  if (param !== undefined) found.param = param;
  const wait = kind === 'rate-limit' ? /try again in (\d+(?:\.\d+)?) ?(ms|s|m)\b/i.exec(message) : null;
  if (wait !== null) found.retryAfterMs = Math.ceil(Number(wait[1]) * (wait[2] === 'ms' ? 1 : wait[2] === 's' ? 1000 : 60_000));
  return found;
}

/** The error object inside a body, and a text for people; all shapes of the sheet. */
function errorOfBody(status: number | undefined, body: unknown): { error: JsonObject; message: string } {
  const nameless = status === undefined ? 'the provider reported an error' : `the provider answered with status ${status}`;
  if (!isObject(body)) return { error: {}, message: typeof body === 'string' ? (textOf(body) ?? nameless) : nameless };
  const error = body.error ?? body;
  if (typeof error === 'string') {
    // Venice: `{error, details, issues}`; vLLM and proxies sometimes add `code` or `type` beside the text.
    return { error: { ...body, message: error }, message: withIssues(error, body) || nameless };
  }
  const object = objectOf(error);
  const message = stringOf(object.message) ?? stringOf(object.detail) ?? stringOf(body.message) ?? stringOf(body.detail);
  return { error: object, message: message || nameless };
}

function withIssues(message: string, body: JsonObject): string {
  const issues = Array.isArray(body.issues) ? body.issues.flatMap((issue) => stringOf(objectOf(issue).message) ?? []) : [];
  return issues.length === 0 ? message : `${message}: ${issues.slice(0, 3).join('; ')}`;
}

/** The readable line of an HTML or text body. */
function textOf(body: string): string | undefined {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(body.slice(0, 20_000));
  const text = (title?.[1] ?? body.slice(0, 20_000).replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim();
  return text === '' ? undefined : text.slice(0, 300);
}

/** Venice writes its code into the text of a string error. */
function upperCaseCode(message: string): string | undefined {
  return /\b[A-Z]{3,}(?:_[A-Z]+)+\b/.exec(message)?.[0];
}

function kindOf(status: number | undefined, error: JsonObject, metadata: JsonObject, message: string): ErrorKind {
  // OpenRouter: a 402 for money that other requests hold passes by itself; a 403 for the limit of a key is about money.
  if (metadata.limit_source === 'openrouter_in_flight_budget') return 'rate-limit';
  if (metadata.limit_source === 'openrouter_key_limit') return 'balance';
  const words = [metadata.error_type, error.code, upperCaseCode(message)];
  const kinds = words.map((word) => (typeof word === 'string' ? kindOfCode.get(word.toLowerCase()) : undefined));
  // That the server failed is what every 5xx says: which of them it is says more.
  const told = kinds.find((kind) => kind !== undefined && (kind !== 'server' || status === undefined || status < 500));
  if (told !== undefined) return told;
  const statusInside = numberOf(error.code) ?? numberOf(Number(stringOf(error.code) || Number.NaN));
  const effective =
    status ?? (statusInside !== undefined && statusInside >= 400 && statusInside < 600 ? statusInside : undefined);
  if (effective === undefined || [400, 402, 403, 404, 413, 422, 429].includes(effective)) {
    for (const [pattern, kind] of kindOfText) if (pattern.test(message)) return kind;
  }
  const kindOfType = kindOfCode.get(stringOf(error.type) ?? '');
  if (kindOfType !== undefined && (kindOfType !== 'server' || effective === undefined || effective < 500)) return kindOfType;
  if (effective !== undefined) return kindOfStatus(effective);
  return error.type === 'invalid_request_error' || error.code === 'invalid_request' ? 'invalid-request' : 'server';
}

const rendered: Readonly<Record<ErrorKind, [type: string, code: string | null]>> = {
  authentication: ['invalid_request_error', 'invalid_api_key'],
  permission: ['permission_error', 'permission_denied'],
  balance: ['insufficient_quota', 'insufficient_quota'],
  'rate-limit': ['rate_limit_error', 'rate_limit_exceeded'],
  overloaded: ['server_error', 'server_is_overloaded'],
  'context-length': ['invalid_request_error', 'context_length_exceeded'],
  'too-large': ['invalid_request_error', 'request_too_large'],
  'content-policy': ['invalid_request_error', 'content_policy_violation'],
  'not-found': ['invalid_request_error', 'model_not_found'],
  unsupported: ['invalid_request_error', 'unsupported_value'],
  'invalid-request': ['invalid_request_error', null],
  timeout: ['server_error', 'timeout'],
  transport: ['server_error', 'upstream_unreachable'],
  malformed: ['server_error', 'upstream_malformed'],
  cut: ['server_error', 'stream_cut'],
  server: ['server_error', 'server_error'],
};

/** The error object that OpenAI's SDKs read: `{message, type, param, code}`. */
export function errorObject(error: ModelError): JsonObject {
  const [type, code] = rendered[error.kind];
  const ownCode = error.kind === 'invalid-request' ? (error.code ?? null) : null;
  return { message: error.message, type, param: error.param ?? null, code: code ?? ownCode };
}

/** Status and body of an error answer. The status follows the kind, because SDKs decide on it whether to try again. */
export function renderError(error: ModelError): { status: number; body: JsonObject } {
  return { status: statusOfKind[error.kind], body: { error: errorObject(error) } };
}
