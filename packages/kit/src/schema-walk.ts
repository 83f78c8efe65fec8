/** Looking into a zod schema: what is declared at a path. Everything here reads `_zod.def`, zod 4's documented introspection. */
import type { z } from 'zod';

type Schema = z.core.$ZodType;
type Def = z.core.$ZodTypes['_zod']['def'];

/** A step into a value: a key of an object or record, or an index of an array. */
export type PathStep = string | number | symbol;

/** The schemas (several where a union allows several) that govern the value at `path`. */
export function schemasAt(schema: Schema, path: readonly PathStep[]): Schema[] {
  return path.reduce<Schema[]>(
    (schemas, step) => schemas.flatMap((each) => forms(each).flatMap((form) => inside(form, step))),
    [schema],
  );
}

/** The keys an object may have at `path`, over all alternatives; empty when it may have any. */
export function keysAt(schema: Schema, path: readonly PathStep[]): string[] {
  const keys = schemasAt(schema, path)
    .flatMap(forms)
    .flatMap((form) => {
      const def = defOf(form);
      if (def.type === 'object') return Object.keys(def.shape);
      return def.type === 'record' ? namesOf(def.keyType) : [];
    });
  return [...new Set(keys)];
}

/** The alternatives behind wrappers such as `optional`, `default`, `lazy`, `pipe` and unions; never a wrapper itself. */
function forms(schema: Schema, depth = 0): Schema[] {
  if (depth > 20) return [];
  const inner = (schemas: readonly Schema[]): Schema[] => schemas.flatMap((each) => forms(each, depth + 1));
  const def = defOf(schema);
  switch (def.type) {
    case 'union':
      return inner(def.options);
    case 'intersection':
      return inner([def.left, def.right]);
    case 'pipe':
      return inner([def.in, def.out]);
    case 'lazy':
      return inner([def.getter()]);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return inner([def.innerType]);
    default:
      return [schema];
  }
}

function inside(form: Schema, step: PathStep): Schema[] {
  const def = defOf(form);
  switch (def.type) {
    case 'object': {
      const field = Object.hasOwn(def.shape, step) ? def.shape[step as string] : def.catchall;
      return field ? [field] : [];
    }
    case 'record':
      return [def.valueType];
    case 'array':
      return [def.element];
    case 'tuple': {
      const item = def.items[Number(step)] ?? def.rest;
      return item ? [item] : [];
    }
    default:
      return [];
  }
}

/** The names a record's key schema lists, when it is an enum or literals. */
function namesOf(keyType: Schema): string[] {
  return forms(keyType).flatMap((form) => {
    const def = defOf(form);
    if (def.type === 'enum') return Object.values(def.entries).map(String);
    return def.type === 'literal' ? def.values.map(String) : [];
  });
}

function defOf(schema: Schema): Def {
  return schema._zod.def as Def;
}
