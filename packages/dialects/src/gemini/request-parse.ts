/** Reads a request of a client of Gemini: `generateContent`, `streamGenerateContent` (the path says which, and the model). */
import type { ParseRequestContext } from '../dialect.ts';
import { Fields } from '../fields.ts';
import { bagOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { isObject, type JsonObject, type JsonValue, numberOf, stringOf } from '../model/json.ts';
import type {
  Message,
  ModelRequest,
  OutputFormat,
  Part,
  Reasoning,
  ReasoningPart,
  Sampling,
  ToolChoice,
} from '../model/request.ts';
import { camel, camelObject } from './keys.ts';
import { type CallNames, madeUpId, parsePart } from './part-parse.ts';
import { jsonSchemaOf } from './schema.ts';
import { parseTools } from './tools.ts';

const filled = (value: unknown) => (Array.isArray(value) && value.length > 0 ? (value as JsonValue[]) : undefined);

/** Source: Gemini API, "Generating content". The bag is always there: it says that the request is Gemini's own. */
export function parseRequest(body: JsonObject, context: ParseRequestContext = {}): ModelRequest {
  const fields = new Fields(camel(body));
  const inBody = fields.rest.model;
  const model = (context.model ?? stringOf(inBody) ?? '').replace(/^models\//, '');
  if (model === '') throw new DialectError('model', 'name a model in the path');
  const system = parseSystem(fields);
  const contents = parseContents(fields);
  const tools = parseTools(fields.take('tools', filled));
  const toolChoice = parseToolConfig(fields);
  const generationConfig = fields.take('generationConfig', camelObject);
  const config = new Fields(generationConfig ?? {});
  const output = parseOutput(config);
  const reasoning = parseThinking(config, fields);
  const sampling = parseSampling(config);
  // An empty one stays, to be given back.
  if (generationConfig !== undefined && Object.keys(generationConfig).length === 0) fields.rest.generationConfig = {};
  else fields.leave('generationConfig', config.rest);
  return {
    model,
    stream: context.stream ?? false,
    messages: system === undefined ? contents : [system, ...contents],
    tools,
    ...(toolChoice && { toolChoice }),
    ...(output && { output }),
    sampling,
    ...(reasoning && { reasoning }),
    bag: { dialect: 'gemini', fields: fields.rest },
  };
}

function parseSystem(fields: Fields): Message | undefined {
  const calls = namesOfCalls();
  const text = fields.take('systemInstruction', stringOf);
  if (text !== undefined) return { role: 'system', parts: [{ type: 'text', text }], ...bagOf('gemini', { $form: 'string' }) };
  const content = fields.take('systemInstruction', (value) => (isObject(value) && value.parts !== undefined ? value : undefined));
  if (content === undefined) return undefined;
  const { parts, ...rest } = camel(content);
  return { role: 'system', parts: partsOf(parts, calls), ...bagOf('gemini', rest) };
}

function parseContents(fields: Fields): Message[] {
  const raw = fields.take('contents', (value) => (value === undefined || value === null ? undefined : (value as JsonValue)));
  // SDKs take a string or one content and write an array; clients by hand do not always.
  const contents = Array.isArray(raw) ? raw : raw === undefined ? [] : [raw];
  if (contents.length === 0) throw new DialectError('contents', 'give at least one content');
  const calls = namesOfCalls();
  return contents.map((value, index): Message => {
    if (typeof value === 'string') return { role: 'user', parts: [{ type: 'text', text: value }] };
    if (!isObject(value)) throw new DialectError(`contents[${index}]`, 'must be an object with parts');
    const { role, parts, ...rest } = camel(value);
    if (role !== undefined && role !== 'user' && role !== 'model' && role !== 'function' && role !== 'system') {
      throw new DialectError(`contents[${index}].role`, 'must be "user" or "model"');
    }
    const note =
      role === undefined || role === 'function' ? { $role: role ?? null } : parts === undefined ? { $parts: 'none' } : undefined;
    return {
      role: role === 'model' ? 'assistant' : role === 'system' ? 'system' : 'user',
      parts: partsOf(parts, calls),
      ...bagOf('gemini', rest, note, role === 'system' ? { $place: 'contents' } : undefined),
    };
  });
}

function partsOf(raw: JsonValue | undefined, calls: CallNames): Part[] {
  const parts: Part[] = [];
  for (const one of Array.isArray(raw) ? raw : [raw]) {
    if (typeof one === 'string') parts.push({ type: 'text', text: one });
    else if (isObject(one)) addPart(parsePart(one, calls), parts);
  }
  return parts;
}

/**
 * A token of another provider that came in an empty thought (client-parts.ts) returns to the words it belongs to: a stream sends
 * them before it, in pieces.
 */
function addPart(part: Part, parts: Part[]): void {
  const opaque = part.type === 'reasoning' && part.text === '' ? part.opaque?.[0] : undefined;
  const before = parts.at(-1);
  if (opaque === undefined || opaque.origin === 'gemini' || before?.type !== 'reasoning') {
    parts.push(part);
    return;
  }
  if (before.opaque === undefined) {
    let words = '';
    while (isUnsigned(parts.at(-1))) words = (parts.pop() as ReasoningPart).text + words;
    parts.push({ type: 'reasoning', text: words, opaque: [opaque] });
  } else if (before.opaque[0]?.origin !== 'gemini' && !(opaque.origin === 'anthropic' && opaque.kind === 'signature'))
    before.opaque.push(opaque);
  else parts.push(part);
}

function isUnsigned(part: Part | undefined): boolean {
  return part?.type === 'reasoning' && part.opaque === undefined;
}

/** Ids by count, so that one conversation always gets the same (prompt caches of other providers hold on to them). */
function namesOfCalls(): CallNames {
  let count = 0;
  const open: { id: string; name: string }[] = [];
  return {
    newId(name) {
      const id = `${madeUpId}${count}`;
      count += 1;
      open.push({ id, name });
      return id;
    },
    callFor(name) {
      const found = open.findIndex((call) => call.name === name);
      const [call] = open.splice(Math.max(found, 0), 1);
      return call?.id ?? this.newId(name);
    },
  };
}

/** Modes of function calling, in the model's words. */
export const modes: Readonly<Record<string, 'auto' | 'none' | 'required'>> = {
  AUTO: 'auto',
  NONE: 'none',
  ANY: 'required',
  VALIDATED: 'auto',
};

/** `toolConfig.functionCallingConfig`: a mode, and the names it is about. */
function parseToolConfig(fields: Fields): ToolChoice | undefined {
  const toolConfig = camelObject(fields.rest.toolConfig);
  const calling = camelObject(toolConfig?.functionCallingConfig);
  if (toolConfig === undefined || calling === undefined) return undefined;
  const config = new Fields(calling);
  const word = stringOf(calling.mode)?.toUpperCase();
  const mode = word === undefined ? undefined : modes[word];
  if (mode === undefined) return undefined;
  // The word itself is noted: VALIDATED is AUTO with checked arguments, and only Gemini has it.
  delete config.rest.mode;
  fields.rest.$mode = calling.mode;
  const names = config.take('allowedFunctionNames', (value) => filled(value)?.filter((name) => typeof name === 'string'));
  const { functionCallingConfig: _, ...others } = toolConfig;
  const rest = new Fields(others);
  rest.leave('functionCallingConfig', config.rest);
  delete fields.rest.toolConfig;
  fields.leave('toolConfig', rest.rest);
  if (names === undefined || mode === 'none') return { type: mode };
  if (mode === 'required' && names.length === 1) return { type: 'tool', name: names[0] as string };
  return { type: 'allowed', names, mode };
}

function parseOutput(config: Fields): OutputFormat | undefined {
  if (config.rest.responseMimeType !== 'application/json') return undefined;
  delete config.rest.responseMimeType;
  const schema = config.take('responseJsonSchema', (value) => (isObject(value) ? value : undefined));
  if (schema !== undefined) return { type: 'json-schema', schema };
  const own = config.rest.responseSchema;
  // The original stays in the bag: Gemini's own subset says things that JSON Schema has no word for (propertyOrdering).
  if (isObject(own)) return { type: 'json-schema', schema: jsonSchemaOf(own) };
  return { type: 'json' };
}

function parseThinking(config: Fields, fields: Fields): Reasoning | undefined {
  const thinking = config.take('thinkingConfig', camelObject);
  if (thinking === undefined) return undefined;
  const rest = new Fields(thinking);
  const level = rest.take('thinkingLevel', stringOf);
  const budgetTokens = rest.take('thinkingBudget', numberOf);
  const shows = rest.take('includeThoughts', (value) => (typeof value === 'boolean' ? value : undefined));
  if (level !== undefined && level !== level.toLowerCase()) fields.rest.$level = level;
  if (level === undefined && budgetTokens === undefined && shows === undefined) {
    config.rest.thinkingConfig = thinking;
    return undefined;
  }
  config.leave('thinkingConfig', rest.rest);
  return {
    ...(level !== undefined && { effort: level.toLowerCase() }),
    ...(budgetTokens !== undefined && { budgetTokens }),
    ...(shows !== undefined && { summary: shows ? 'auto' : false }),
  };
}

function parseSampling(config: Fields): Sampling {
  const sampling: Sampling = {};
  for (const [theirs, ours] of samplingFields) {
    const value = config.take(theirs, numberOf);
    if (value !== undefined) sampling[ours] = value;
  }
  const stop = config.take('stopSequences', (value) =>
    filled(value)?.every((one) => typeof one === 'string') ? (value as string[]) : undefined,
  );
  if (stop !== undefined) sampling.stop = stop;
  return sampling;
}

/** Names of the numbers that say how to sample, at Gemini and here. */
export const samplingFields = [
  ['maxOutputTokens', 'maxOutputTokens'],
  ['temperature', 'temperature'],
  ['topP', 'topP'],
  ['topK', 'topK'],
  ['seed', 'seed'],
  ['presencePenalty', 'presencePenalty'],
  ['frequencyPenalty', 'frequencyPenalty'],
  ['candidateCount', 'candidates'],
] as const;
