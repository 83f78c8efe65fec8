/**
 * Bags: how a dialect puts aside what the model has no word for, and finds it again. Keys that start with `$` are notes of
 * the dialect to itself (how the client wrote a field that has two forms, fields of an enclosing item), never wire fields.
 */
import type { Loss } from '../dialect.ts';
import { type JsonObject, objectOf } from './json.ts';
import type { Bag, DialectName, ModelRequest } from './request.ts';

const nothing: JsonObject = Object.freeze({});

/** The fields of a bag that this dialect packed; empty for none and for another dialect's. */
export function fieldsOf(bag: Bag | undefined, dialect: DialectName): JsonObject {
  return bag !== undefined && bag.dialect === dialect ? bag.fields : nothing;
}

/** The wire fields of such a bag: without the notes. */
export function wireFieldsOf(bag: Bag | undefined, dialect: DialectName): JsonObject {
  const fields = fieldsOf(bag, dialect);
  const wire: JsonObject = {};
  for (const key in fields) if (!key.startsWith('$')) wire[key] = fields[key];
  return wire;
}

/** A bag of its own property, to be spread into a part or message; nothing when there is nothing to keep. */
export function bagOf(dialect: DialectName, ...layers: (JsonObject | undefined)[]): { bag?: Bag } {
  let fields: JsonObject | undefined;
  for (const layer of layers) {
    for (const key in layer) {
      if (layer[key] === undefined) continue;
      fields ??= {};
      fields[key] = layer[key];
    }
  }
  return fields === undefined ? {} : { bag: { dialect, fields } };
}

/** Reads how the client wrote things: the note `$form`. */
export function formOf(bag: Bag | undefined, dialect: DialectName): JsonObject {
  return objectOf(fieldsOf(bag, dialect).$form);
}

/** What a request of another dialect says at top level that no other dialect knows: each field is a loss. */
export function lossesOfForeignBag(request: ModelRequest, target: DialectName): Loss[] {
  if (request.bag === undefined || request.bag.dialect === target) return [];
  const why = `only ${request.bag.dialect} knows this field`;
  return Object.keys(request.bag.fields)
    .filter((field) => !field.startsWith('$'))
    .map((field) => ({ field, how: 'dropped' as const, why }));
}
