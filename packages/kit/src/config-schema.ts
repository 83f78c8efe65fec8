/** What a schema looks like to others: as JSON Schema for editors, and as a Markdown table for the documentation. */
import { z } from 'zod';

/** The schema of what an author writes (before defaults), as JSON Schema draft 2020-12. A top-level `$schema` key is allowed. */
export function configJsonSchema(schema: z.ZodType): object {
  const json = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' });
  if (json.type === 'object' && json.properties) json.properties = { $schema: { type: 'string' }, ...json.properties };
  return json;
}

/** Markdown: a heading and one table row for every field, nested ones by their full path (`servers.<name>.args[]`). */
export function configReference(schema: z.ZodType, title: string): string {
  const root = configJsonSchema(schema) as JsonSchema;
  const rows = [...fieldsOf(root, root, '', [])].filter((row) => row.path !== '$schema').map(toRow);
  // A field that several forms of a union share appears once for each.
  const unique = new Set(rows);
  return [`## ${title}`, '', '| Field | Type | Default | Meaning |', '|---|---|---|---|', ...unique, ''].join('\n');
}

/** The part of JSON Schema that zod writes and this file reads. */
interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  default?: unknown;
  description?: string;
}

interface Row {
  path: string;
  type: string;
  default: string;
  description: string;
}

function* fieldsOf(schema: JsonSchema, root: JsonSchema, path: string, above: JsonSchema[]): Generator<Row> {
  const node = resolve(schema, root);
  if (above.includes(node)) return;
  const deeper = [...above, node];
  for (const [key, field] of Object.entries(node.properties ?? {})) {
    const fieldPath = path ? `${path}.${key}` : key;
    yield rowOf(fieldPath, field, root, node.required?.includes(key) ?? false);
    yield* fieldsOf(field, root, fieldPath, deeper);
  }
  if (typeof node.additionalProperties === 'object') yield* fieldsOf(node.additionalProperties, root, `${path}.<name>`, deeper);
  if (node.items) yield* fieldsOf(node.items, root, `${path}[]`, deeper);
  for (const form of alternatives(node)) yield* fieldsOf(form, root, path, deeper);
}

function rowOf(path: string, field: JsonSchema, root: JsonSchema, required: boolean): Row {
  const node = resolve(field, root);
  const preset = field.default ?? node.default;
  return {
    path,
    type: typeOf(field, root),
    default: preset !== undefined ? JSON.stringify(preset) : required ? '*required*' : '–',
    description: field.description ?? node.description ?? '',
  };
}

function typeOf(schema: JsonSchema, root: JsonSchema, depth = 0): string {
  const node = resolve(schema, root);
  if (depth > 4) return '…';
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map((each) => JSON.stringify(each)).join(' | ');
  const forms = alternatives(node);
  if (forms.length > 0) return [...new Set(forms.map((form) => typeOf(form, root, depth + 1)))].join(' | ');
  if (node.type === 'array') return `array of ${node.items ? typeOf(node.items, root, depth + 1) : 'any'}`;
  if (typeof node.additionalProperties === 'object' && !node.properties) {
    return `map of ${typeOf(node.additionalProperties, root, depth + 1)}`;
  }
  return [node.type ?? 'any'].flat().join(' | ');
}

function alternatives(node: JsonSchema): JsonSchema[] {
  return [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === '#') return root;
  const name = schema.$ref?.replace('#/$defs/', '');
  return (name === undefined ? undefined : root.$defs?.[name]) ?? schema;
}

function toRow({ path, type, default: preset, description }: Row): string {
  const cells = [
    `\`${path}\``,
    type === '' ? '' : `\`${type}\``,
    preset.startsWith('*') || preset === '–' ? preset : `\`${preset}\``,
  ];
  return `| ${[...cells, description].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
