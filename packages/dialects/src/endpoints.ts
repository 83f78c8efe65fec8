/** Which path is which operation in which dialect. Pure. */
import type { DialectName } from './model/request.ts';

/** A family of embeddings wire formats. */
export type EmbeddingsFormat = 'openai' | 'gemini' | 'ollama';

export type Endpoint =
  | { operation: 'chat'; dialect: DialectName; model?: string; stream?: boolean; asArray?: boolean }
  | { operation: 'embeddings'; format: EmbeddingsFormat; model?: string; isBatch?: boolean }
  | { operation: 'count-tokens'; dialect: 'anthropic' | 'gemini'; model?: string }
  | { operation: 'models'; model?: string };

const fixed: Readonly<Record<string, Endpoint>> = {
  '/v1/chat/completions': { operation: 'chat', dialect: 'openai-chat' },
  '/v1/completions': { operation: 'chat', dialect: 'openai-completions' },
  '/v1/responses': { operation: 'chat', dialect: 'openai-responses' },
  '/v1/messages': { operation: 'chat', dialect: 'anthropic' },
  '/v1/messages/count_tokens': { operation: 'count-tokens', dialect: 'anthropic' },
  '/v1/embeddings': { operation: 'embeddings', format: 'openai' },
};

/** Gemini's SDK 3 says /v1, older ones and the documents /v1beta; the model may hold slashes, also as %2F. */
const geminiPath =
  /^\/v1(?:beta|alpha)?\/models\/(.+):(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)$/;
const modelPath = /^\/v1(?:beta|alpha)?\/models(?:\/(.+))?$/;

/** What a POST to this path asks for; `query` is what follows the question mark. */
export function postEndpoint(path: string, query: string): Endpoint | undefined {
  const known = fixed[path];
  if (known) return known;
  const match = geminiPath.exec(path);
  if (!match) return undefined;
  const model = decoded(match[1] as string);
  switch (match[2]) {
    case 'generateContent':
      return { operation: 'chat', dialect: 'gemini', model, stream: false };
    case 'streamGenerateContent':
      // Without alt=sse Gemini streams the elements of one JSON array.
      return {
        operation: 'chat',
        dialect: 'gemini',
        model,
        stream: true,
        asArray: new URLSearchParams(query).get('alt') !== 'sse',
      };
    case 'countTokens':
      return { operation: 'count-tokens', dialect: 'gemini', model };
    default:
      return { operation: 'embeddings', format: 'gemini', model, isBatch: match[2] === 'batchEmbedContents' };
  }
}

/** What a GET of this path asks for. */
export function getEndpoint(path: string): Endpoint | undefined {
  const match = modelPath.exec(path);
  return match ? { operation: 'models', ...(match[1] !== undefined && { model: decoded(match[1]) }) } : undefined;
}

/**
 * Whether this asks for a WebSocket at the path of Responses, as Codex's own provider does first. Answered 426 it turns to HTTP at once,
 * answered anything else it tries six times more, for seven seconds (0.169.0).
 */
export function asksForWebSocket(path: string, headers: Readonly<Record<string, unknown>>): boolean {
  return path === '/v1/responses' && /^websocket$/i.test(String(headers.upgrade ?? ''));
}

/** The paths that take a POST, for messages. */
export const postPaths: readonly string[] = Object.keys(fixed);

/** Whether a request speaks like a client of Anthropic or Gemini: the list of models has one path for three protocols. */
export function clientProtocol(headers: Readonly<Record<string, unknown>>, path: string): 'openai' | 'anthropic' | 'gemini' {
  if (headers['anthropic-version'] !== undefined) return 'anthropic';
  if (headers['x-goog-api-key'] !== undefined || headers['x-goog-api-client'] !== undefined) return 'gemini';
  return path.startsWith('/v1beta/') || path.startsWith('/v1alpha/') ? 'gemini' : 'openai';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
