/**
 * Marks of the prompt cache (`cache_control`). Anthropic, OpenRouter and Venice read them; other servers of OpenAI's interface cache by
 * themselves, and some refuse fields they do not know.
 */
import type { ModelRequest, Part } from './request.ts';

/** The request without marks. What has none stays the same object. */
export function withoutCacheMarks(request: ModelRequest): ModelRequest {
  return {
    ...request,
    messages: request.messages.map((message) => ({ ...message, parts: message.parts.map(unmarkedPart) })),
    tools: request.tools.map(unmarked),
  };
}

function unmarkedPart(part: Part): Part {
  if (part.type === 'tool-result') return { ...unmarked(part), content: part.content.map(unmarkedPart) };
  return unmarked(part);
}

function unmarked<T extends object>(marked: T): T {
  if (!('cacheControl' in marked)) return marked;
  const { cacheControl: _, ...rest } = marked;
  return rest as T;
}
