/**
 * The error bodies that providers were seen or documented to send, as a table for replay, each with what it means.
 * A header `retry-after: date+30` is sent as the HTTP date in 30 seconds.
 */
import type { ErrorKind, JsonObject } from '@switchyard/dialects';

export type Provider = 'openai' | 'venice' | 'openrouter' | 'anthropic' | 'gemini' | 'ollama';

export interface ErrorShape {
  name: string;
  provider: Provider;
  status: number;
  headers: Record<string, string>;
  /** An object is sent as JSON, text as it is. */
  body: JsonObject | string;
  /** What the provider's dialect should make of it. */
  expectedKind: ErrorKind;
}

type Row = [
  name: string,
  provider: Provider,
  status: number,
  kind: ErrorKind,
  body: JsonObject | string,
  headers?: Record<string, string>,
];

const openai = (message: string, type: string, code: string | null, param: string | null = null): JsonObject => ({
  error: { message, type, param, code },
});
const router = (code: number, message: string, error_type: string, more: JsonObject = {}): JsonObject => ({
  error: { code, message, metadata: { error_type, ...more } },
});
const anthropic = (type: string, message: string): JsonObject => ({
  type: 'error',
  error: { type, message },
  request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy',
});
const google = (code: number, status: string, message: string, ...details: JsonObject[]): JsonObject => ({
  error: { code, message, status, ...(details.length > 0 && { details }) },
});
const rpc = (type: string, fields: JsonObject): JsonObject => ({ '@type': `type.googleapis.com/google.rpc.${type}`, ...fields });
const quota = (quotaId: string) =>
  rpc('QuotaFailure', {
    violations: [{ quotaMetric: 'generativelanguage.googleapis.com/generate_requests', quotaId, quotaValue: '20' }],
  });
const badGateway =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n';
const html = { 'content-type': 'text/html', server: 'cloudflare' };

