/**
 * Schemas of Gemini's own kind (a subset of OpenAPI 3.0: types in upper case, `nullable`, numbers as strings) as JSON Schema.
 * Source: Gemini API, "Schema". The other direction is not needed: Gemini takes JSON Schema as `parametersJsonSchema`.
 */
import { isObject, type JsonObject, type JsonValue } from '../model/json.ts';

const counts = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);

export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const key in schema) {
    const value = schema[key];
    if (key === 'type' && typeof value === 'string') result.type = value.toLowerCase();
    else if (key === 'nullable' || key === 'propertyOrdering') continue;
    else if (key === 'example') result.examples = [value as JsonValue];
    else if (counts.has(key) && typeof value === 'string') result[key] = Number(value);
    else if (key === 'items' && isObject(value)) result.items = jsonSchemaOf(value);
    else if (key === 'anyOf' && Array.isArray(value))
      result.anyOf = value.map((one) => (isObject(one) ? jsonSchemaOf(one) : one));
    else if (key === 'properties' && isObject(value)) {
      result.properties = Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, isObject(one) ? jsonSchemaOf(one) : one]),
      );
    } else result[key] = value;
  }
  if (result.type === 'type_unspecified') delete result.type;
  if (schema.nullable === true && typeof result.type === 'string') {
    result.type = [result.type, 'null'];
    if (Array.isArray(result.enum) && !result.enum.includes(null)) result.enum = [...result.enum, null];
  }
  return result;
}
