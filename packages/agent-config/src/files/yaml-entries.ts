/**
 * Entries in YAML: a map (Goose) or a list (Continue). The `yaml` package says where things are; the edits are our own,
 * because its documents are written anew as a whole, with other folding, quoting and blank lines.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  parseDocument,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { type EntriesAt, type Fields, TextError, type TextFormat, withoutQuotes } from './entries.ts';
import { cutLines, indentAt, insertLines, lineEnd, lineEndOf, lineStart, replaceLines, spliced } from './line-style.ts';

export const yamlEntries: TextFormat = {
  title: 'YAML',
  parse: (text) => documentOf(text).toJS() ?? {},
  set,
  remove,
};

type Ranged = { range?: [number, number, number] | null };

function documentOf(text: string): Document.Parsed {
  const documents = parseAllDocuments(text, { prettyErrors: false });
  if (!Array.isArray(documents) || documents.length === 0) return parseDocument('');
  if (documents.length > 1) throw new TextError(text, documents[1]?.range[0] ?? 0, 'the file holds several documents; keep one');
  const [document] = documents as [Document.Parsed];
  const [error] = document.errors;
  if (error) throw new TextError(text, error.pos[0], `not valid YAML: ${withoutQuotes(error.message.split('\n')[0] ?? '')}`);
  if (document.contents !== null && !isMap(document.contents) && !isEmptyScalar(document.contents))
    throw new TextError(text, startOf(document.contents), 'the file must hold a map');
  return document;
}

function set(text: string, at: EntriesAt, name: string, fields: Fields): string {
  const document = documentOf(text);
  const key = at.root[0] as string;
  const top = isMap(document.contents) ? document.contents : undefined;
  const pair = top?.items.find((item) => isScalar(item.key) && item.key.value === key);
  const member = (indent: string) => memberText(text, at, name, fields, indent);
  if (pair === undefined) return appended(text, top, key, member);
  const holder = pair.value;
  if (holder === null || isEmptyScalar(holder)) return behindKey(text, pair, member);
  if (isAlias(holder) || !isCollection(holder))
    throw new TextError(text, startOf(holder), `"${key}" must be a ${at.shape}; mend it by hand`);
  if (at.shape === 'map' ? !isMap(holder) : !isSeq(holder))
    throw new TextError(text, startOf(holder), `"${key}" must be a ${at.shape}; mend it by hand`);
  if (holder.items.length === 0) return behindKey(text, pair, member);
  if (holder.flow === true) return setInFlow(text, holder, at, name, fields);
  const found = itemOf(holder, at, name);
  if (found === undefined) {
    const last = bodyEnd(text, endOfItem(holder.items.at(-1)));
    return insertLines(text, last, member(indentAt(text, startOfItem(text, holder.items[0]))));
  }
  const [from, to] = linesOf(text, holder, found);
  const indent = indentAt(text, startOfItem(text, holder.items[found]));
  return replaceLines(text, from, to, member(indent));
}

function remove(text: string, at: EntriesAt, name: string): string {
  const top = documentOf(text).contents as YAMLMap;
  const pair = top.items.find((item) => isScalar(item.key) && item.key.value === at.root[0]) as Pair;
  const holder = pair.value as YAMLMap | YAMLSeq;
  const found = itemOf(holder, at, name) as number;
  if (holder.flow === true) return removeFromFlow(text, holder, found);
  const [from, to] = linesOf(text, holder, found);
  const result = cutLines(text, from, to);
  if (holder.items.length > 1) return result;
  const colon = result.indexOf(':', endOf(pair.key)) + 1;
  return spliced(result, colon, colon, at.shape === 'map' ? ' {}' : ' []');
}

function itemOf(holder: YAMLMap | YAMLSeq, at: EntriesAt, name: string): number | undefined {
  const index =
    at.shape === 'map'
      ? (holder as YAMLMap).items.findIndex((item) => isScalar(item.key) && String(item.key.value) === name)
      : (holder as YAMLSeq).items.findIndex((item) => isMap(item) && item.get('name') === name);
  return index < 0 ? undefined : index;
}

/** The lines of a member: up to the last one that has something of it. Comments behind it belong to what follows. */
function linesOf(text: string, holder: YAMLMap | YAMLSeq, index: number): [number, number] {
  const item = holder.items[index];
  return [lineStart(text, startOfItem(text, item)), bodyEnd(text, endOfItem(item))];
}

