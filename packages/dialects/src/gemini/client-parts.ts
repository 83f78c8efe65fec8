/**
 * Writes parts for clients of Gemini, whole answers and chunks alike. What another provider wants back stands wrapped in
 * `thoughtSignature`; calls that Gemini did not make carry its documented stand-in, so that the client's history stays valid at Gemini.
 */
import { unpack } from '../fields.ts';
import { fieldsOf } from '../model/bag.ts';
import { jsonArgumentsOf } from '../model/custom-tools.ts';
import { type JsonObject, parseObject } from '../model/json.ts';
import type { Opaque } from '../model/opaque.ts';
import type { ModelRequest, Part, ToolCallPart } from '../model/request.ts';
import { flatToolName, restoreToolName } from '../model/tool-names.ts';
import { madeUpId } from './part-parse.ts';
import { noSignature, signatureFor } from './signature.ts';

export class ClientParts {
  readonly #request: ModelRequest;
  /** Like Gemini, thoughts are shown only to a client that asked for them (`includeThoughts`). */
  readonly showsThoughts: boolean;
  #hasCalls = false;

  constructor(request: ModelRequest) {
    this.#request = request;
    this.showsThoughts = typeof request.reasoning?.summary === 'string';
  }

  render(part: Part): JsonObject[] {
    switch (part.type) {
      case 'text':
        return [unpack({ text: part.text, ...signatureFor(part.opaque) }, fieldsOf(part.bag, 'gemini'))];
      case 'refusal':
        return [{ text: part.text }];
      case 'reasoning':
        return this.thought(part.text, part.opaque ?? [], fieldsOf(part.bag, 'gemini'));
      case 'tool-call':
        return [this.call(part)];
      case 'image':
      case 'file':
        return [this.#media(part)];
      case 'unknown':
        return part.bag.dialect === 'gemini' ? [part.bag.fields] : [];
      case 'tool-result':
        return [];
    }
  }

  /** A thought and its tokens; further tokens stand in empty thoughts of their own. */
  thought(text: string, opaque: readonly Opaque[], fields: JsonObject = {}): JsonObject[] {
    const shown = this.showsThoughts ? text : '';
    // A signature of Anthropic vouches for its words: without them it would be refused when it returns.
    const kept = shown === text ? opaque : opaque.filter((one) => one.origin !== 'anthropic' || one.kind !== 'signature');
    const [first, ...more] = kept;
    if (shown === '' && first === undefined) return [];
    const thought = unpack({ text: shown, thought: true, ...signatureFor(first) }, fields);
    return [thought, ...more.map((one) => ({ text: '', thought: true, ...signatureFor(one) }))];
  }

  /** A call, whole. Clients read `args` as an object; arguments that are none are handed over as `_raw`. */
  call(part: Pick<ToolCallPart, 'id' | 'name' | 'namespace' | 'arguments' | 'isCustom' | 'opaque' | 'bag'>): JsonObject {
    const isFirst = !this.#hasCalls;
    this.#hasCalls = true;
    const fields = fieldsOf(part.bag, 'gemini');
    const functionCall: JsonObject = { name: this.#nameOf(part) };
    if (!part.id.startsWith(madeUpId)) functionCall.id = part.id;
    if (fields.$args !== 'none') functionCall.args = parseObject(jsonArgumentsOf(part)) ?? { _raw: part.arguments };
    const signature = signatureFor(part.opaque);
    // Gemini's own calls without a signature (2.5 makes none) are told apart by their bag or made-up id.
    const isOwn = part.bag?.dialect === 'gemini' || part.id.startsWith(madeUpId);
    if (isFirst && part.opaque === undefined && !isOwn) signature.thoughtSignature = noSignature;
    return unpack({ functionCall, ...signature }, fields);
  }

  #nameOf(call: Pick<ToolCallPart, 'name' | 'namespace'>): string {
    if (call.namespace !== undefined) return flatToolName(call.namespace, call.name);
    const restored = restoreToolName(call.name, this.#request.tools);
    return restored.namespace === undefined ? restored.name : call.name;
  }

  #media(part: Extract<Part, { type: 'image' | 'file' }>): JsonObject {
    const source = part.source;
    const fields = fieldsOf(part.bag, 'gemini');
    const signature = part.type === 'image' ? signatureFor(part.opaque) : undefined;
    const name = part.type === 'file' && part.name !== undefined ? { displayName: part.name } : undefined;
    if (source.kind === 'base64')
      return unpack({ inlineData: { mimeType: source.mediaType, data: source.data, ...name }, ...signature }, fields);
    const type = source.mediaType === undefined ? undefined : { mimeType: source.mediaType };
    const fileUri = source.kind === 'url' ? source.url : source.fileId;
    return unpack({ fileData: { ...type, fileUri, ...name }, ...signature }, fields);
  }
}
