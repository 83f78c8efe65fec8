/** Writes messages for Ollama: one text each, images as bytes, results as messages of the role `tool`. */
import type { Loss } from '../dialect.ts';
import { unpack } from '../fields.ts';
import { fieldsOf } from '../model/bag.ts';
import { jsonArgumentsOf } from '../model/custom-tools.ts';
import { type JsonObject, parseObject } from '../model/json.ts';
import type { Message, ModelRequest, Part, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { systemFirst } from '../model/system-first.ts';
import { flatToolName } from '../model/tool-names.ts';
import { madeUpId } from './message-parse.ts';

export function renderMessages(request: ModelRequest, isNative: boolean, losses: Loss[]): JsonObject[] {
  const writer = new MessageWriter(isNative, losses);
  for (const [index, message] of systemFirst(request, 'ollama', losses).entries()) writer.message(message, `messages[${index}]`);
  return writer.messages;
}

/** What the parts of one message come to. */
interface Collected {
  texts: string[];
  thoughts: string[];
  images: string[];
  calls: JsonObject[];
}

class MessageWriter {
  readonly messages: JsonObject[] = [];
  readonly #isNative: boolean;
  readonly #losses: Loss[];
  /** Names of the calls so far by id: a result names its tool. */
  readonly #names = new Map<string, string>();

  constructor(isNative: boolean, losses: Loss[]) {
    this.#isNative = isNative;
    this.#losses = losses;
  }

  message(message: Message, path: string): void {
    if (message.name !== undefined) this.#drop(`${path}.name`, 'Ollama knows no names of participants');
    const collected: Collected = { texts: [], thoughts: [], images: [], calls: [] };
    let hasResults = false;
    message.parts.forEach((part, index) => {
      const field = `${path}.parts[${index}]`;
      if (part.type === 'tool-result') {
        hasResults = true;
        this.messages.push(this.#result(part, field));
      } else this.#collect(part, field, collected);
    });
    const { texts, thoughts, images, calls } = collected;
    const isEmpty = texts.length === 0 && thoughts.length === 0 && images.length === 0 && calls.length === 0;
    if (isEmpty && (hasResults || message.parts.length > 0)) return;
    const fields = fieldsOf(message.bag, 'ollama');
    const rendered: JsonObject = { role: message.role === 'developer' ? 'system' : message.role };
    // Parts of an answer are one text that another provider cut into pieces; those of others stand for themselves.
    const between = message.role === 'assistant' ? '' : '\n';
    if (texts.length > 0 || fields.$content !== 'none') rendered.content = texts.join(between);
    if (thoughts.length > 0) rendered.thinking = thoughts.join(between);
    if (images.length > 0) rendered.images = images;
    if (calls.length > 0) rendered.tool_calls = calls;
    this.messages.push(unpack(rendered, fields));
  }

  #drop(field: string, why: string): void {
    this.#losses.push({ field, how: 'dropped', why });
  }

  #collect(part: Exclude<Part, ToolResultPart>, field: string, into: Collected): void {
    if ('opaque' in part && part.opaque !== undefined) this.#drop(`${field}.opaque`, 'Ollama has no place for signatures');
    switch (part.type) {
      case 'text':
      case 'refusal':
        if (part.text !== '') into.texts.push(part.text);
        return;
      case 'image':
        if (part.source.kind === 'base64') into.images.push(part.source.data);
        else this.#drop(field, 'Ollama takes images as bytes, not by address');
        return;
      case 'file':
        return this.#drop(field, 'Ollama reads no files');
      case 'reasoning':
        if (part.text !== '') into.thoughts.push(part.text);
        return;
      case 'tool-call':
        into.calls.push(this.#call(part, field));
        return;
      case 'unknown':
        return this.#drop(field, `only ${part.bag.dialect} knows this part`);
    }
  }

  #call(part: ToolCallPart, field: string): JsonObject {
    const name = nameFor(part, this.#isNative);
    this.#names.set(part.id, name);
    const fields = fieldsOf(part.bag, 'ollama');
    const inner: JsonObject = { name, arguments: fields.$arguments === 'text' ? part.arguments : this.#args(part, field) };
    const call: JsonObject = { function: inner };
    if (!part.id.startsWith(madeUpId)) call.id = part.id;
    return unpack(call, fields);
  }

  /** The arguments as an object. Text that is none is handed over as the one field `_raw`, so that the model sees what it wrote. */
  #args(part: ToolCallPart, field: string): JsonObject {
    const args = parseObject(jsonArgumentsOf(part));
    if (args !== undefined) return args;
    this.#losses.push({ field: `${field}.arguments`, how: 'approximated', why: 'Ollama takes arguments as an object only' });
    return { _raw: part.arguments };
  }

  #result(part: ToolResultPart, field: string): JsonObject {
    const collected: Collected = { texts: [], thoughts: [], images: [], calls: [] };
    part.content.forEach((one, index) => {
      if (one.type !== 'tool-result') this.#collect(one, `${field}.content[${index}]`, collected);
    });
    if (part.isError) this.#drop(`${field}.isError`, 'Ollama has no mark for failed tools: the text has to say it');
    const called = this.#isNative ? undefined : this.#names.get(part.callId);
    const name = called ?? (part.name === undefined ? undefined : nameFor({ name: part.name }, this.#isNative));
    const rendered: JsonObject = { role: 'tool', content: collected.texts.join('\n') };
    if (name !== undefined) rendered.tool_name = name;
    if (!part.callId.startsWith(madeUpId)) rendered.tool_call_id = part.callId;
    if (collected.images.length > 0) rendered.images = collected.images;
    return unpack(rendered, fieldsOf(part.bag, 'ollama'));
  }
}

/** The name of a tool at Ollama: as a client of Ollama wrote it, or one that fits. */
export function nameFor(tool: { name: string; namespace?: string }, isNative: boolean): string {
  return isNative && tool.namespace === undefined ? tool.name : flatToolName(tool.namespace, tool.name);
}
