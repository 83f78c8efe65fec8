/**
 * Custom tools of OpenAI (free text in) for dialects that know only functions: the text travels as the one argument `input`.
 * Renderers toward such an upstream use it on tools and past calls; renderers toward the client take the text out again.
 */
import { type JsonObject, parseObject } from './json.ts';

/** JSON Schema of a custom tool's arguments where only functions exist. */
export const customToolSchema: JsonObject = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The input of the tool, as plain text.' } },
  required: ['input'],
  additionalProperties: false,
};

/** Free text as function arguments. */
export function wrapCustomInput(text: string): string {
  return JSON.stringify({ input: text });
}

/** The free text of function arguments; arguments that hold none are the text themselves. */
export function unwrapCustomInput(argumentsText: string): string {
  const input = parseObject(argumentsText)?.input;
  return typeof input === 'string' ? input : argumentsText;
}
