/** What must happen to an agent's file so that it holds what is planned, and who made what is there. Pure. */
import type { Agent } from './agents/agent.ts';
import { UnreadableEntryError } from './agents/entry.ts';
import { type EntriesAt, entriesIn, type Fields, isObject, TextError, valueAt } from './files/entries.ts';
import { parseText, withEntry } from './files/format.ts';
import { hashOf } from './ownership.ts';

export type ChangeKind = 'add' | 'update' | 'remove' | 'same' | 'conflict';

export interface Change {
  name: string;
  kind: ChangeKind;
  /** Of a conflict: why the entry is left as it is. */
  why?: string;
}

export interface Changed {
  changes: Change[];
  /** The whole new text; equal to the old one when nothing changes. */
  text: string;
  /** Entries of ours in the new text: name → hash. */
  owned: Record<string, string>;
}

/** What we know of an entry: the hashes of what we wrote under that name. */
export type Owned = Readonly<Record<string, readonly string[]>>;

/**
 * The changes and the new text. `force` takes over entries that somebody else made or edited. Throws TextError with line and
 * column for a file that is broken.
 */
export function changeText(
  agent: Agent,
  before: string,
  at: (content: unknown) => EntriesAt,
  wanted: readonly { name: string; fields: Fields }[],
  owned: Owned,
  force: boolean,
): Changed {
  const content = parseText(agent.format, before);
  const place = at(content);
  refuseOtherThings(before, content, place);
  const there = entriesIn(content, place);
  // A map: names such as "constructor" are nothing special in it.
  const known = new Map(Object.entries(owned));
  const changes: Change[] = [];
  const kept: Record<string, string> = {};
  let text = before;
  const write = (name: string, fields: Fields | undefined) => {
    text = withEntry(agent.format, text, place, name, fields);
  };
  for (const { name, fields } of wanted) {
    const found = there.get(name);
    const isOurs = found !== undefined && (known.get(name)?.includes(hashOf(found)) ?? false);
    if (found === undefined) {
      if (holdsOther(content, place, name)) {
        changes.push({ name, kind: 'conflict', why: 'something that is no server has this name' });
        continue;
      }
      write(name, fields);
      changes.push({ name, kind: 'add' });
    } else if (isSame(agent, found, fields)) {
      changes.push({ name, kind: 'same' });
      if (isOurs || force) kept[name] = hashOf(found);
      continue;
    } else if (isOurs || force) {
      write(name, fields);
      changes.push({ name, kind: 'update' });
    } else {
      const why = !known.has(name) ? 'an entry of this name was there before' : 'it was edited by hand since';
      changes.push({ name, kind: 'conflict', why });
      continue;
    }
    kept[name] = hashOf(fields);
  }
  for (const [name, hashes] of known) {
    const found = there.get(name);
    if (found === undefined || wanted.some((each) => each.name === name)) continue;
    if (hashes.includes(hashOf(found)) || force) {
      write(name, undefined);
      changes.push({ name, kind: 'remove' });
    } else changes.push({ name, kind: 'conflict', why: 'it is declared no longer, and was edited by hand since' });
  }
  return { changes, text, owned: kept };
}

/** Whether two spellings of an entry mean the same to the agent. */
function isSame(agent: Agent, found: Fields, wanted: Fields): boolean {
  return hashOf(meaningOf(agent, found)) === hashOf(meaningOf(agent, wanted));
}

function meaningOf(agent: Agent, fields: Fields): Fields {
  try {
    return { ...agent.read(fields) };
  } catch (error) {
    if (error instanceof UnreadableEntryError) return fields;
    throw error;
  }
}

/** The place of the entries holds something else: an entry could only be put there by losing that. */
function refuseOtherThings(text: string, content: unknown, { root, shape }: EntriesAt): void {
  for (let depth = 1; depth <= root.length; depth++) {
    const value = valueAt(content, root.slice(0, depth));
    if (value === undefined || value === null) return;
    const isRight = depth === root.length && shape === 'list' ? Array.isArray(value) : isObject(value);
    if (isRight) continue;
    const found = Array.isArray(value) ? 'a list' : `a ${typeof value}`;
    const offset = Math.max(0, text.indexOf(root[depth - 1] as string));
    throw new TextError(
      text,
      offset,
      `"${root.slice(0, depth).join('.')}" must be ${shape === 'list' ? 'a list' : 'an object'}, found ${found}; mend it by hand`,
    );
  }
}

function holdsOther(content: unknown, { root, shape }: EntriesAt, name: string): boolean {
  return shape === 'map' && valueAt(content, [...root, name]) !== undefined;
}
