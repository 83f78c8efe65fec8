/** Which protocol a request speaks: by how its path ends, whatever stands before; `GET …/models` is three, told apart by headers. */
import { isObject, type JsonObject, objectOf } from '@switchyard/dialects';
import type { Refusal, Wire } from './ask.ts';
import type { Provider } from './error-shapes.ts';
import { anthropicWire } from './wires/anthropic.ts';
import { type ChatFlavour, chatWire } from './wires/chat.ts';
import { completionsWire } from './wires/completions.ts';
import { geminiWire } from './wires/gemini.ts';
import { ollamaWire } from './wires/ollama.ts';
import * as plain from './wires/plain.ts';
import { responses } from './wires/responses.ts';

export interface Incoming {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  models: readonly string[];
  flavour: ChatFlavour;
}

/** A route that makes an answer of the model, or one with a body that follows from the request. */
export type Route =
  | { provider: Provider; wire: Wire; model?: string; stream?: boolean }
  | { provider: Provider; plain: (body: JsonObject) => JsonObject };

/** `/venice/api/v1/…`, `/openrouter/api/v1/…`, `/openai/v1/…`; `/api/v1/…` alone is OpenRouter, else the server's default. */
export function flavourOf(path: string, fallback: ChatFlavour): ChatFlavour {
  if (path.includes('/venice/')) return 'venice';
  if (path.includes('/openrouter/')) return 'openrouter';
  if (path.includes('/openai/')) return 'openai';
  return path.startsWith('/api/v1/') && fallback === 'openai' ? 'openrouter' : fallback;
}

/** Undefined for a path that nobody serves. */
export function routeOf(incoming: Incoming): Route | undefined {
  const { path, method, flavour, models } = incoming;
  const gemini = /\/models\/([^/]+(?:\/[^/]+)*):(\w+)$/.exec(path);
  if (gemini !== null) return geminiRoute(decodeURIComponent(gemini[1] as string), gemini[2] as string, incoming);
  if (method === 'GET' && path.endsWith('/models')) return modelsRoute(incoming);
  if (path.endsWith('/chat/completions')) return { provider: flavour, wire: chatWire(flavour) };
  if (path.endsWith('/completions')) return { provider: flavour, wire: completionsWire(flavour) };
  if (path.endsWith('/responses')) return { provider: flavour, wire: responses };
  if (path.endsWith('/embeddings')) return { provider: flavour, plain: (body) => plain.openaiEmbeddings(body, flavour) };
  if (path.endsWith('/messages')) return { provider: 'anthropic', wire: anthropicWire };
  if (path.endsWith('/messages/count_tokens')) return { provider: 'anthropic', plain: plain.anthropicCount };
  if (path.endsWith('/api/chat')) return { provider: 'ollama', wire: ollamaWire };
  if (path.endsWith('/api/embed')) return { provider: 'ollama', plain: plain.ollamaEmbeddings };
  if (path.endsWith('/api/tags')) return { provider: 'ollama', plain: () => plain.ollamaTags(models) };
  if (path.endsWith('/api/show')) return { provider: 'ollama', plain: (body) => plain.ollamaShow(body, models) };
  if (path.endsWith('/api/version')) return { provider: 'ollama', plain: () => ({ version: '0.12.0' }) };
  return undefined;
}

function modelsRoute({ path, headers, models, flavour }: Incoming): Route {
  if (headers['anthropic-version'] !== undefined) return { provider: 'anthropic', plain: () => plain.anthropicModels(models) };
  const isGemini =
    path.includes('/v1beta/') || headers['x-goog-api-key'] !== undefined || headers['x-goog-api-client'] !== undefined;
  if (isGemini) return { provider: 'gemini', plain: () => plain.geminiModels(models) };
  return { provider: flavour, plain: () => plain.openaiModels(models, flavour) };
}

function geminiRoute(model: string, action: string, { query }: Incoming): Route | undefined {
  const provider = 'gemini';
  if (action === 'generateContent') return { provider, wire: geminiWire(false), model, stream: false };
  if (action === 'streamGenerateContent') return { provider, wire: geminiWire(query.get('alt') !== 'sse'), model, stream: true };
  if (action === 'countTokens') return { provider, plain: plain.geminiCount };
  if (action === 'embedContent') return { provider, plain: plain.geminiEmbedding };
  if (action === 'batchEmbedContents') return { provider, plain: plain.geminiEmbeddings };
  return undefined;
}

/** The body of an error in the provider's own form. */
export function errorBodyFor(provider: Provider, status: number, message: string): JsonObject {
  if (provider === 'anthropic') return anthropicWire.errorBody(status, message);
  if (provider === 'gemini') return geminiWire(false).errorBody(status, message);
  if (provider === 'ollama') return ollamaWire.errorBody(status, message);
  return chatWire(provider).errorBody(status, message);
}

/** The body of a refusal; OpenAI's have a code. */
export function refusalBody(provider: Provider, refusal: Refusal): JsonObject {
  const body = errorBodyFor(provider, refusal.status, refusal.message);
  if (refusal.code !== undefined && isObject(body.error)) body.error = { ...objectOf(body.error), code: refusal.code };
  return body;
}
