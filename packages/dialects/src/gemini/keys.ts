/**
 * Gemini reads JSON as protocol buffers do: `systemInstruction` and `system_instruction` are one field. Clients written by hand
 * and some SDKs use the second form. Only objects of the protocol go through here, never arguments, results or schemas.
 */
import { isObject, type JsonObject } from '../model/json.ts';

/** The object with its own keys in camel case; the same object where they are. */
export function camel(object: JsonObject): JsonObject {
  let isClean = true;
  for (const key in object) {
    if (key.includes('_')) {
      isClean = false;
      break;
    }
  }
  if (isClean) return object;
  const result: JsonObject = {};
  for (const key in object)
    result[key.replace(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase())] = object[key];
  return result;
}

/** The value as an object with camel keys, if it is an object. */
export function camelObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? camel(value) : undefined;
}
