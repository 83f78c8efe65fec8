/**
 * Tool arguments mirrored into `Mcp-Param-{Name}` headers by `x-mcp-header` in the input schema
 * (2026-07-28, Streamable HTTP › Custom Headers from Tool Parameters).
 */
import type { JsonObject } from '../jsonrpc/message.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';

export interface ParamHeader {
  /** Lower-case header name, `mcp-param-region`. */
  header: string;
  /** Property names from the arguments' root to the value. */
  path: readonly string[];
  type: 'string' | 'integer' | 'boolean';
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The declarations of an input schema; throws an Error that says which constraint one of them breaks. */
export function paramHeadersOf(schema: unknown): ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(schema, [], true, found);
  const seen = new Set<string>();
  for (const { header } of found) {
    if (seen.has(header)) throw new Error(`two parameters use the header ${header}`);
    seen.add(header);
  }
  return found;
}

function collect(schema: unknown, path: readonly string[], reachable: boolean, found: ParamHeader[]): void {
  if (Array.isArray(schema)) {
    for (const element of schema) collect(element, path, false, found);
    return;
  }
  if (schema === null || typeof schema !== 'object') return;
  const node = schema as JsonObject;
  const name = node['x-mcp-header'];
  if (name !== undefined) {
    const where = path.join('.') || 'the schema root';
    if (typeof name !== 'string' || !token.test(name)) throw new Error(`x-mcp-header of ${where} is not a header name`);
    if (!reachable || path.length === 0) throw new Error(`x-mcp-header of ${where} is not reachable through "properties" alone`);
    const type = node.type;
    if (type !== 'string' && type !== 'integer' && type !== 'boolean')
      throw new Error(`x-mcp-header of ${where} needs type string, integer or boolean`);
    found.push({ header: `mcp-param-${name.toLowerCase()}`, path, type });
  }
  for (const [key, value] of Object.entries(node)) {
    if (key === 'properties' && value !== null && typeof value === 'object' && !Array.isArray(value)) {
      for (const [property, child] of Object.entries(value)) collect(child, [...path, property], reachable, found);
    } else if (!['x-mcp-header', 'default', 'const', 'enum', 'examples'].includes(key)) collect(value, path, false, found);
  }
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value ?? undefined;
}

function isPrimitive(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The headers that a call with these arguments must carry. */
export function renderParamHeaders(declared: readonly ParamHeader[], args: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { header, path } of declared) {
    const value = valueAt(args, path);
    if (isPrimitive(value)) headers[header] = encodeHeaderValue(String(value));
  }
  return headers;
}

/** Says what is wrong with the headers of a call, or undefined when they match its arguments. */
export function checkParamHeaders(
  declared: readonly ParamHeader[],
  args: unknown,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  for (const { header, path, type } of declared) {
    const value = valueAt(args, path);
    const given = headers[header];
    if (value === undefined) {
      if (given !== undefined) return `the header ${header} is present but the argument ${path.join('.')} is not`;
      continue;
    }
    if (typeof given !== 'string') return `the argument ${path.join('.')} is present but the header ${header} is missing`;
    const decoded = decodeHeaderValue(given);
    if (decoded === undefined) return `the header ${header} is not validly encoded`;
    const equal =
      type === 'integer' && typeof value === 'number'
        ? decoded.trim() !== '' && Number(decoded) === value
        : isPrimitive(value) && decoded === String(value);
    if (!equal) return `the header ${header} does not match the argument ${path.join('.')}`;
  }
  return undefined;
}
