/**
 * What a kind of provider is: where its endpoints lie, how it is paid by key, what it does differently, and how its
 * errors, headers and model lists are read. One file per kind; nothing here does I/O.
 */
import type { DialectName, JsonObject, ModelError } from '@switchyard/dialects';
import type { EmbeddingsFormat } from '@switchyard/dialects/endpoints';
import type { Bill } from './bills.ts';

export const providerTypes = ['venice', 'openrouter', 'anthropic', 'gemini', 'openai', 'ollama', 'openai-compatible'] as const;
export type ProviderType = (typeof providerTypes)[number];

/** Header names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What a provider says of a model. Prices are USD per million tokens; what it does not say is absent. */
export interface ModelInfo {
  id: string;
  name?: string;
  ownedBy?: string;
  createdAtS?: number;
  contextTokens?: number;
  maxOutputTokens?: number;
  capabilities: ModelCapabilities;
  price?: ModelPrice;
  /** Venice: `private` or `anonymized`. */
  privacy?: string;
  traits?: string[];
  /** ISO date after which the provider no longer serves it. */
  retiresAt?: string;
  /** What the provider says to use instead. */
  replacement?: string;
  isEmbedding?: boolean;
}

/** True and false are what the provider says; undefined means that it says nothing. */
export interface ModelCapabilities {
  tools?: boolean;
  images?: boolean;
  reasoning?: boolean;
  jsonSchema?: boolean;
}

export interface ModelPrice {
  inputUsd?: number;
  outputUsd?: number;
  cachedInputUsd?: number;
  cacheWriteUsd?: number;
  /** For what is kept an hour. */
  cacheWrite1hUsd?: number;
  /** USD per thousand searches. */
  webSearchUsd?: number;
}

/** What the headers of an answer tell about the account and its limits. */
export interface AccountReading {
  /** Venice: the balance before this request. */
  balanceDiem?: number;
  balanceUsd?: number;
  requestsRemaining?: number;
  tokensRemaining?: number;
  /** The model that served, where it may differ from the one that was asked (Venice remaps retired ones). */
  servedModel?: string;
  /** A warning about the model's end. */
  deprecation?: string;
}

/** How often a provider may be made to fail before it blocks the key. */
export interface FailureLimit {
  failures: number;
  windowMs: number;
}

export interface ProviderProfile {
  readonly type: ProviderType;
  /** As that provider's own SDK writes it. Undefined: must be configured. */
  readonly defaultBaseUrl?: string;
  /** Environment variables that hold its key, first one wins. */
  readonly keyVariables: readonly string[];
  readonly baseUrlVariable?: string;
  /** Whether it can be used without a key. */
  readonly keyless?: boolean;
  /** Path of each dialect it speaks, below the base URL. The first is the one to translate into. */
  readonly dialects: Readonly<Partial<Record<DialectName, (model: string, stream: boolean) => string>>>;
  readonly preferredDialect: DialectName;
  readonly embeddings?: { format: EmbeddingsFormat; path(model: string, count: number): string };
  /** Whether its chat completions read Anthropic's marks of the prompt cache. */
  readonly readsCacheMarks?: boolean;
  /** Whether its list says of each model what becomes of prompts (`ModelInfo.privacy`). */
  readonly tellsPrivacy?: boolean;
  /** Fields that hold it to keeping nothing of a request, beside what the client asked for under the same names. */
  privateFields?(member: (name: string) => unknown): JsonObject;
  /** Counts tokens of a prompt: dialect → path. */
  readonly countTokens?: Readonly<Partial<Record<DialectName, (model: string) => string>>>;
  authHeaders(key: string): Record<string, string>;
  /** Fixed headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields that a body in this dialect gets unless it has them. */
  defaults?(dialect: DialectName, settings: ProviderQuirks): JsonObject;
  readonly modelsPath: string;
  parseModels(body: JsonObject): ModelInfo[];
  /** What an answer's headers say of the account; undefined when they say nothing. */
  readAccount?(headers: Headers): AccountReading | undefined;
  /** Corrects what the dialect made of an error by what this provider means with it. */
  refineError?(error: ModelError, status: number, headers: Headers, body: JsonObject): ModelError;
  readonly failureLimit?: FailureLimit;
  /** Where it says what a day did cost. */
  readonly bill?: Bill;
}

/** Settings that only some kinds of provider know. */
export interface ProviderQuirks {
  includeVeniceSystemPrompt: boolean;
  contextTokens: number | undefined;
}

/** The first value of a header. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A header's number, if it is one. */
export function numberHeader(headers: Headers, name: string): number | undefined {
  const text = headerOf(headers, name);
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
