/**
 * Finds out what the references inside one JSON Schema mean (2020-12 Core §8): `$id` sets the base of what is below it,
 * `$anchor` names a place. Nothing is ever fetched: a reference that leads out of the schema leads nowhere.
 */
import type { JsonObject } from '../../jsonrpc/message.ts';
import { isObject, schemaPlaces } from './keywords.ts';

/** Schemas nested deeper than this are cut off: nobody writes them, but stacks end. */
export const maxDepth = 64;

/** Base of a schema without `$id`. */
const ownBase = 'schema:///';

export class References {
  readonly #root: unknown;
  /** Base URI of every schema object that was found. */
  readonly #bases = new Map<object, string>();
  /** Absolute URI, with an anchor or without a fragment → the schema there. */
  readonly #named = new Map<string, unknown>();

  constructor(root: unknown) {
    this.#root = root;
    this.#named.set(ownBase, root);
    this.#index(root, ownBase, 0);
  }

  /** What `reference`, which stands in `schema`, points to; undefined when that is nowhere in this document. */
  target(reference: string, schema: object): unknown {
    const uri = resolved(reference, this.#bases.get(schema) ?? ownBase);
    if (uri === undefined) return undefined;
    const [resource = '', fragment = ''] = splitFragment(uri);
    if (fragment !== '' && !fragment.startsWith('/')) return this.#named.get(uri);
    const start = this.#named.get(resource);
    return start === undefined ? undefined : pointed(start, fragment);
  }

  get root(): unknown {
    return this.#root;
  }

  #index(schema: unknown, base: string, depth: number): void {
    if (!isObject(schema) || depth > maxDepth) return;
    let here = base;
    if (typeof schema.$id === 'string') {
      here = splitFragment(resolved(schema.$id, base) ?? base)[0] ?? base;
      this.#named.set(here, schema);
    }
    this.#bases.set(schema, here);
    for (const anchor of [schema.$anchor, schema.$dynamicAnchor]) {
      if (typeof anchor === 'string') this.#named.set(`${here}#${anchor}`, schema);
    }
    for (const child of subschemas(schema)) this.#index(child, here, depth + 1);
  }
}

function subschemas(schema: JsonObject): unknown[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    // `items` of older drafts and `dependencies` are schemas in either form.
    if (Array.isArray(value) && (keyword === 'items' || schemaPlaces[keyword] === 'list')) return value;
    if (isObject(value) && (keyword === 'dependencies' || schemaPlaces[keyword] === 'map')) return Object.values(value);
    return keyword === 'additionalItems' || schemaPlaces[keyword] === 'one' ? [value] : [];
  });
}

function resolved(reference: string, base: string): string | undefined {
  try {
    return new URL(reference, base).href;
  } catch {
    return undefined;
  }
}

function splitFragment(uri: string): string[] {
  const hash = uri.indexOf('#');
  return hash === -1 ? [uri, ''] : [uri.slice(0, hash), uri.slice(hash + 1)];
}

/** Follows a JSON pointer (RFC 6901) given as URI fragment. */
function pointed(start: unknown, fragment: string): unknown {
  let value = start;
  for (const step of fragment.split('/').slice(1)) {
    const key = unescaped(step);
    if (key === undefined || value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}

function unescaped(step: string): string | undefined {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return undefined;
  }
}
