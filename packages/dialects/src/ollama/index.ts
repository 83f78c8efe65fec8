/** Ollama's own API, `/api/chat`. */
import type { Dialect } from '../dialect.ts';
import { parseAnswer, renderAnswer } from './answer.ts';
import { parseError, renderError } from './error.ts';
import { parseRequest } from './request-parse.ts';
import { renderRequest } from './request-render.ts';
import { streamParser } from './stream-parse.ts';
import { streamRenderer } from './stream-render.ts';

export const ollama: Dialect = {
  name: 'ollama',
  framing: 'ndjson',
  parseRequest,
  renderRequest,
  parseAnswer,
  renderAnswer,
  parseError,
  renderError,
  streamParser,
  streamRenderer,
};
