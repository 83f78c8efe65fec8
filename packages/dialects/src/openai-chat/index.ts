/** OpenAI Chat Completions, and the extensions of OpenRouter, Venice, DeepSeek, vLLM and Google's compatible endpoint. */
import type { Dialect } from '../dialect.ts';
import { parseAnswer, renderAnswer } from './answer.ts';
import { parseError, renderError } from './error.ts';
import { parseRequest } from './request-parse.ts';
import { renderRequest } from './request-render.ts';
import { streamParser } from './stream-parse.ts';
import { streamRenderer } from './stream-render.ts';

export type { ChatStreamOptions } from './stream-parse.ts';
export { streamParser as chatStreamParser } from './stream-parse.ts';

export const openaiChat: Dialect = {
  name: 'openai-chat',
  framing: 'sse',
  parseRequest,
  renderRequest,
  parseAnswer,
  renderAnswer,
  parseError,
  renderError,
  streamParser,
  streamRenderer,
};
