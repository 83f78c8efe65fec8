/**
 * The one model of a request that all dialects are read into and written from. It holds what at least two dialects can
 * say; everything else of a dialect travels in a bag and returns only to that dialect.
 */
import type { JsonObject } from './json.ts';
import type { Opaque } from './opaque.ts';

/** A wire format of chat-like model calls. */
export type DialectName = 'openai-chat' | 'openai-responses' | 'openai-completions' | 'anthropic' | 'gemini' | 'ollama';

/** What a dialect said that the model has no word for. Written back when the same dialect goes out, left out otherwise. */
export interface Bag {
  dialect: DialectName;
  fields: JsonObject;
}

export interface ModelRequest {
  /** As the client wrote it; the router puts the upstream's own name in its place. */
  model: string;
  stream: boolean;
  /** In order. System messages may stand anywhere; dialects with one place for them hoist and say so as a loss. */
  messages: Message[];
  tools: Tool[];
  toolChoice?: ToolChoice;
  /** False forbids more than one tool call in an answer. */
  parallelToolCalls?: boolean;
  output?: OutputFormat;
  sampling: Sampling;
  reasoning?: Reasoning;
  /** End user, for the provider's abuse detection. */
  userId?: string;
  /** Groups requests that share a prompt prefix (OpenAI `prompt_cache_key`). */
  cacheKey?: string;
  /** Whether a streamed answer is to carry usage where the client's dialect makes that a choice (`stream_options.include_usage`). */
  includeUsage?: boolean;
  bag?: Bag;
}

export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant';
  /** Tool results are parts of user messages; tool calls and reasoning are parts of assistant messages; order is kept. */
  parts: Part[];
  /** Name of the participant (OpenAI `name`). */
  name?: string;
  bag?: Bag;
}

export type Part = TextPart | RefusalPart | ImagePart | FilePart | ReasoningPart | ToolCallPart | ToolResultPart | UnknownPart;

export interface TextPart {
  type: 'text';
  text: string;
  /** A provider's signature on this very text (Gemini puts thought signatures on any part). */
  opaque?: Opaque;
  /** Prompt-cache mark of Anthropic (`cache_control`), understood by OpenRouter's chat as well. */
  cacheControl?: JsonObject;
  bag?: Bag;
}

/** The model declined; OpenAI gives the words a field of their own. */
export interface RefusalPart {
  type: 'refusal';
  text: string;
  bag?: Bag;
}

/** Bytes, an address, or a file that was uploaded to the provider before. */
export type Source =
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'url'; url: string; mediaType?: string }
  | { kind: 'file-id'; fileId: string; mediaType?: string };

export interface ImagePart {
  type: 'image';
  source: Source;
  /** OpenAI's `low | high | auto`. */
  detail?: string;
  opaque?: Opaque;
  cacheControl?: JsonObject;
  bag?: Bag;
}

/** A document, sound or film. */
export interface FilePart {
  type: 'file';
  source: Source;
  name?: string;
  cacheControl?: JsonObject;
  bag?: Bag;
}

export interface ReasoningPart {
  type: 'reasoning';
  /** The thought in words; empty when the provider keeps it to itself. */
  text: string;
  /** The words are a summary that the provider made of the thought (Responses `summary`, Gemini `thought`). */
  isSummary?: boolean;
  /** What the provider wants back unchanged: signature, encrypted content, redacted data, details. */
  opaque?: Opaque[];
  bag?: Bag;
}

export interface ToolCallPart {
  type: 'tool-call';
  /** Joins call and result. Invented where the dialect has none (Gemini, Ollama), and mapped back by name and order. */
  id: string;
  name: string;
  /** Codex groups MCP tools by namespace; see the Responses dialect. */
  namespace?: string;
  /** JSON text exactly as the model wrote it (it may be broken); for a custom tool its free text. */
  arguments: string;
  /** A custom tool of OpenAI: `arguments` is free text, not JSON. */
  isCustom?: boolean;
  opaque?: Opaque;
  cacheControl?: JsonObject;
  bag?: Bag;
}

export interface ToolResultPart {
  type: 'tool-result';
  callId: string;
  /** Name of the tool where it is known: Gemini joins by it. */
  name?: string;
  /** Text, images and files. */
  content: Part[];
  isError?: boolean;
  isCustom?: boolean;
  cacheControl?: JsonObject;
  bag?: Bag;
}

/** A part only its own dialect understands (server tool use, citations documents, …): passed back to that dialect, a loss elsewhere. */
export interface UnknownPart {
  type: 'unknown';
  bag: Bag;
}

export interface Tool {
  name: string;
  namespace?: string;
  description?: string;
  /** JSON Schema of the arguments; absent for a custom or a provider's own tool. */
  parameters?: JsonObject;
  /** Arguments must follow the schema exactly. */
  strict?: boolean;
  /** A custom tool of OpenAI: free text in. */
  isCustom?: boolean;
  /** What the free text of a custom tool must follow: `lark` or `regex`, and its text. */
  grammar?: { syntax: string; definition: string };
  cacheControl?: JsonObject;
  /** A tool that the provider itself runs (web search, …): only its own dialect can offer it. */
  isProviderTool?: boolean;
  bag?: Bag;
}

export type ToolChoice =
  | { type: 'auto' | 'none' | 'required' }
  | { type: 'tool'; name: string; isCustom?: boolean }
  | { type: 'allowed'; names: string[]; mode: 'auto' | 'required' };

export type OutputFormat =
  | { type: 'text' }
  /** Any JSON object. */
  | { type: 'json' }
  | { type: 'json-schema'; name?: string; description?: string; schema: JsonObject; strict?: boolean };

export interface Sampling {
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  stop?: string[];
  seed?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  /** Number of answers wanted (OpenAI `n`, Gemini `candidateCount`). More than one crosses no dialect. */
  candidates?: number;
}

export interface Reasoning {
  /** `none | minimal | low | medium | high | xhigh | max`, or what a provider adds. */
  effort?: string;
  /** Tokens for thought (Anthropic `budget_tokens`, Gemini `thinkingBudget`). 0 = off, -1 = the model decides. */
  budgetTokens?: number;
  /** Whether the client wants to see thoughts, and how (`auto | concise | detailed`). False hides them. */
  summary?: string | false;
}
