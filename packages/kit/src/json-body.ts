/**
 * A JSON object as bytes, read once: its members are found, not parsed, so that it can be passed on byte for byte but for the few
 * that must differ. For 113 KB that costs half of what parsing it would, and nothing is lost.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { JsonStructureError, type Member, scanObject } from './json-scan.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };
type JsonObject = { [key: string]: Json | undefined };

/** The bytes are not what they should be. `key` is the member that is wrong; empty for the whole. */
export class JsonBodyError extends Error {
  readonly key: string;
  constructor(key: string, message: string) {
    super(message);
    this.name = 'JsonBodyError';
    this.key = key;
  }
}

/** What is to differ. Names of members are ASCII. */
export interface JsonChanges {
  /** Members that get this value, whatever they had. */
  set?: JsonObject;
  /** Members that get this value unless they have one; where both are objects, each member of it likewise. */
  defaults?: JsonObject;
}

/** Up to this size a body is parsed as well: it costs next to nothing, and finds literals that are none. */
const surelyBytes = 4096;

const released = Buffer.alloc(0);

export class JsonBody {
  #bytes: Buffer;
  /** One character per byte, so that positions in it are positions in the bytes. */
  #latin1: string;
  /** The text is the bytes' own. */
  readonly #isAscii: boolean;
  #members: readonly Member[];
  #value: JsonObject | undefined;

  /** Throws JsonBodyError when it is not a JSON object in UTF-8. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#isAscii = isAscii(bytes);
    if (!this.#isAscii && !isUtf8(bytes)) throw new JsonBodyError('', 'the request body is not valid UTF-8');
    this.#latin1 = bytes.toString('latin1');
    try {
      this.#members = scanObject(this.#latin1);
    } catch (error) {
      if (error instanceof JsonStructureError)
        throw new JsonBodyError('', `the request body is not a JSON object: ${error.message}`);
      throw error;
    }
    // Whatever stands behind the object would make it no JSON.
    const last = this.#members.at(-1);
    if (bytes.length <= surelyBytes || !/^\s*\}\s*$/.test(this.#latin1.slice(last?.end ?? 0))) this.value();
  }

  /** As it came. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Lets go of all of it. Whoever asks for anything after this has made a mistake, and is told. */
  release(): void {
    this.#bytes = released;
    this.#latin1 = '';
    this.#members = [];
    this.#value = undefined;
  }

  /** The parsed object. Throws JsonBodyError. */
  value(): JsonObject {
    if (this.#value !== undefined) return this.#value;
    this.#expectHeld();
    let value: unknown;
    try {
      value = JSON.parse(this.#isAscii ? this.#latin1 : this.#bytes.toString('utf8'));
    } catch (error) {
      throw new JsonBodyError('', `the request body is not valid JSON: ${(error as Error).message}`);
    }
    if (!isObject(value)) throw new JsonBodyError('', 'the request body must be a JSON object');
    this.#value = value;
    return value;
  }

  /** The value of a member, whose name is ASCII; undefined when it is absent. Throws JsonBodyError when its text is broken. */
  member(key: string): unknown {
    if (this.#value !== undefined) return Object.hasOwn(this.#value, key) ? this.#value[key] : undefined;
    const found = this.#last(key);
    if (!found) return undefined;
    try {
      return JSON.parse(this.#bytes.toString('utf8', found.start, found.end));
    } catch {
      throw new JsonBodyError(key, 'is not valid JSON');
    }
  }

  /** The bytes with the changes; the same bytes when there are none. */
  rewritten(changes: JsonChanges): Buffer {
    const changed = this.changed(changes);
    return typeof changed === 'string' ? Buffer.from(changed, 'latin1') : changed;
  }

  /** The same, but a short body that is all ASCII comes as text: made and sent for less than bytes. */
  changed({ set = {}, defaults = {} }: JsonChanges): Buffer | string {
    const edits: Edit[] = [];
    const added: string[] = [];
    for (const key in set) {
      const present = this.#last(key);
      // Most set what is there already: the body may pass as it is.
      if (present && this.#value !== undefined && this.#value[key] === set[key]) continue;
      if (present) edits.push({ start: present.start, end: present.end, text: JSON.stringify(set[key]) });
      else added.push(memberText(key, set[key]));
    }
    for (const key in defaults) {
      const present = this.#last(key);
      const value = defaults[key];
      if (!present) added.push(memberText(key, value));
      else if (isObject(value)) edits.push(...this.#missingMembers(present, value));
    }
    if (added.length > 0) {
      const open = this.#latin1.indexOf('{') + 1;
      edits.push({ start: open, end: open, text: added.join(',') + (this.#members.length > 0 ? ',' : '') });
    }
    if (edits.length === 0) return this.#bytes;
    edits.sort((a, b) => a.start - b.start);
    return this.#bytes.length > textBytes ? spliceBytes(this.#bytes, edits) : this.#spliceText(edits);
  }

  #spliceText(edits: readonly Edit[]): Buffer | string {
    const latin1 = this.#latin1;
    let isAscii = this.#isAscii;
    let changed = '';
    let from = 0;
    for (const { start, end, text } of edits) {
      const isPlain = !notAscii.test(text);
      isAscii &&= isPlain;
      changed += latin1.slice(from, start) + (isPlain ? text : Buffer.from(text).toString('latin1'));
      from = end;
    }
    changed += latin1.slice(from);
    return isAscii ? changed : Buffer.from(changed, 'latin1');
  }

  #missingMembers({ start, end }: Member, wanted: JsonObject): Edit[] {
    if (this.#latin1[start] !== '{') return [];
    const inner = scanObject(this.#latin1.slice(start, end));
    const missing = Object.keys(wanted).filter((key) => !inner.some((member) => member.key === key));
    if (missing.length === 0) return [];
    const text = missing.map((key) => memberText(key, wanted[key])).join(',');
    return [{ start: start + 1, end: start + 1, text: text + (inner.length > 0 ? ',' : '') }];
  }

  #expectHeld(): void {
    if (this.#bytes === released) throw new Error('this body has been let go of');
  }

  /** Of a repeated name the last one counts, as for JSON.parse. */
  #last(key: string): Member | undefined {
    this.#expectHeld();
    return this.#members.findLast((member) => member.key === key);
  }
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

function memberText(key: string, value: Json | undefined): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

/** Up to this size text is put together faster than bytes. */
const textBytes = 16 * 1024;

const notAscii = /[^\x20-\x7e]/;

function spliceBytes(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text } of edits) {
    pieces.push(bytes.subarray(from, start), Buffer.from(text));
    from = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
