/**
 * Tools that items of `input` offer (`additional_tools`), which is how Codex 0.169 brings its tools to the models it knows. The model
 * of a request has one list of tools; the items themselves are kept with their places, for the same dialect.
 */
import { arrayOf, isObject, type JsonObject, type JsonValue, numberOf, objectOf } from '../model/json.ts';
import type { Tool } from '../model/request.ts';
import { ofItem, parseTools } from './tools.ts';

function isToolItem(item: JsonValue): item is JsonObject {
  return isObject(item) && item.type === 'additional_tools' && Array.isArray(item.tools);
}

/** The tools of all such items; of two with one name the later holds. */
export function toolsOfItems(input: JsonValue | undefined): Tool[] {
  const tools = new Map<string, Tool>();
  arrayOf(input).forEach((item, index) => {
    if (!isToolItem(item)) return;
    for (const tool of parseTools(arrayOf(item.tools), `input[${index}].tools`))
      tools.set(JSON.stringify([tool.namespace, tool.name]), ofItem(tool));
  });
  return [...tools.values()];
}

/** The items that are messages, and the others with their places. */
export function withoutToolItems(input: readonly JsonValue[]): { rest: JsonValue[]; kept: JsonObject[] } {
  const kept = input.flatMap((item, at) => (isToolItem(item) ? [{ at, item }] : []));
  return { rest: kept.length === 0 ? [...input] : input.filter((item) => !isToolItem(item)), kept };
}

/** Puts the items back to their places. */
export function putBack(kept: JsonValue | undefined, input: JsonObject[]): void {
  for (const one of arrayOf(kept)) input.splice(numberOf(objectOf(one).at) ?? 0, 0, objectOf(objectOf(one).item));
}
