/**
 * How a dialect keeps what the model has no word for: `Fields` takes from an object what is understood, the rest travels in
 * a bag. Names that begin with `$` are notes of a parser to its own renderer about form (a string where an array would say
 * the same); they never reach a wire.
 */
import type { JsonObject, JsonValue } from './model/json.ts';
import type { Bag, DialectName } from './model/request.ts';

/** An object that is read field by field. What is not understood stays in `rest`, wrong types included. */
export class Fields {
  readonly rest: JsonObject;

  constructor(object: JsonObject) {
    this.rest = { ...object };
  }

  /** The field as `read` understands it; it leaves `rest` only then. */
  take<T>(key: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = read(this.rest[key]);
    if (value !== undefined) delete this.rest[key];
    return value;
  }

  /** Puts back what remains of a field that was taken apart; nothing where nothing remains. */
  leave(key: string, remains: JsonObject): void {
    if (hasFields(remains)) this.rest[key] = remains;
  }
}

export function hasFields(object: JsonObject): boolean {
  for (const _ in object) return true;
  return false;
}

/** `{ bag }` to be spread, or nothing for no fields. */
export function inBag(dialect: DialectName, fields: JsonObject | undefined): { bag: Bag } | undefined {
  return fields !== undefined && hasFields(fields) ? { bag: { dialect, fields } } : undefined;
}

/** The fields of a bag if it is of this dialect. */
export function fromBag(dialect: DialectName, bag: Bag | undefined): JsonObject | undefined {
  return bag?.dialect === dialect ? bag.fields : undefined;
}

/** Writes the fields of a bag into an object, notes left out. Objects on both sides are merged, what is there already wins. */
export function unpack(target: JsonObject, fields: JsonObject | undefined): JsonObject {
  if (fields === undefined) return target;
  for (const key in fields) {
    if (key.charCodeAt(0) === 0x24) continue;
    target[key] = merged(target[key], fields[key]);
  }
  return target;
}

function merged(ours: JsonValue | undefined, theirs: JsonValue | undefined): JsonValue | undefined {
  if (ours === undefined) return theirs;
  const areObjects = typeof ours === 'object' && typeof theirs === 'object' && ours !== null && theirs !== null;
  if (!areObjects || Array.isArray(ours) || Array.isArray(theirs)) return ours;
  return { ...theirs, ...ours };
}
