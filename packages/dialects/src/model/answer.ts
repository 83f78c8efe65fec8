/** The one model of an answer: whole, or as a stream of events. */
import type { ModelError } from './error.ts';
import type { Opaque } from './opaque.ts';
import type { Bag, Part } from './request.ts';

/** Tokens and money of one call. Counts are those of the provider; nothing here is estimated. */
export interface Usage {
  /** All tokens of the prompt, cached and cache-written ones included (Anthropic counts them apart: its dialect adds them up). */
  inputTokens?: number;
  /** Of `inputTokens`: read from the prompt cache. */
  cachedInputTokens?: number;
  /** Of `inputTokens`: written to the prompt cache. */
  cacheWriteTokens?: number;
  /** Of `cacheWriteTokens`, by how long they are kept (Anthropic `cache_creation`). */
  cacheWrite5mTokens?: number;
  cacheWrite1hTokens?: number;
  /** All tokens that were made, reasoning included (Gemini counts thoughts apart: its dialect adds them up). */
  outputTokens?: number;
  /** Of `outputTokens`: thoughts. */
  reasoningTokens?: number;
  /** As the provider sums them, where it does. */
  totalTokens?: number;
  /** What the provider says it costs: OpenRouter `usage.cost`, Venice `cost.usd`. */
  costUsd?: number;
  /** Venice `cost.diem`. */
  costDiem?: number;
  /** OpenRouter with the owner's own key of a provider: that provider bills apart, and `costUsd` is OpenRouter's fee alone. */
  isByok?: boolean;
  /** What that provider bills, where it is told: `cost_details.upstream_inference_cost`. */
  byokUsd?: number;
  /** Searches of the web that the provider ran for this answer: paid apart from tokens. */
  webSearches?: number;
  /** Calls of the provider's other tools that are paid apart and have no price of ours. */
  otherToolCalls?: number;
  /** Counters the model has no word for (audio tokens, server tools, service tier). */
  bag?: Bag;
}

/**
 * Why the model ended: `stop` its own end or a stop sequence, `length` the limit of the answer, `context` the limit of the
 * context window, `tool-calls` it waits for results, `content-filter`, `refusal`, `pause` a long turn to be continued
 * (Anthropic `pause_turn`), `other` (see `raw`).
 */
export type StopReason = 'stop' | 'length' | 'context' | 'tool-calls' | 'content-filter' | 'refusal' | 'pause' | 'other';

export interface Stop {
  reason: StopReason;
  /** In the upstream's own word. */
  raw?: string;
  /** The stop sequence that was met. */
  sequence?: string;
}

export interface ModelAnswer {
  /** The upstream's id of the answer. */
  id: string;
  /** The model that answered, in the upstream's word. */
  model: string;
  /** Milliseconds since 1970; undefined where the dialect does not say. */
  createdAtMs?: number;
  parts: Part[];
  stop: Stop;
  usage?: Usage;
  bag?: Bag;
}

/**
 * An answer as it comes. Deltas of one kind that follow each other belong to one block; `reasoning-end`, `tool-start` or another
 * kind of delta ends it. Exactly one of `end` and `error` is last.
 */
export type ModelEvent =
  | { type: 'start'; id: string; model: string; createdAtMs?: number; usage?: Usage; bag?: Bag }
  | { type: 'text'; text: string; opaque?: Opaque }
  | { type: 'refusal'; text: string }
  | { type: 'reasoning'; text: string; isSummary?: boolean }
  /** The block of thought is over; also comes alone, for a thought without words. */
  | { type: 'reasoning-end'; opaque?: Opaque[] }
  /** `index` counts the tool calls of this answer from 0; calls may interleave. */
  | { type: 'tool-start'; index: number; id: string; name: string; namespace?: string; isCustom?: boolean; opaque?: Opaque }
  | { type: 'tool-arguments'; index: number; text: string }
  | { type: 'tool-end'; index: number; opaque?: Opaque }
  /** An image or file the model made, whole. */
  | { type: 'part'; part: Part }
  /** Cumulative: the last one counts; fields that it leaves out stay as they were. */
  | { type: 'usage'; usage: Usage }
  | { type: 'stop'; stop: Stop }
  /** A sign of life without content (comment lines, pings). */
  | { type: 'ping' }
  /** Something only the upstream's own dialect has a place for (citations, annotations, log probabilities). */
  | { type: 'extra'; bag: Bag }
  | { type: 'error'; error: ModelError }
  /** The upstream ended the stream as its dialect ends one. A stream that stops without it was cut. */
  | { type: 'end' };