const rows: Row[] = [
  [
    'openai-key',
    'openai',
    401,
    'authentication',
    openai('Incorrect API key provided: sk-***.', 'invalid_request_error', 'invalid_api_key'),
  ],
  [
    'openai-quota',
    'openai',
    429,
    'balance',
    openai(
      'You exceeded your current quota, please check your plan and billing details.',
      'insufficient_quota',
      'insufficient_quota',
    ),
  ],
  [
    'openai-rate',
    'openai',
    429,
    'rate-limit',
    openai('Rate limit reached for gpt-6-sol on tokens per min (TPM). Please try again in 6ms.', 'tokens', 'rate_limit_exceeded'),
    { 'retry-after': '2', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '2s' },
  ],
  [
    'openai-context',
    'openai',
    400,
    'context-length',
    openai(
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
      'invalid_request_error',
      'context_length_exceeded',
      'messages',
    ),
  ],
  [
    'openai-model',
    'openai',
    404,
    'not-found',
    openai('The model `gpt-9` does not exist or you do not have access to it.', 'invalid_request_error', 'model_not_found'),
  ],
  [
    'openai-param',
    'openai',
    400,
    'invalid-request',
    openai("Invalid type for 'temperature'.", 'invalid_request_error', 'invalid_type', 'temperature'),
  ],
  [
    'openai-server',
    'openai',
    500,
    'server',
    openai('The server had an error while processing your request.', 'server_error', null),
  ],
  [
    'openai-overloaded',
    'openai',
    503,
    'overloaded',
    openai('The engine is currently overloaded, please try again later.', 'server_error', null),
    { 'retry-after': '1' },
  ],
  ['venice-key', 'venice', 401, 'authentication', { error: 'Authentication failed' }],
  ['venice-pro', 'venice', 401, 'permission', { error: 'This model is only available to Pro users. PRO_ONLY_MODEL' }],
  [
    'venice-balance',
    'venice',
    402,
    'balance',
    { error: 'Insufficient USD or Diem balance to complete request. Visit https://venice.ai/settings/api to add credits.' },
  ],
  ['venice-spend-diem', 'venice', 402, 'balance', { error: 'API_KEY_DIEM_SPEND_LIMIT_EXCEEDED' }],
  ['venice-spend-usd', 'venice', 402, 'balance', { error: 'API_KEY_USD_SPEND_LIMIT_EXCEEDED' }],
  [
    'venice-validation',
    'venice',
    400,
    'invalid-request',
    {
      error: 'Invalid request parameters',
      details: { _errors: [], temperature: { _errors: ['Number must be less than or equal to 2'] } },
      issues: [{ code: 'too_big', path: ['temperature'], message: 'Number must be less than or equal to 2' }],
    },
  ],
  [
    'venice-tokens',
    'venice',
    400,
    'context-length',
    { error: 'TOO_MANY_TOKENS: the prompt is larger than the context of the model' },
  ],
  [
    'venice-context',
    'venice',
    400,
    'context-length',
    openai('The prompt is too long.', 'invalid_request_error', 'context_length_exceeded'),
  ],
  ['venice-model', 'venice', 404, 'not-found', { error: 'Specified model not found' }],
  ['venice-retired', 'venice', 410, 'not-found', { error: 'The model has been retired' }],
  [
    'venice-policy',
    'venice',
    422,
    'content-policy',
    { error: 'Your prompt violates the content policy of Venice.ai or the model provider', suggested_prompt: 'a landscape' },
  ],
  [
    'venice-rate',
    'venice',
    429,
    'rate-limit',
    { error: 'Rate limit exceeded' },
    {
      'x-ratelimit-limit-requests': '50',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1795000060',
      'x-ratelimit-type': 'api_key',
    },
  ],
  [
    'venice-busy',
    'venice',
    429,
    'overloaded',
    { error: 'The model is currently overloaded. Please try again later. MODEL_OVERLOADED' },
  ],
  ['venice-inference', 'venice', 500, 'server', { error: 'Inference processing failed' }],
  ['venice-capacity', 'venice', 503, 'overloaded', { error: 'The model is at capacity. Please try again later.' }],
  ['venice-timeout', 'venice', 504, 'timeout', { error: 'Request timed out. Consider streaming.' }],
  ['venice-html', 'venice', 502, 'transport', badGateway, html],
  ['openrouter-key', 'openrouter', 401, 'authentication', router(401, 'No auth credentials found', 'authentication')],
  [
    'openrouter-credits',
    'openrouter',
    402,
    'balance',
    router(402, 'Insufficient credits. Add more using https://openrouter.ai/credits', 'payment_required'),
  ],
  [
    'openrouter-moderated',
    'openrouter',
    403,
    'content-policy',
    router(403, 'Input was flagged', 'content_policy_violation', { reasons: ['violence'], flagged_input: '…' }),
  ],
  [
    'openrouter-context',
    'openrouter',
    400,
    'context-length',
    router(400, 'This endpoint’s maximum context length is 131072 tokens.', 'context_length_exceeded', {
      provider_code: 'context_length_exceeded',
    }),
  ],
  ['openrouter-timeout', 'openrouter', 408, 'timeout', router(408, 'Request timed out', 'timeout')],
  [
    'openrouter-rate',
    'openrouter',
    429,
    'rate-limit',
    router(429, 'Rate limit exceeded: free-models-per-min.', 'rate_limit_exceeded'),
    { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795000060000' },
  ],
  [
    'openrouter-rate-after',
    'openrouter',
    429,
    'rate-limit',
    router(429, 'Provider returned error', 'rate_limit_exceeded', { provider_name: 'Chaos', provider_code: 'too_many_requests' }),
    { 'retry-after': '3' },
  ],
  [
    'openrouter-provider',
    'openrouter',
    502,
    'overloaded',
    router(502, 'Provider returned error', 'provider_unavailable', { provider_name: 'Chaos' }),
  ],
  [
    'openrouter-overloaded',
    'openrouter',
    503,
    'overloaded',
    router(503, 'No instances available', 'provider_overloaded'),
    { 'retry-after': 'date+30' },
  ],
  ['anthropic-key', 'anthropic', 401, 'authentication', anthropic('authentication_error', 'invalid x-api-key')],
  [
    'anthropic-invalid',
    'anthropic',
    400,
    'invalid-request',
    anthropic('invalid_request_error', 'messages.1: all messages must have non-empty content'),
  ],
  [
    'anthropic-context',
    'anthropic',
    400,
    'context-length',
    anthropic('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum'),
  ],
  [
    'anthropic-spend',
    'anthropic',
    400,
    'balance',
    anthropic(
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.',
    ),
  ],
  ['anthropic-model', 'anthropic', 404, 'not-found', anthropic('not_found_error', 'model: claude-3-7-sonnet-20250219')],
  ['anthropic-large', 'anthropic', 413, 'too-large', anthropic('request_too_large', 'Request exceeds the maximum size')],
  [
    'anthropic-rate',
    'anthropic',
    429,
    'rate-limit',
    anthropic('rate_limit_error', "This request would exceed your account's rate limit."),
    {
      'retry-after': '17',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-20T12:01:00Z',
    },
  ],
  ['anthropic-server', 'anthropic', 500, 'server', anthropic('api_error', 'Internal server error')],
  ['anthropic-overloaded', 'anthropic', 529, 'overloaded', anthropic('overloaded_error', 'Overloaded')],
  ['anthropic-html', 'anthropic', 502, 'transport', badGateway, html],
  [
    'gemini-key',
    'gemini',
    400,
    'authentication',
    google(
      400,
      'INVALID_ARGUMENT',
      'API key not valid. Please pass a valid API key.',
      rpc('ErrorInfo', { reason: 'API_KEY_INVALID', domain: 'googleapis.com' }),
    ),
  ],
  ['gemini-permission', 'gemini', 403, 'permission', google(403, 'PERMISSION_DENIED', 'Your project has been denied access.')],
  [
    'gemini-context',
    'gemini',
    400,
    'context-length',
    google(400, 'INVALID_ARGUMENT', 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).'),
  ],
  [
    'gemini-signature',
    'gemini',
    400,
    'invalid-request',
    google(400, 'INVALID_ARGUMENT', 'Function call is missing a thought_signature in functionCall parts.'),
  ],
  [
    'gemini-model',
    'gemini',
    404,
    'not-found',
    google(404, 'NOT_FOUND', 'models/gemini-2.0-flash is not found for API version v1beta.'),
  ],
  [
    'gemini-rate',
    'gemini',
    429,
    'rate-limit',
    google(
      429,
      'RESOURCE_EXHAUSTED',
      'You exceeded your current quota. Please retry in 37.5s.',
      quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'),
      rpc('RetryInfo', { retryDelay: '37.5s' }),
    ),
  ],
  [
    'gemini-daily',
    'gemini',
    429,
    'balance',
    google(
      429,
      'RESOURCE_EXHAUSTED',
      'You exceeded your current quota.',
      quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'),
      rpc('RetryInfo', { retryDelay: '50s' }),
    ),
  ],
  [
    'gemini-overloaded',
    'gemini',
    503,
    'overloaded',
    google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
  ],
  [
    'gemini-deadline',
    'gemini',
    504,
    'timeout',
    google(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'),
  ],
  ['ollama-model', 'ollama', 404, 'not-found', { error: "model 'llama9' not found" }],
  ['ollama-tools', 'ollama', 400, 'unsupported', { error: 'registry.ollama.ai/library/gemma:latest does not support tools' }],
  ['ollama-busy', 'ollama', 503, 'overloaded', { error: 'server busy, please try again.  maximum pending requests exceeded' }],
  [
    'ollama-memory',
    'ollama',
    500,
    'overloaded',
    { error: 'model requires more system memory (42.1 GiB) than is available (31.2 GiB)' },
  ],
  ['ollama-runner', 'ollama', 500, 'server', { error: 'llama runner process has terminated: exit status 2' }],
];

export const errorShapes: readonly ErrorShape[] = rows.map(([name, provider, status, expectedKind, body, headers]) => ({
  name,
  provider,
  status,
  headers: headers ?? {},
  body,
  expectedKind,
}));

/** The shape with this name. Throws for one that is not in the table. */
export function errorShape(name: string): ErrorShape {
  const found = errorShapes.find((shape) => shape.name === name);
  if (found === undefined) throw new Error(`there is no error shape "${name}"`);
  return found;
}
