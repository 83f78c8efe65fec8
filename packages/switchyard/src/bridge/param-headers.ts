/**
 * Arguments that a tool wants mirrored into headers (`x-mcp-header` in its input schema; 2026-07-28, Streamable HTTP, "Custom
 * Headers from Tool Parameters"). Clients over stdio do not send any, so the bridge reads the lists that pass through it.
 */
import { headerText } from './message.ts';

interface Mirrored {
  header: string;
  /** Property names from the arguments' root to the value. */
  path: string[];
}

/** What tools want mirrored, by their names. */
export class ParamHeaders {
  readonly #tools = new Map<string, Mirrored[]>();

  /** Takes note of a message from the server; only lists of tools matter. */
  learn(text: string): void {
    if (!text.includes('"x-mcp-header"')) return;
    const { result } = JSON.parse(text) as { result?: { tools?: { name?: unknown; inputSchema?: unknown }[] } };
    if (!Array.isArray(result?.tools)) return;
    for (const { name, inputSchema } of result.tools)
      if (typeof name === 'string') this.#tools.set(name, mirroredIn(inputSchema, []));
  }

  /** Headers for a call. */
  headersFor(tool: string, args: unknown): Record<string, string> {
    const pairs = (this.#tools.get(tool) ?? []).flatMap(({ header, path }) => {
      const value = path.reduce<unknown>((each, key) => (each as Record<string, unknown> | undefined)?.[key], args);
      const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
      return isPlain ? [[header, headerText(String(value))]] : [];
    });
    return Object.fromEntries(pairs);
  }
}

/** Only what is reached through `properties` alone may be mirrored. */
function mirroredIn(schema: unknown, path: string[]): Mirrored[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { 'x-mcp-header': name, properties } = schema as { 'x-mcp-header'?: unknown; properties?: Record<string, unknown> };
  const own = typeof name === 'string' && path.length > 0 ? [{ header: `mcp-param-${name.toLowerCase()}`, path }] : [];
  const inner = Object.entries(properties ?? {}).flatMap(([key, child]) => mirroredIn(child, [...path, key]));
  return [...own, ...inner];
}
