/**
 * Tools, their choice and the format of the answer in Responses. Codex groups MCP tools in namespaces; they are flattened
 * in the model (`Tool.namespace`) and grouped again for the same dialect.
 */
import type { Loss } from '../dialect.ts';
import { bagOf, fieldsOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { arrayOf, fieldsBeside, isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import type { OutputFormat, Tool, ToolChoice } from '../model/request.ts';

const dialect = 'openai-responses';
const knownOfFunction = new Set(['type', 'name', 'description', 'parameters', 'strict']);
const knownOfCustom = new Set(['type', 'name', 'description', 'format']);
const knownOfNamespace = new Set(['type', 'name', 'tools']);

/** Reads `tools[]`, which stands at `at`. */
export function parseTools(tools: readonly JsonValue[], at = 'tools'): Tool[] {
  return tools.flatMap((tool, index): Tool[] => {
    const path = `${at}[${index}]`;
    if (!isObject(tool)) throw new DialectError(path, 'must be an object');
    const inner = arrayOf(tool.tools);
    if (tool.type === 'namespace' && typeof tool.name === 'string' && inner.length > 0) return parseNamespace(tool, inner, path);
    return [parseTool(tool, path)];
  });
}

function parseNamespace(outer: JsonObject, inner: readonly JsonValue[], path: string): Tool[] {
  const namespace = String(outer.name);
  return inner.map((found, index) => {
    const tool = parseTool(objectOf(found), `${path}.tools[${index}]`);
    tool.namespace = namespace;
    // The first of a group keeps what belongs to the group.
    if (index === 0)
      tool.bag = { dialect, fields: { ...fieldsOf(tool.bag, dialect), $namespace: fieldsBeside(outer, knownOfNamespace) ?? {} } };
    return tool;
  });
}

function parseTool(found: JsonObject, path: string): Tool {
  if (found.type !== 'function' && found.type !== 'custom') {
    return { name: stringOf(found.type) ?? '', isProviderTool: true, bag: { dialect, fields: found } };
  }
  if (typeof found.name !== 'string' || found.name === '') throw new DialectError(`${path}.name`, 'name the tool');
  const tool: Tool = { name: found.name };
  if (typeof found.description === 'string') tool.description = found.description;
  if (found.type === 'custom') {
    tool.isCustom = true;
    const format = objectOf(found.format);
    const isGrammar = format.type === 'grammar' && typeof format.syntax === 'string' && typeof format.definition === 'string';
    if (isGrammar) tool.grammar = { syntax: String(format.syntax), definition: String(format.definition) };
    return Object.assign(
      tool,
      bagOf(dialect, fieldsBeside(found, knownOfCustom), isGrammar ? undefined : { format: found.format }),
    );
  }
  if (isObject(found.parameters)) tool.parameters = found.parameters;
  if (typeof found.strict === 'boolean') tool.strict = found.strict;
  return Object.assign(
    tool,
    bagOf(dialect, fieldsBeside(found, knownOfFunction), {
      parameters: found.parameters === null ? null : undefined,
      strict: found.strict === null ? null : undefined,
      $form: found.strict === undefined ? { strict: 'absent' } : undefined,
    }),
  );
}

/** A tool that an item of `input` offers: that item is sent to the same dialect, and the tool not told again. */
export function ofItem(tool: Tool): Tool {
  return { ...tool, bag: { dialect, fields: { ...fieldsOf(tool.bag, dialect), $isOfItem: true } } };
}

/** Writes `tools[]`. */
export function renderTools(tools: readonly Tool[], losses: Loss[]): JsonObject[] {
  const written: JsonObject[] = [];
  let group: { namespace: string; tools: JsonValue[] } | undefined;
  for (const [index, tool] of tools.entries()) {
    const own = fieldsOf(tool.bag, dialect);
    if (own.$isOfItem) continue;
    if (tool.namespace === undefined) group = undefined;
    else if (group?.namespace !== tool.namespace || own.$namespace !== undefined) {
      group = { namespace: tool.namespace, tools: [] };
      written.push({ type: 'namespace', name: tool.namespace, ...objectOf(own.$namespace), tools: group.tools });
    }
    const target: JsonValue[] = group?.tools ?? written;
    if (!tool.isProviderTool) target.push(renderTool(tool));
    else if (tool.bag?.dialect === dialect)
      target.push(tool.bag.fields.$namespace === undefined ? tool.bag.fields : wireFieldsOf(tool.bag, dialect));
    else losses.push({ field: `tools[${index}]`, how: 'dropped', why: `only its own provider runs the tool ${tool.name}` });
  }
  return written;
}

function renderTool(tool: Tool): JsonObject {
  const written: JsonObject = { type: tool.isCustom ? 'custom' : 'function', name: tool.name };
  if (tool.description !== undefined) written.description = tool.description;
  if (tool.isCustom) {
    if (tool.grammar !== undefined) written.format = { type: 'grammar', ...tool.grammar };
  } else {
    if (tool.parameters !== undefined) written.parameters = tool.parameters;
    // Responses takes functions for strict unless told otherwise; other dialects mean the opposite by saying nothing.
    if (tool.strict !== undefined) written.strict = tool.strict;
    else if (formOf(tool.bag, dialect).strict !== 'absent') written.strict = false;
  }
  return { ...written, ...wireFieldsOf(tool.bag, dialect) };
}

/** Reads `tool_choice`; undefined for a form the model has no word for (hosted tools), which stays in the bag. */
export function parseToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  if (!isObject(choice)) return undefined;
  const name = nameOfEntry(choice);
  if (name !== undefined) return { type: 'tool', name, ...(choice.type === 'custom' && { isCustom: true }) };
  if (choice.type !== 'allowed_tools' || fieldsBeside(choice, new Set(['type', 'mode', 'tools'])) !== undefined) return undefined;
  const names: string[] = [];
  for (const entry of arrayOf(choice.tools)) {
    const entryName = nameOfEntry(objectOf(entry));
    if (entryName === undefined) return undefined;
    names.push(entryName);
  }
  return { type: 'allowed', names, mode: choice.mode === 'required' ? 'required' : 'auto' };
}

function nameOfEntry(entry: JsonObject): string | undefined {
  const isPlain = fieldsBeside(entry, new Set(['type', 'name'])) === undefined;
  return isPlain && (entry.type === 'function' || entry.type === 'custom') ? stringOf(entry.name) : undefined;
}

/** Writes `tool_choice`. */
export function renderToolChoice(choice: ToolChoice, tools: readonly Tool[]): JsonValue {
  const entry = (name: string): JsonObject => {
    const isCustom = tools.some((tool) => tool.name === name && tool.isCustom);
    return { type: isCustom ? 'custom' : 'function', name };
  };
  if (choice.type === 'tool') return entry(choice.name);
  if (choice.type !== 'allowed') return choice.type;
  return { type: 'allowed_tools', mode: choice.mode, tools: choice.names.map(entry) };
}

/** Reads `text.format`. */
export function parseFormat(format: JsonObject): OutputFormat | undefined {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json_object') return { type: 'json' };
  if (format.type !== 'json_schema' || !isObject(format.schema)) return undefined;
  const output: OutputFormat = { type: 'json-schema', schema: format.schema };
  if (typeof format.name === 'string') output.name = format.name;
  if (typeof format.description === 'string') output.description = format.description;
  if (typeof format.strict === 'boolean') output.strict = format.strict;
  return output;
}

/** Writes `text.format`. */
export function renderFormat(output: OutputFormat): JsonObject {
  if (output.type === 'text') return { type: 'text' };
  if (output.type === 'json') return { type: 'json_object' };
  const format: JsonObject = { type: 'json_schema', name: output.name ?? 'answer' };
  if (output.description !== undefined) format.description = output.description;
  if (output.strict !== undefined) format.strict = output.strict;
  format.schema = output.schema;
  return format;
}
