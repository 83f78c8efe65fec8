/**
 * Shapes that only newer servers may use, made fit for handshake-era clients: there `outputSchema` has to describe an
 * object and `structuredContent` has to be one. Anything else is wrapped as `{result: …}`, schema and value alike.
 */

import { memberText, rewriteObject, scanArray } from '@switchyard/kit/json-scan';
import type { JsonObject } from '../jsonrpc/message.ts';

/** The last list seen and its converted form: a list is asked for again and again, byte for byte the same. */
let last: { from: string; to: string } | undefined;

/** The text of a tools/list result with every outputSchema describing an object. */
export function objectSchemasOnly(text: string): string {
  if (!text.includes('"outputSchema"')) return text;
  if (last?.from === text) return last.to;
  const tools = scanArray(memberText(text, 'tools') ?? '[]');
  let changed = false;
  const converted = tools.map((tool) => {
    const schema = tool.includes('"outputSchema"') ? memberText(tool, 'outputSchema') : undefined;
    if (schema === undefined || (JSON.parse(schema) as JsonObject)?.type === 'object') return tool;
    changed = true;
    return rewriteObject(tool, { outputSchema: `{"type":"object","properties":{"result":${schema}},"required":["result"]}` });
  });
  const to = changed ? rewriteObject(text, { tools: `[${converted.join(',')}]` }) : text;
  last = { from: text, to };
  return to;
}

/** The text of a tools/call result with structuredContent being an object. */
export function objectContentOnly(text: string): string {
  if (!text.includes('"structuredContent"')) return text;
  const content = memberText(text, 'structuredContent');
  if (content === undefined || content.startsWith('{')) return text;
  return rewriteObject(text, { structuredContent: `{"result":${content}}` });
}
