/** Reads a stream of `/api/chat`: lines of JSON; `done: true` is the end, `{"error"}` an end of the other kind. */
import type { ParseAnswerOptions, StreamParser } from '../dialect.ts';
import type { ModelEvent } from '../model/answer.ts';
import type { ModelError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, parseObject, stringOf } from '../model/json.ts';
import { NdjsonSplitter } from '../ndjson.ts';
import { answerFields, namesFor } from './answer.ts';
import { parseErrorObject } from './error.ts';
import { type CallNames, parseCall } from './message-parse.ts';
import { parseStop, parseUsage } from './usage.ts';

/** Never throws: what cannot be read becomes an error event, after which the parser is silent. */
export function streamParser(emit: (event: ModelEvent) => void, options: ParseAnswerOptions = {}): StreamParser {
  const reader = new LineReader(emit, namesFor(options));
  const lines = new NdjsonSplitter({ onLine: (line) => reader.read(line) });
  const guarded = (step: () => void): void => {
    if (reader.isOver) return;
    try {
      step();
    } catch (error) {
      reader.fail({ kind: 'malformed', message: (error as Error).message });
    }
  };
  return {
    feed: (text) => guarded(() => lines.feed(text)),
    end() {
      // The last line needs no line end; one that is no JSON is the piece of a line at which the stream was cut.
      reader.isLast = true;
      guarded(() => lines.end());
      reader.fail({ kind: 'cut', message: 'the stream of Ollama stopped before a line that is done' });
    },
  };
}

class LineReader {
  isOver = false;
  isLast = false;
  readonly #emit: (event: ModelEvent) => void;
  readonly #names: CallNames;
  #isStarted = false;
  #calls = 0;

  constructor(emit: (event: ModelEvent) => void, names: CallNames) {
    this.#emit = emit;
    this.#names = names;
  }

  fail(error: ModelError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#emit({ type: 'error', error });
  }

  read(text: string): void {
    if (this.isOver) return;
    const line = parseObject(text);
    if (line === undefined) {
      if (this.isLast) return;
      return this.fail({ kind: 'malformed', message: `the stream of Ollama holds what is no JSON: ${text.slice(0, 200)}` });
    }
    if (line.error !== undefined) return this.fail(parseErrorObject(line));
    if (!this.#isStarted) this.#start(line);
    if (isObject(line.message)) this.#message(line.message);
    const beside = fieldsBeside(line, answerFields);
    if (beside !== undefined) this.#emit({ type: 'extra', bag: { dialect: 'ollama', fields: beside } });
    if (line.done === true) this.#end(line);
  }

  #start(line: JsonObject): void {
    this.#isStarted = true;
    const created = Date.parse(stringOf(line.created_at) ?? '');
    this.#emit({
      type: 'start',
      id: '',
      model: stringOf(line.model) ?? '',
      ...(!Number.isNaN(created) && { createdAtMs: created }),
    });
  }

  #message(message: JsonObject): void {
    if (typeof message.thinking === 'string' && message.thinking !== '')
      this.#emit({ type: 'reasoning', text: message.thinking });
    if (typeof message.content === 'string' && message.content !== '') this.#emit({ type: 'text', text: message.content });
    if (!Array.isArray(message.tool_calls)) return;
    for (const raw of message.tool_calls) {
      const call = isObject(raw) ? parseCall(raw, this.#names) : undefined;
      if (call === undefined) continue;
      const index = this.#calls;
      this.#calls += 1;
      this.#emit({ type: 'tool-start', index, id: call.id, name: call.name });
      this.#emit({ type: 'tool-arguments', index, text: call.arguments });
      this.#emit({ type: 'tool-end', index });
    }
  }

  #end(line: JsonObject): void {
    const usage = parseUsage(line);
    if (usage !== undefined) this.#emit({ type: 'usage', usage });
    this.#emit({ type: 'stop', stop: parseStop(line, this.#calls > 0) });
    this.isOver = true;
    this.#emit({ type: 'end' });
  }
}