/** For a member of a list this is its dash. */
function startOfItem(text: string, item: unknown): number {
  const start = startOf((item as Pair).key ?? item);
  const dash = /-[ \t]*(?:[&!]\S+[ \t]+)*$/.exec(text.slice(lineStart(text, start), start));
  return dash === null ? start : lineStart(text, start) + dash.index;
}

function endOfItem(item: unknown): number {
  const pair = item as Pair;
  return pair.key === undefined ? endOf(item) : pair.value ? endOf(pair.value) : endOf(pair.key);
}

/** The start of the line behind an offset. */
function bodyEnd(text: string, offset: number): number {
  // A value's range may reach over blank lines up to what follows it.
  return lineEnd(text, text.slice(0, offset).trimEnd().length);
}

function memberText(text: string, at: EntriesAt, name: string, fields: Fields, indent: string): string {
  const value = at.shape === 'map' ? { [name]: fields } : [fields];
  const lineFeed = lineEndOf(text);
  // Some readers still take `yes` and `on` for truth values: such texts are quoted.
  const lines = stringify(value, { lineWidth: 0, blockQuote: false, compat: 'yaml-1.1' }).trimEnd().split('\n');
  return lines.map((line) => indent + line + lineFeed).join('');
}

function appended(text: string, top: YAMLMap | undefined, key: string, member: (indent: string) => string): string {
  const lineFeed = lineEndOf(text);
  if (top?.flow === true)
    throw new TextError(text, startOf(top), `the file is written in braces; add "${key}:" as a block of its own by hand`);
  const body = `${key}:${lineFeed}${member('  ')}`;
  // Before a document's end marker.
  const marker = /^\.\.\.[ \t]*(#.*)?$/m.exec(text);
  const at = marker?.index ?? text.length;
  return insertLines(text, at, body);
}

/** A key without members: they go below its line, and `{}`, `[]` or `null` goes. */
function behindKey(text: string, pair: Pair, member: (indent: string) => string): string {
  const colon = text.indexOf(':', endOf(pair.key)) + 1;
  const end = pair.value === null ? colon : Math.max(colon, endOf(pair.value));
  const cleared = text.slice(colon, end).trim() === '' ? text : spliced(text, colon, end, '');
  return insertLines(cleared, lineEnd(cleared, colon), member('  '));
}

function setInFlow(text: string, holder: YAMLMap | YAMLSeq, at: EntriesAt, name: string, fields: Fields): string {
  const found = itemOf(holder, at, name);
  const json = JSON.stringify(fields);
  const member = at.shape === 'map' ? `${JSON.stringify(name)}: ${json}` : json;
  if (found === undefined) {
    const end = endOfItem(holder.items.at(-1));
    return spliced(text, end, end, `, ${member}`);
  }
  const item = holder.items[found];
  return spliced(text, startOf((item as Pair).key ?? item), endOfItem(item), member);
}

function removeFromFlow(text: string, holder: YAMLMap | YAMLSeq, index: number): string {
  const start = (item: unknown) => startOf((item as Pair).key ?? item);
  const next = holder.items[index + 1];
  const before = holder.items[index - 1];
  if (next !== undefined) return spliced(text, start(holder.items[index]), start(next), '');
  const from = before === undefined ? start(holder.items[index]) : endOfItem(before);
  return spliced(text, from, endOfItem(holder.items[index]), '');
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

function startOf(node: unknown): number {
  return (node as Ranged).range?.[0] ?? 0;
}

/** Behind the last character of a value, its trailing comment not counted. */
function endOf(node: unknown): number {
  return (node as Ranged).range?.[1] ?? 0;
}
