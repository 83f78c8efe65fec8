/** Tools, their choice and the format of the answer, in chat completions. The legacy `functions` are read and written too. */

import type { Loss } from '../dialect.ts';
import { bagOf, fieldsOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { functionOfCustomTool } from '../model/custom-tools.ts';
import { DialectError } from '../model/error.ts';
import {
  arrayOf,
  booleanOf,
  fieldsBeside,
  isObject,
  type JsonObject,
  type JsonValue,
  objectOf,
  stringOf,
} from '../model/json.ts';
import type { ModelRequest, OutputFormat, Tool, ToolChoice } from '../model/request.ts';
import { flatToolName } from '../model/tool-names.ts';

const dialect = 'openai-chat';
const knownOfTool = new Set(['type', 'function', 'custom', 'cache_control']);
const knownOfFunction = new Set(['name', 'description', 'parameters', 'strict']);
const knownOfCustom = new Set(['name', 'description', 'format']);

/** Reads `tools[]`. */
export function parseTools(tools: JsonValue | undefined): Tool[] {
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) throw new DialectError('tools', 'must be an array');
  return tools.map((tool, index) => {
    if (!isObject(tool)) throw new DialectError(`tools[${index}]`, 'must be an object');
    // Some clients leave the type out.
    if (isObject(tool.function)) return parseFunction(tool.function, tool, `tools[${index}].function`);
    if (tool.type === 'custom' && isObject(tool.custom)) return parseCustom(tool.custom, tool, `tools[${index}].custom`);
    return { name: stringOf(tool.type) ?? '', isProviderTool: true, bag: { dialect, fields: tool } };
  });
}

/** Reads one function: of a tool, or of the legacy `functions`. */
export function parseFunction(found: JsonObject, outer: JsonObject, path: string): Tool {
  const tool: Tool = { name: nameOf(found, path) };
  if (typeof found.description === 'string') tool.description = found.description;
  if (isObject(found.parameters)) tool.parameters = found.parameters;
  if (typeof found.strict === 'boolean') tool.strict = found.strict;
  if (isObject(outer.cache_control)) tool.cacheControl = outer.cache_control;
  const extra = { ...fieldsBeside(found, knownOfFunction), ...(found.strict === null && { strict: null }) };
  return Object.assign(
    tool,
    bagOf(dialect, fieldsBeside(outer, knownOfTool), { $function: Object.keys(extra).length === 0 ? undefined : extra }),
  );
}

function parseCustom(found: JsonObject, outer: JsonObject, path: string): Tool {
  const tool: Tool = { name: nameOf(found, path), isCustom: true };
  if (typeof found.description === 'string') tool.description = found.description;
  const grammar = objectOf(objectOf(found.format).grammar);
  const isGrammar = typeof grammar.syntax === 'string' && typeof grammar.definition === 'string';
  if (isGrammar) tool.grammar = { syntax: String(grammar.syntax), definition: String(grammar.definition) };
  const format = isGrammar ? undefined : found.format;
  return Object.assign(
    tool,
    bagOf(dialect, fieldsBeside(outer, knownOfTool), {
      $form: { isCustom: true },
      $custom: { ...fieldsBeside(found, knownOfCustom), ...(format && { format }) },
    }),
  );
}

function nameOf(found: JsonObject, path: string): string {
  if (typeof found.name !== 'string' || found.name === '') throw new DialectError(`${path}.name`, 'name the tool');
  return found.name;
}

/** Writes `tools[]`; a provider's own tools of another dialect are losses. */
export function renderTools(tools: readonly Tool[], losses: Loss[]): JsonObject[] {
  const written: JsonObject[] = [];
  for (const [index, tool] of tools.entries()) {
    if (tool.isProviderTool) {
      if (tool.bag?.dialect === dialect) written.push(tool.bag.fields);
      else losses.push({ field: `tools[${index}]`, how: 'dropped', why: `only its own provider runs the tool ${tool.name}` });
    } else if (tool.isCustom && formOf(tool.bag, dialect).isCustom) written.push(renderCustom(tool));
    else {
      // Hardly any chat server but OpenAI's knows custom tools, so a function stands in for one that came from elsewhere.
      const why = 'a function with one text argument stands in for it';
      if (tool.isCustom) losses.push({ field: `tools[${index}]`, how: 'approximated', why });
      const cacheControl = tool.cacheControl ? { cache_control: tool.cacheControl } : {};
      written.push({ type: 'function', function: renderFunction(tool), ...cacheControl, ...wireFieldsOf(tool.bag, dialect) });
    }
  }
  return written;
}

