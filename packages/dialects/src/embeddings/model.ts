/** The one model of embeddings. */
import type { Loss } from '../dialect.ts';
import type { JsonObject } from '../model/json.ts';
import type { Bag } from '../model/request.ts';

export type EmbeddingsDialectName = 'openai' | 'gemini' | 'ollama';

export interface EmbeddingsRequest {
  model: string;
  /** Texts, or texts as lists of tokens (which only OpenAI takes). */
  inputs: string[] | number[][];
  /** Length of the vectors that is wanted. */
  dimensions?: number;
  /** How an OpenAI client wants its vectors; its SDK asks for base64. */
  encodingFormat?: 'float' | 'base64';
  userId?: string;
  /** Gemini's `taskType` and `title`, Ollama's `truncate` and `keep_alive`, and what else only one dialect knows. */
  bag?: Omit<Bag, 'dialect'> & { dialect: EmbeddingsDialectName };
}

export interface EmbeddingsAnswer {
  model: string;
  /** In the order of the inputs. */
  vectors: number[][];
  /** Tokens of all inputs, where the provider counts them. */
  inputTokens?: number;
  /** What the provider says it costs (OpenRouter `usage.cost`, Venice `cost.usd`). */
  costUsd?: number;
  costDiem?: number;
}

export interface RenderedEmbeddingsRequest {
  body: JsonObject;
  losses: Loss[];
}
