/** Streams of the legacy completions: `text_completion` chunks up to `data: [DONE]`. */
import type { ParseAnswerOptions, RenderAnswerOptions, StreamParser, StreamRenderer } from '../dialect.ts';
import type { ModelEvent, Stop, Usage } from '../model/answer.ts';
import type { ModelError } from '../model/error.ts';
import { arrayOf, isObject, type JsonObject, numberOf, objectOf, parseObject, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import { parseFinish } from '../openai-chat/answer.ts';
import { errorObject, parseError } from '../openai-chat/error.ts';
import { parseUsage, renderUsage } from '../openai-chat/usage.ts';
import { formatSseComment, SseParser } from '../sse.ts';
import { finishOf } from './answer.ts';
import { dialect } from './request.ts';

/** Reads a stream; only `[DONE]` ends it. */
export function streamParser(emit: (event: ModelEvent) => void, options: ParseAnswerOptions = {}): StreamParser {
  let isDone = false;
  let isStarted = false;
  let stop: Stop | undefined;
  const finish = (event: ModelEvent) => {
    if (isDone) return;
    isDone = true;
    emit(event);
  };
  const fail = (error: ModelError) => finish({ type: 'error', error });

  const onChunk = (chunk: JsonObject) => {
    if (chunk.error) return fail(parseError(undefined, chunk));
    if (!isStarted) {
      isStarted = true;
      const created = numberOf(chunk.created);
      emit({
        type: 'start',
        id: stringOf(chunk.id) || (options.newId ?? randomId)('cmpl-'),
        model: stringOf(chunk.model) ?? '',
        ...(created !== undefined && { createdAtMs: created * 1000 }),
      });
    }
    const choice = objectOf(arrayOf(chunk.choices)[0]);
    if (typeof choice.text === 'string' && choice.text !== '') emit({ type: 'text', text: choice.text });
    if (isObject(choice.logprobs)) emit({ type: 'extra', bag: { dialect, fields: { logprobs: choice.logprobs } } });
    if (typeof choice.finish_reason === 'string') stop ??= parseFinish(choice.finish_reason, false, false);
    const usage = parseUsage(chunk);
    if (usage !== undefined) emit({ type: 'usage', usage });
  };

  const sse = new SseParser({
    onEvent: ({ data }) => {
      if (isDone) return;
      if (data === '[DONE]') {
        if (stop !== undefined) emit({ type: 'stop', stop });
        return finish({ type: 'end' });
      }
      const chunk = parseObject(data);
      if (chunk === undefined)
        fail({ kind: 'malformed', message: `the provider sent a chunk that is no JSON: ${data.slice(0, 100)}` });
      else onChunk(chunk);
    },
    onComment: () => {
      if (!isDone) emit({ type: 'ping' });
    },
  });
  return {
    feed: (text) => {
      if (isDone) return;
      try {
        sse.feed(text);
      } catch (error) {
        fail({ kind: 'malformed', message: error instanceof Error ? error.message : String(error) });
      }
    },
    end: () => fail({ kind: 'cut', message: 'the stream of the provider stopped before its end' }),
  };
}

/** Writes a stream; after an error there is no `[DONE]`. */
export function streamRenderer(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer {
  let isDone = false;
  let head: JsonObject | undefined;
  let stop: Stop = { reason: 'stop' };
  let usage: Usage | undefined;
  const begin = (id: string, model: string, createdAtMs: number) => {
    head ??= { id, object: 'text_completion', created: Math.floor(createdAtMs / 1000), model };
    return head;
  };
  const chunk = (fields: JsonObject) => {
    const start = head ?? begin((options.newId ?? randomId)('cmpl-'), options.request.model, options.nowMs);
    write(`data: ${JSON.stringify({ ...start, ...fields })}\n\n`);
  };
  const text = (text: string, finish: string | null, more: JsonObject = {}) =>
    chunk({ choices: [{ text, index: 0, logprobs: null, finish_reason: finish, ...more }] });

  const push = (event: ModelEvent) => {
    if (event.type === 'start') {
      begin(event.id, event.model, event.createdAtMs ?? options.nowMs);
      usage = event.usage;
    } else if (event.type === 'text' || event.type === 'refusal') {
      if (event.text !== '') text(event.text, null);
    } else if (event.type === 'usage') usage = { ...usage, ...event.usage };
    else if (event.type === 'stop') stop = event.stop;
    else if (event.type === 'ping') write(formatSseComment(' ping'));
    else if (event.type === 'extra' && event.bag.dialect === dialect) text('', null, event.bag.fields);
    else if (event.type === 'error') {
      isDone = true;
      chunk({ error: errorObject(event.error), choices: [{ text: '', index: 0, logprobs: null, finish_reason: 'error' }] });
    } else if (event.type === 'end') {
      isDone = true;
      text('', finishOf(stop.reason));
      if (options.request.includeUsage && usage !== undefined) chunk({ choices: [], ...renderUsage(usage) });
      write('data: [DONE]\n\n');
    }
  };
  return {
    push: (event) => {
      if (!isDone) push(event);
    },
  };
}
