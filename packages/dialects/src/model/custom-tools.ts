/**
 * Custom tools (free text in, as OpenAI's `apply_patch`) for dialects that only know functions: the text travels as the one
 * argument `input`, and a grammar is told in the description.
 */
import { type JsonObject, parseObject, stringOf } from './json.ts';
import type { Tool, ToolCallPart } from './request.ts';

/** The function that stands in for a custom tool. */
export function functionOfCustomTool(tool: Tool): { description: string; parameters: JsonObject } {
  const description = [
    tool.description ?? '',
    'Put the whole text for this tool, unescaped and without any wrapping of its own, into `input`.',
    tool.grammar === undefined ? '' : `The text must follow this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`,
  ];
  return {
    description: description.filter((part) => part !== '').join('\n\n'),
    parameters: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'], additionalProperties: false },
  };
}

/** The arguments of a call as JSON text: those of a custom tool are put into `input`, none at all become `{}`. */
export function jsonArgumentsOf(call: Pick<ToolCallPart, 'arguments' | 'isCustom'>): string {
  if (call.isCustom) return JSON.stringify({ input: call.arguments });
  return call.arguments === '' ? '{}' : call.arguments;
}

/** The free text for a custom tool out of the arguments of the function that stood in for it. */
export function customInputOf(argumentsText: string): string {
  const found = parseObject(argumentsText);
  return (found && stringOf(found.input)) ?? argumentsText;
}
