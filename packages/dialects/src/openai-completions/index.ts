/** OpenAI's legacy completions: a prompt in, its continuation out. */
import type { Dialect } from '../dialect.ts';
import { parseError, renderError } from '../openai-chat/error.ts';
import { parseAnswer, renderAnswer } from './answer.ts';
import { parseRequest, renderRequest } from './request.ts';
import { streamParser, streamRenderer } from './stream.ts';

export const openaiCompletions: Dialect = {
  name: 'openai-completions',
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
