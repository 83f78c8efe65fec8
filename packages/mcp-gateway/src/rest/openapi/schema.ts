/**
 * Moves a tool's JSON Schema into an OpenAPI 3.1 document. The schema itself is given back to stand where it is used;
 * whatever it refers to becomes a component of its own, because `#/components/schemas/{name}` is the one form of
 * reference that every consumer of OpenAPI follows.
 */
import type { JsonObject } from '../../jsonrpc/message.ts';
import { isAllowed, isObject, isSchema, modernized, placeKeywords, schemaPlaces } from './keywords.ts';
import { maxDepth, References } from './references.ts';

export interface MovedSchema {
  schema: JsonObject | boolean;
  /** Components that `schema` needs, by name. */
  components: Record<string, JsonObject | boolean>;
}

/** Moves `schema`; names of components begin with `prefix` and a dot. Anything that is not a schema becomes one that accepts all. */
export function moveSchema(schema: unknown, prefix: string): MovedSchema {
  const mover = new Mover(schema, prefix);
  const moved = mover.move(schema, 0);
  return { schema: moved, components: mover.finish() };
}

/** Moves the schema of an object, such as a tool's arguments: says `type: object` even where the server did not. */
export function moveObjectSchema(schema: unknown, prefix: string): MovedSchema & { schema: JsonObject } {
  const { schema: moved, components } = moveSchema(schema, prefix);
  return { schema: isObject(moved) ? { ...moved, type: 'object' } : { type: 'object' }, components };
}

class Mover {
  readonly #references: References;
  readonly #prefix: string;
  readonly #names = new Map<unknown, string>();
  readonly #taken = new Set<string>();
  readonly #waiting: { name: string; target: unknown }[] = [];

  constructor(root: unknown, prefix: string) {
    this.#references = new References(root);
    this.#prefix = prefix;
  }

  /** The components of everything referred to so far, and of what those refer to. */
  finish(): Record<string, JsonObject | boolean> {
    const components: [string, JsonObject | boolean][] = [];
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      components.push([next.name, this.move(next.target, 0)]);
    return Object.fromEntries(components);
  }

  move(schema: unknown, depth: number): JsonObject | boolean {
    if (!isObject(schema) || depth > maxDepth) return typeof schema === 'boolean' ? schema : {};
    const out: JsonObject = {};
    for (const [keyword, value] of Object.entries(modernized(schema))) {
      if (placeKeywords.has(keyword)) continue;
      const moved = this.#moveValue(keyword, value, depth + 1);
      if (moved !== undefined) define(out, keyword, moved);
    }
    const reference = schema.$ref ?? schema.$dynamicRef ?? schema.$recursiveRef;
    return typeof reference === 'string' ? withReference(out, this.#moveReference(reference, schema)) : out;
  }

  #moveValue(keyword: string, value: unknown, depth: number): unknown {
    const place = Object.hasOwn(schemaPlaces, keyword) ? schemaPlaces[keyword] : undefined;
    if (place === undefined) return isAllowed(keyword, value) ? value : undefined;
    if (place === 'one') return isSchema(value) ? this.move(value, depth) : undefined;
    if (place === 'list')
      return Array.isArray(value) && value.length > 0 ? value.map((each) => this.move(each, depth)) : undefined;
    if (!isObject(value)) return undefined;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.move(each, depth)]));
  }

  #moveReference(reference: string, schema: JsonObject): JsonObject {
    const target = this.#references.target(reference, schema);
    if (!isSchema(target))
      return { $comment: `the reference ${JSON.stringify(reference)} leads out of this schema and was not followed` };
    // Two places may hold the same boolean; each gets a component of its own, which does no harm.
    let name = isObject(target) ? this.#names.get(target) : undefined;
    if (name === undefined) {
      name = this.#newName(target === this.#references.root ? 'self' : reference);
      this.#names.set(target, name);
      this.#waiting.push({ name, target });
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** `{prefix}.{last step of the reference}`, in the characters that component names may have. */
  #newName(reference: string): string {
    const last = reference.split(/[/#]/).findLast(Boolean) ?? 'schema';
    const wanted = `${this.#prefix}.${last.replace(/[^A-Za-z0-9._-]+/g, '_')}`;
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${wanted}-${number}`;
    this.#taken.add(name);
    return name;
  }
}

/** What may stand beside `$ref` even for consumers that put the target in the place of the whole object. */
const annotations: ReadonlySet<string> = new Set(['title', 'description', 'default', 'deprecated', 'examples', '$comment']);

function withReference(schema: JsonObject, reference: JsonObject): JsonObject {
  if (!('$ref' in reference) || Object.keys(schema).every((keyword) => annotations.has(keyword)))
    return { ...schema, ...reference };
  return { ...schema, allOf: [...(Array.isArray(schema.allOf) ? schema.allOf : []), reference] };
}

/** Sets a member whatever its name is: `__proto__` too. */
function define(object: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
