/** Whether a model can do what a request asks for, as far as its provider says what it can do. Pure. */
import type { ModelRequest, Part } from '@switchyard/dialects';
import type { ModelInfo } from '../providers/provider.ts';

/** What a request asks of a model. */
export interface Needs {
  tools: boolean;
  images: boolean;
  jsonSchema: boolean;
  /** Tokens of the prompt at the very least: what is not fits nowhere. */
  leastInputTokens: number;
}

/** Few texts have more characters to a token. */
const mostCharsPerToken = 6;

export function needsOf(request: ModelRequest): Needs {
  let chars = 0;
  let images = false;
  const look = (part: Part): void => {
    if (part.type === 'text') chars += part.text.length;
    else if (part.type === 'image') images = true;
    else if (part.type === 'tool-result') part.content.forEach(look);
    else if (part.type === 'tool-call') chars += part.arguments.length;
  };
  for (const { parts } of request.messages) parts.forEach(look);
  return {
    tools: request.tools.some(({ isProviderTool }) => !isProviderTool),
    images,
    jsonSchema: request.output?.type === 'json-schema',
    leastInputTokens: Math.floor(chars / mostCharsPerToken),
  };
}

/** What a model lacks for a request; undefined when nothing is known to be missing. */
export function lackOf(info: ModelInfo | undefined, needs: Needs): string | undefined {
  if (!info) return undefined;
  const { capabilities, contextTokens } = info;
  if (needs.tools && capabilities.tools === false) return 'tools';
  if (needs.images && capabilities.images === false) return 'images';
  if (needs.jsonSchema && capabilities.jsonSchema === false) return 'JSON schemas';
  if (contextTokens !== undefined && needs.leastInputTokens > contextTokens) return `${contextTokens} tokens of context`;
  return undefined;
}

/** Whether a request of this size could ask for something that the model is known to lack: only then it needs to be read. */
export function couldLack(info: ModelInfo | undefined, bodyBytes: number): boolean {
  if (!info) return false;
  const { tools, images, jsonSchema } = info.capabilities;
  if (tools === false || images === false || jsonSchema === false) return true;
  return info.contextTokens !== undefined && bodyBytes / mostCharsPerToken > info.contextTokens;
}
