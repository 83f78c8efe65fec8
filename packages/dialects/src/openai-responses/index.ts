/** OpenAI Responses: as Codex speaks it, without state on our side. */
import type { Dialect } from '../dialect.ts';
import { parseError, renderError } from '../openai-chat/error.ts';
import { parseAnswer, renderAnswer } from './answer.ts';
import { parseRequest } from './request-parse.ts';
import { renderRequest } from './request-render.ts';
import { streamParser } from './stream-parse.ts';
import { streamRenderer } from './stream-render.ts';

export const openaiResponses: Dialect = {
  name: 'openai-responses',
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
