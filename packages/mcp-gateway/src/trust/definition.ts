/**
 * The part of a tool's definition that is pinned: what a model reads and what decides how the tool is used. `_meta` is left
 * out, as servers put things of the moment there, and icons, which are pictures for people and change with their host's URL;
 * neither reaches a model.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../jsonrpc/canonical.ts';
import type { JsonObject } from '../jsonrpc/message.ts';

const pinnedMembers = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations', 'execution'] as const;

export interface Definition {
  /** SHA-256 of `text`, hexadecimal. */
  hash: string;
  /** Canonical JSON of the pinned members: equal for definitions that differ in white space or order of keys only. */
  text: string;
}

export function definitionOf(tool: JsonObject): Definition {
  const text = canonicalJson(Object.fromEntries(pinnedMembers.map((member) => [member, tool[member]])));
  return { hash: hashOf(text), text };
}

/** Hash of a canonical text. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
