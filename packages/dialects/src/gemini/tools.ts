/** Tools of Gemini: function declarations in groups, and the tools that Google runs, each under its own key. */
import type { Loss } from '../dialect.ts';
import { Fields, unpack } from '../fields.ts';
import { bagOf, fieldsOf } from '../model/bag.ts';
import { functionOfCustomTool } from '../model/custom-tools.ts';
import { isObject, type JsonObject, type JsonValue, numberOf, stringOf } from '../model/json.ts';
import type { Tool } from '../model/request.ts';
import { flatToolName } from '../model/tool-names.ts';
import { camel } from './keys.ts';
import { jsonSchemaOf } from './schema.ts';

/** The note `$entry` says in which entry of `tools` a tool stood, for all but the plain case of one entry of functions. */
export function parseTools(entries: readonly JsonValue[] | undefined): Tool[] {
  if (entries === undefined) return [];
  const isPlain = entries.length === 1;
  const tools: Tool[] = [];
  entries.forEach((raw, index) => {
    if (!isObject(raw)) return;
    const { functionDeclarations, ...others } = camel(raw);
    const note: JsonObject | undefined = isPlain ? undefined : { $entry: index };
    if (Array.isArray(functionDeclarations)) {
      for (const declaration of functionDeclarations)
        if (isObject(declaration)) tools.push(parseFunction(camel(declaration), note));
    }
    for (const key in others) {
      const fields: JsonObject = { [key]: others[key], $entry: index };
      tools.push({ name: key, isProviderTool: true, bag: { dialect: 'gemini', fields } });
    }
  });
  return tools;
}

const object = (value: unknown) => (isObject(value) ? value : undefined);

function parseFunction(declaration: JsonObject, note: JsonObject | undefined): Tool {
  const fields = new Fields(declaration);
  const name = fields.take('name', stringOf) ?? '';
  const description = fields.take('description', stringOf);
  const schema = fields.take('parametersJsonSchema', object);
  // Schemas of Gemini's own kind are read, and stay in the bag as they were written.
  const parameters = schema ?? (isObject(fields.rest.parameters) ? jsonSchemaOf(fields.rest.parameters) : undefined);
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
    ...bagOf('gemini', fields.rest, note),
  };
}

/** Writes `tools`; those that Gemini cannot offer are losses. */
export function renderTools(tools: readonly Tool[], isNative: boolean, losses: Loss[]): JsonObject[] {
  const entries = new Map<number, JsonObject>();
  tools.forEach((tool, index) => {
    const fields = fieldsOf(tool.bag, 'gemini');
    const place = numberOf(fields.$entry) ?? 0;
    const entry = entries.get(place) ?? {};
    if (tool.isProviderTool) {
      if (tool.bag?.dialect !== 'gemini') {
        const why = `only ${tool.bag?.dialect ?? 'its own provider'} runs this tool`;
        losses.push({ field: `tools[${index}]`, how: 'dropped', why });
        return;
      }
      unpack(entry, fields);
    } else {
      const declarations = (entry.functionDeclarations as JsonObject[] | undefined) ?? [];
      declarations.push(renderFunction(tool, `tools[${index}]`, isNative, losses));
      entry.functionDeclarations = declarations;
    }
    entries.set(place, entry);
  });
  return [...entries.keys()].sort((a, b) => a - b).map((place) => entries.get(place) as JsonObject);
}

function renderFunction(tool: Tool, field: string, isNative: boolean, losses: Loss[]): JsonObject {
  const declaration: JsonObject = { name: nameFor(tool, isNative) };
  if (tool.isCustom) {
    const { description, parameters } = functionOfCustomTool(tool);
    const why = 'Gemini has no tools with free text: the text is the argument `input`';
    losses.push({ field, how: 'approximated', why });
    return { ...declaration, description, parametersJsonSchema: parameters };
  }
  const fields = fieldsOf(tool.bag, 'gemini');
  if (tool.description !== undefined) declaration.description = tool.description;
  if (tool.parameters !== undefined && fields.parameters === undefined) declaration.parametersJsonSchema = tool.parameters;
  return unpack(declaration, fields);
}

/** The name of a tool at Gemini: as a client of Gemini wrote it, or one that fits. */
export function nameFor(tool: { name: string; namespace?: string }, isNative: boolean): string {
  return isNative && tool.namespace === undefined ? tool.name : flatToolName(tool.namespace, tool.name);
}
