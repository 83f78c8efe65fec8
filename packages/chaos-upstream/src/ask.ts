/** What a request asks for and what the fake model answers, in words that no provider uses: the wires translate. */
import type { JsonObject } from '@switchyard/dialects';

export interface AskedTool {
  name: string;
  /** Codex groups tools by namespace (Responses). */
  namespace?: string;
  schema: JsonObject;
  /** Free text in (OpenAI custom tools). */
  isCustom?: boolean;
}

export interface Ask {
  model: string;
  stream: boolean;
  /** All text of the last user message. */
  prompt: string;
  /** Function tools that may be called; empty where the request forbids calls. */
  tools: AskedTool[];
  /** The tool that must be called. */
  forcedTool?: string;
  /** Texts of the tool results that come after the last answer; undefined when there are none. */
  results?: string[];
  /** A schema for the answer; `{}` for any JSON object. */
  schema?: JsonObject;
  images: number;
  reasons: boolean;
  /** The words of thought are kept back (Anthropic `display: "omitted"`). */
  hidesThought?: boolean;
  /** The client marked something for the prompt cache. */
  marksCache?: boolean;
  /** A streamed answer is to carry usage. */
  wantsUsage: boolean;
  maxTokens?: number;
}

export interface Call {
  id: string;
  name: string;
  namespace?: string;
  args: JsonObject;
  isCustom?: boolean;
}

export interface Counts {
  input: number;
  /** Of input: read from and written to the cache. */
  cached: number;
  written: number;
  /** Reasoning included. */
  output: number;
  reasoning: number;
}

export interface Reply {
  /** Unique in this server; wires put their prefix before it. */
  id: string;
  model: string;
  /** Seconds since 1970; the same in every run. */
  created: number;
  thought?: string;
  text: string;
  calls: Call[];
  isCutShort: boolean;
  counts: Counts;
}

/** How a stream carries its usage: as the provider does, in a chunk with an empty choice, or not at all. */
export type UsageForm = 'normal' | 'odd' | 'missing';

/** One provider dialect, as a provider speaks it. */
export interface Wire {
  /** Throws Refusal for what the provider would refuse. */
  read(body: JsonObject, path: { model?: string; stream?: boolean }): Ask;
  whole(reply: Reply, ask: Ask): JsonObject;
  /** The events of the stream as text, the terminal one last. */
  stream(reply: Reply, ask: Ask, usage: UsageForm): string[];
  /** An event that says the stream failed. */
  errorEvent(message: string): string;
  /** What a status 200 holds that is an error all the same. */
  errorInside(message: string): JsonObject;
  errorBody(status: number, message: string): JsonObject;
  contentType: 'text/event-stream' | 'application/x-ndjson';
}

/** What a provider refuses, with its words. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string | undefined;
  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A text in the pieces in which it is streamed: words, with the blank before them. */
export function pieces(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? (text === '' ? [] : [text]);
}
