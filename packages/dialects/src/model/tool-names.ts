/**
 * Names of tools for dialects that know no namespaces. Codex groups MCP tools as `{"type":"namespace","name":"mcp__probe"}`
 * and wants calls back as `namespace` and `name`; everyone else is told one flat name, which is restored by looking at the
 * tools the client offered.
 */
import { createHash } from 'node:crypto';
import type { Tool } from './request.ts';

const limitChars = 64;
const plain = /^[A-Za-z0-9_-]{1,64}$/;
const hashChars = 8;

/**
 * One name of `[A-Za-z0-9_-]`, at most 64 characters: what OpenAI, Anthropic, Gemini and Ollama all take. A name that fits
 * stays as it is; one that had to be changed ends in a hash of the whole, so that two of them never meet.
 */
export function flatToolName(namespace: string | undefined, name: string): string {
  const whole = namespace === undefined ? name : `${namespace}__${name}`;
  if (plain.test(whole)) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, hashChars);
  const kept = whole.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, limitChars - hashChars - 1);
  return `${kept}_${hash}`;
}

/** The name as the client knows it, from the tools of its request; a name that is none of them stays as it is. */
export function restoreToolName(flat: string, tools: readonly Tool[]): { namespace?: string; name: string } {
  let restored: Tool | undefined;
  for (const tool of tools) {
    if (tool.namespace === undefined && tool.name === flat) return { name: flat };
    if (restored === undefined && flatToolName(tool.namespace, tool.name) === flat) restored = tool;
  }
  if (restored === undefined) return { name: flat };
  return { ...(restored.namespace !== undefined && { namespace: restored.namespace }), name: restored.name };
}
