/** Reads fields of JSON in tests, where a missing one is simply nothing. */
import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject, type JsonValue } from '../../src/model/json.ts';

export const obj = (value: unknown): JsonObject => (isObject(value) ? value : {});
export const list = (value: unknown): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
export const str = (value: unknown): string => (typeof value === 'string' ? value : '');
export const num = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
export const json = (text: string): JsonObject => JSON.parse(text) as JsonObject;

/** Whether the value stands anywhere inside; a string counts when it is part of one. */
export function holds(where: JsonValue | undefined, what: JsonValue): boolean {
  if (isDeepStrictEqual(where, what)) return true;
  if (typeof where === 'string') return typeof what === 'string' && where.includes(what);
  if (Array.isArray(where)) return where.some((inner) => holds(inner, what));
  return isObject(where) && Object.values(where).some((inner) => holds(inner, what));
}

/** The data of each event of a stream. */
export function frames(text: string): { event: string; data: string }[] {
  return text
    .split(/\r?\n\r?\n/)
    .map((frame) => {
      const lines = frame.split(/\r?\n/);
      const field = (name: string) =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      return { event: field('event').join(''), data: field('data').join('\n') };
    })
    .filter((frame) => frame.data !== '');
}

/** Leaves out what is undefined, as JSON does. */
export function clean<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** JSON text that does not depend on the order of keys. */
export function canonical(value: JsonObject): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
