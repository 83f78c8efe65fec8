/**
 * Reading an object field by field so that what is not understood can travel in a bag, and writing a bag back.
 * See model/bag.ts for what a bag holds.
 */
import { isObject, type JsonObject } from './model/json.ts';

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
    for (const _ in remains) {
      this.rest[key] = remains;
      return;
    }
  }
}

/**
 * Writes the fields of a bag into an object, notes left out. What is there already wins; an object that was taken apart is put
 * together again, at any depth.
 */
export function unpack(target: JsonObject, fields: JsonObject): JsonObject {
  for (const key in fields) {
    if (key.charCodeAt(0) === 0x24) continue;
    const ours = target[key];
    const theirs = fields[key];
    if (ours === undefined) target[key] = theirs;
    else if (isObject(ours) && isObject(theirs)) target[key] = unpack({ ...ours }, theirs);
  }
  return target;
}