/** Writes the function of a tool. */
export function renderFunction(tool: Tool): JsonObject {
  const stand = tool.isCustom ? functionOfCustomTool(tool) : tool;
  const object: JsonObject = { name: flatToolName(tool.namespace, tool.name) };
  if (stand.description !== undefined) object.description = stand.description;
  if (stand.parameters !== undefined) object.parameters = stand.parameters;
  if (tool.strict !== undefined) object.strict = tool.strict;
  return { ...object, ...objectOf(fieldsOf(tool.bag, dialect).$function) };
}

function renderCustom(tool: Tool): JsonObject {
  const custom: JsonObject = { name: tool.name };
  if (tool.description !== undefined) custom.description = tool.description;
  if (tool.grammar !== undefined) custom.format = { type: 'grammar', grammar: { ...tool.grammar } };
  return {
    type: 'custom',
    custom: { ...custom, ...objectOf(fieldsOf(tool.bag, dialect).$custom) },
    ...wireFieldsOf(tool.bag, dialect),
  };
}

/** Reads `tool_choice` and the legacy `function_call`; undefined for a form the model has no word for. */
export function parseToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  if (choice === 'any') return { type: 'required' };
  if (!isObject(choice)) return undefined;
  if (choice.type === 'allowed_tools') return parseAllowed(objectOf(choice.allowed_tools));
  if (choice.type === 'custom') {
    const name = stringOf(objectOf(choice.custom).name);
    return name === undefined ? undefined : { type: 'tool', name, isCustom: true };
  }
  const name = stringOf(objectOf(choice.function).name) ?? stringOf(choice.name);
  return name === undefined ? undefined : { type: 'tool', name };
}

function parseAllowed(allowed: JsonObject): ToolChoice | undefined {
  const names: string[] = [];
  for (const tool of arrayOf(allowed.tools)) {
    const entry = objectOf(tool);
    const name = stringOf(objectOf(entry.type === 'custom' ? entry.custom : entry.function).name);
    if (name === undefined) return undefined;
    names.push(name);
  }
  return { type: 'allowed', names, mode: allowed.mode === 'required' ? 'required' : 'auto' };
}

/** Writes `tool_choice`. */
export function renderToolChoice(choice: ToolChoice, tools: readonly Tool[]): JsonValue {
  const entry = (name: string): JsonObject => {
    const tool = tools.find((tool) => tool.name === name);
    if (tool?.isCustom && formOf(tool.bag, dialect).isCustom) return { type: 'custom', custom: { name } };
    return { type: 'function', function: { name: tool === undefined ? name : flatToolName(tool.namespace, tool.name) } };
  };
  if (choice.type === 'tool') return entry(choice.name);
  if (choice.type !== 'allowed') return choice.type;
  return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools: choice.names.map(entry) } };
}

/** Reads `response_format`; what a schema has beside the model's words is returned to be kept. */
export function parseResponseFormat(format: JsonObject): OutputFormat | undefined {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json_object') return { type: 'json' };
  const found = objectOf(format.json_schema);
  if (format.type !== 'json_schema' || !isObject(found.schema)) return undefined;
  const output: OutputFormat = { type: 'json-schema', schema: found.schema };
  if (typeof found.name === 'string') output.name = found.name;
  if (typeof found.description === 'string') output.description = found.description;
  const strict = booleanOf(found.strict);
  if (strict !== undefined) output.strict = strict;
  return output;
}

/** Writes `response_format`. OpenAI demands a name for a schema. */
export function renderResponseFormat(output: OutputFormat): JsonObject {
  if (output.type === 'text') return { type: 'text' };
  if (output.type === 'json') return { type: 'json_object' };
  const schema: JsonObject = { name: output.name ?? 'answer' };
  if (output.description !== undefined) schema.description = output.description;
  if (output.strict !== undefined) schema.strict = output.strict;
  schema.schema = output.schema;
  return { type: 'json_schema', json_schema: schema };
}

/** Whether the client still speaks of `functions`, and so expects `function_call`. */
export function isLegacyRequest(request: ModelRequest): boolean {
  return formOf(request.bag, dialect).tools === 'functions';
}
