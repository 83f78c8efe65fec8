/**
 * The keywords of JSON Schema 2020-12 that matter for moving a schema: where sub-schemas are, and what a value must look
 * like. What servers send is of any draft and any quality; a keyword with an impossible value is dropped, because one of
 * them would make the whole document invalid.
 */
import type { JsonObject } from '../../jsonrpc/message.ts';

export type SchemaPlace = 'one' | 'list' | 'map';

/** Keywords that hold sub-schemas, and how. */
export const schemaPlaces: Readonly<Record<string, SchemaPlace>> = {
  additionalProperties: 'one',
  allOf: 'list',
  anyOf: 'list',
  contains: 'one',
  contentSchema: 'one',
  definitions: 'map',
  $defs: 'map',
  dependentSchemas: 'map',
  else: 'one',
  if: 'one',
  items: 'one',
  not: 'one',
  oneOf: 'list',
  patternProperties: 'map',
  prefixItems: 'list',
  properties: 'map',
  propertyNames: 'one',
  // biome-ignore lint/suspicious/noThenProperty: the keyword's name.
  then: 'one',
  unevaluatedItems: 'one',
  unevaluatedProperties: 'one',
};

/**
 * Keywords that say where a schema is or in which dialect: meaningless once it stands in another document. Definitions
 * move to where references find them.
 */
export const placeKeywords: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$anchor',
  '$dynamicAnchor',
  '$recursiveAnchor',
  '$vocabulary',
  '$ref',
  '$dynamicRef',
  '$recursiveRef',
  '$defs',
  'definitions',
]);

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A schema is an object or a boolean. */
export function isSchema(value: unknown): value is JsonObject | boolean {
  return typeof value === 'boolean' || isObject(value);
}

const isString = (value: unknown) => typeof value === 'string';
const isBoolean = (value: unknown) => typeof value === 'boolean';
const isNumber = (value: unknown) => typeof value === 'number';
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isStrings = (value: unknown) => Array.isArray(value) && value.every(isString) && new Set(value).size === value.length;
const types = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];
const isType = (value: unknown) => types.includes(value as string);

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  $comment: isString,
  contentEncoding: isString,
  contentMediaType: isString,
  dependentRequired: (value) => isObject(value) && Object.values(value).every(isStrings),
  deprecated: isBoolean,
  description: isString,
  discriminator: (value) => isObject(value) && isString(value.propertyName),
  enum: Array.isArray,
  examples: Array.isArray,
  exclusiveMaximum: isNumber,
  exclusiveMinimum: isNumber,
  externalDocs: (value) => isObject(value) && isString(value.url),
  format: isString,
  maxContains: isCount,
  maximum: isNumber,
  maxItems: isCount,
  maxLength: isCount,
  maxProperties: isCount,
  minContains: isCount,
  minimum: isNumber,
  minItems: isCount,
  minLength: isCount,
  minProperties: isCount,
  multipleOf: (value) => isNumber(value) && (value as number) > 0,
  pattern: isPattern,
  readOnly: isBoolean,
  required: isStrings,
  title: isString,
  type: (value) => isType(value) || (isStrings(value) && (value as string[]).length > 0 && (value as string[]).every(isType)),
  uniqueItems: isBoolean,
  writeOnly: isBoolean,
  xml: isObject,
};

/** Whether a keyword without sub-schemas may have this value. Unknown keywords may have any. */
export function isAllowed(keyword: string, value: unknown): boolean {
  return Object.hasOwn(checks, keyword) ? (checks[keyword]?.(value) ?? true) : true;
}

function isPattern(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    new RegExp(value, 'u');
    return true;
  } catch {
    return false;
  }
}

/** Rewrites what older drafts spell differently (draft-04 exclusive bounds, tuples and dependencies up to 2019-09). */
export function modernized(schema: JsonObject): JsonObject {
  const { items, additionalItems, dependencies, ...rest } = schema;
  const out: JsonObject = { ...rest };
  if (Array.isArray(items)) {
    out.prefixItems = items;
    if (additionalItems !== undefined) out.items = additionalItems;
  } else if (items !== undefined) out.items = items;
  if (isObject(dependencies)) {
    const all = Object.entries(dependencies);
    out.dependentRequired = Object.fromEntries(all.filter(([, value]) => Array.isArray(value)));
    out.dependentSchemas = Object.fromEntries(all.filter(([, value]) => isSchema(value)));
  }
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (schema[exclusive] !== true) continue;
    out[exclusive] = schema[bound];
    delete out[bound];
  }
  return out;
}
