/** The model behind every wire: what it answers follows from the request alone, so that tests can foretell it. */
import { createHash } from 'node:crypto';
import { isObject, type JsonObject, type JsonValue } from '@switchyard/dialects';
import type { Ask, AskedTool, Call, Counts, Reply } from './ask.ts';

/** Seconds since 1970 of every answer. */
export const created = 1_795_000_000;

/**
 * Tools are called when there are some and no result came yet: the first one, or two when the prompt says "both". A result is
 * repeated. A schema is filled. Images are counted. Anything else is greeted.
 */
export function answerTo(ask: Ask, id: string, bodyChars: number): Reply {
  const calls = ask.results === undefined ? callsOf(ask, id) : [];
  const whole = calls.length > 0 ? '' : textOf(ask);
  const most = ask.maxTokens === undefined ? whole.length : ask.maxTokens * 4;
  const text = whole.slice(0, most);
  const thought = ask.reasons ? `The user wants: ${ask.prompt.slice(0, 60) || 'an answer'}. I think about it.` : undefined;
  return {
    id,
    model: ask.model,
    created,
    ...(thought !== undefined && { thought }),
    text,
    calls,
    isCutShort: text.length < whole.length,
    counts: countsOf(ask, text, calls, thought ?? '', bodyChars),
  };
}

function textOf(ask: Ask): string {
  if (ask.results !== undefined) return `The tool says: ${ask.results.join(' | ')}`;
  if (ask.schema !== undefined) return JSON.stringify(instanceOf(ask.schema));
  if (ask.images > 0) return `I see ${ask.images} image${ask.images === 1 ? '' : 's'}.`;
  return `Hello from the chaos model. You said: ${ask.prompt.slice(0, 200)}`;
}

function callsOf(ask: Ask, id: string): Call[] {
  const first = ask.tools.find((tool) => tool.name === ask.forcedTool) ?? ask.tools[0];
  if (first === undefined) return [];
  const tools = /\bboth\b/i.test(ask.prompt) ? [first, ask.tools.find((tool) => tool !== first) ?? first] : [first];
  return tools.map((tool, index) => callOf(tool, `${id}${index}`));
}

function callOf(tool: AskedTool, id: string): Call {
  const args = tool.isCustom ? { input: 'free text for the tool' } : instanceOf(tool.schema);
  return {
    id,
    name: tool.name,
    ...(tool.namespace !== undefined && { namespace: tool.namespace }),
    args: isObject(args) ? args : {},
    ...(tool.isCustom && { isCustom: true }),
  };
}

/** Four characters are a token; half of a prompt of a hundred tokens is cached, a tenth of a marked one is written. */
function countsOf(ask: Ask, text: string, calls: readonly Call[], thought: string, bodyChars: number): Counts {
  const tokens = (chars: number) => Math.ceil(chars / 4);
  const input = Math.max(1, tokens(bodyChars));
  const reasoning = tokens(thought.length);
  const output = Math.max(
    1,
    tokens(text.length) + calls.reduce((sum, call) => sum + tokens(JSON.stringify(call.args).length) + 5, 0),
  );
  return {
    input,
    cached: input >= 100 ? Math.floor(input / 2) : 0,
    written: ask.marksCache ? Math.floor(input / 10) : 0,
    output: output + reasoning,
    reasoning,
  };
}

/** A valid instance of a JSON schema, or of Gemini's kind of schema: the same in every run. */
export function instanceOf(schema: JsonValue | undefined, root: JsonValue | undefined = schema, depth = 0): JsonValue {
  if (!isObject(schema) || depth > 12) return {};
  if (typeof schema.$ref === 'string') return instanceOf(pointed(root, schema.$ref), root, depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum) && schema.enum[0] !== undefined) return schema.enum[0];
  const choice = [schema.anyOf, schema.oneOf, schema.allOf].find((list) => Array.isArray(list) && list.length > 0);
  if (Array.isArray(choice)) return instanceOf(choice[0], root, depth + 1);
  if (schema.default !== undefined) return schema.default;
  const type = String(Array.isArray(schema.type) ? schema.type[0] : (schema.type ?? 'object')).toLowerCase();
  if (type === 'string') return textFor(schema);
  if (type === 'integer' || type === 'number') return numberFor(schema);
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  if (type === 'array') {
    const least = typeof schema.minItems === 'number' ? schema.minItems : 1;
    return Array.from({ length: Math.max(least, 1) }, () => instanceOf(schema.items ?? { type: 'string' }, root, depth + 1));
  }
  const object: JsonObject = {};
  const properties = isObject(schema.properties) ? schema.properties : {};
  for (const name in properties) object[name] = instanceOf(properties[name], root, depth + 1);
  return object;
}

function pointed(root: JsonValue | undefined, reference: string): JsonValue | undefined {
  let found = root;
  for (const key of reference.replace(/^#\/?/, '').split('/').filter(Boolean)) found = isObject(found) ? found[key] : undefined;
  return found;
}

const byFormat: Readonly<Record<string, string>> = {
  'date-time': '2026-11-20T12:00:00Z',
  date: '2026-11-20',
  time: '12:00:00Z',
  uri: 'https://example.org/',
  email: 'a@example.org',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function textFor(schema: JsonObject): string {
  const text = (typeof schema.format === 'string' ? byFormat[schema.format] : undefined) ?? 'hello from chaos';
  const least = typeof schema.minLength === 'number' ? schema.minLength : 0;
  return typeof schema.maxLength === 'number' ? text.padEnd(least, '.').slice(0, schema.maxLength) : text.padEnd(least, '.');
}

function numberFor(schema: JsonObject): number {
  if (typeof schema.minimum === 'number') return schema.minimum;
  if (typeof schema.exclusiveMinimum === 'number') return schema.exclusiveMinimum + 1;
  return typeof schema.maximum === 'number' ? Math.min(1, schema.maximum) : 1;
}

/** Numbers between -1 and 1 that follow from the text; not of unit length. */
export function vectorOf(text: string, dimensions: number): number[] {
  const vector: number[] = [];
  for (let block = 0; vector.length < dimensions; block += 1) {
    const hash = createHash('sha256').update(`${block}:${text}`).digest();
    for (let at = 0; at < hash.length && vector.length < dimensions; at += 4) vector.push(hash.readInt32BE(at) / 2 ** 31);
  }
  return vector;
}
