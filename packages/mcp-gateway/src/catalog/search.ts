/**
 * Finds tools by words: BM25 over names, titles, descriptions and the properties of their arguments. Pure and deterministic;
 * an index is made once for a list of tools and never changed.
 */
import type { JsonObject } from '../jsonrpc/message.ts';
import { objectOf } from '../upstream/peer.ts';

/** What is searched. */
export interface SearchTool {
  /** Public name: what a search answers with. */
  name: string;
  /** The server, which people often name, and the tool as it calls it. */
  server: string;
  tool: string;
  value: JsonObject;
}

export interface ToolIndex {
  /** Names of the tools that fit best, best first; equally good ones in listed order. */
  search(query: string, limit: number): string[];
}

/** What a word counts for where it stands. */
const weights = { name: 4, title: 3, server: 1.5, description: 1.5, properties: 1 } as const;
/** BM25: how soon more of the same word counts no more, and how much long texts are held back. */
const k1 = 1.2;
const b = 0.6;
/** Beginnings of longer words count less than the word. */
const prefixWeight = 0.4;
const minPrefixChars = 3;

export function toolIndex(tools: readonly SearchTool[]): ToolIndex {
  const documents = tools.map(wordsOf);
  const lengths = documents.map((words) => sum(words.values()));
  const averageLength = sum(lengths) / Math.max(1, lengths.length);
  const postings = new Map<string, Map<number, number>>();
  for (const [index, words] of documents.entries()) {
    for (const [word, count] of words) {
      const posting = postings.get(word) ?? new Map<number, number>();
      posting.set(index, count);
      postings.set(word, posting);
    }
  }
  const score = (scores: Map<number, number>, posting: ReadonlyMap<number, number>, weight: number) => {
    const rarity = Math.log(1 + (tools.length - posting.size + 0.5) / (posting.size + 0.5));
    for (const [index, count] of posting) {
      const length = 1 - b + (b * (lengths[index] as number)) / averageLength;
      const gain = weight * rarity * ((count * (k1 + 1)) / (count + k1 * length));
      scores.set(index, (scores.get(index) ?? 0) + gain);
    }
  };
  return {
    search(query, limit) {
      const scores = new Map<number, number>();
      for (const word of new Set(tokens(query))) {
        const posting = postings.get(word);
        if (posting) score(scores, posting, 1);
        if (word.length < minPrefixChars) continue;
        for (const [other, longer] of postings) {
          if (other !== word && other.startsWith(word)) score(scores, longer, prefixWeight);
        }
      }
      return [...scores]
        .sort(([one, a], [other, b]) => b - a || one - other)
        .slice(0, limit)
        .map(([index]) => (tools[index] as SearchTool).name);
    },
  };
}

function wordsOf({ server, tool, value }: SearchTool): Map<string, number> {
  const words = new Map<string, number>();
  const add = (text: string, weight: number) => {
    for (const word of tokens(text)) words.set(word, (words.get(word) ?? 0) + weight);
  };
  add(tool, weights.name);
  add(server, weights.server);
  for (const title of [value.title, objectOf(value.annotations).title]) if (typeof title === 'string') add(title, weights.title);
  if (typeof value.description === 'string') add(value.description, weights.description);
  for (const text of propertyTexts(value.inputSchema, 0)) add(text, weights.properties);
  return words;
}

const maxDepth = 8;

/** Names and descriptions of all properties of a schema. */
function* propertyTexts(schema: unknown, depth: number): Generator<string> {
  if (depth > maxDepth || schema === null || typeof schema !== 'object') return;
  const { properties, items, anyOf, oneOf, allOf } = objectOf(schema);
  for (const [name, property] of Object.entries(objectOf(properties))) {
    yield name;
    const { description } = objectOf(property);
    if (typeof description === 'string') yield description;
    yield* propertyTexts(property, depth + 1);
  }
  for (const inner of [items, anyOf, oneOf, allOf].flat()) yield* propertyTexts(inner, depth + 1);
}

/** Words that stand in nearly every sentence. */
const stopWords = new Set(
  'a an and are as at be by can do does for from how i if in into is it its me my of on or that the their them this to using what when which with you your'.split(
    ' ',
  ),
);

/** Words of a text in small letters, `camelCase` and `snake_case` taken apart, endings cut so that "files" finds "file". */
export function tokens(text: string): string[] {
  return text
    .normalize('NFKC')
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && !stopWords.has(word))
    .map(stem);
}

/** English plurals and the commonest endings, no more: the same is done to queries and texts, so it need not be right. */
function stem(word: string): string {
  if (word.length <= 3) return word;
  const singular = word.replace(/(?:(ss)|ies|(?<=ch|sh|x|ss|z)es|(?<!u|i)s)$/, (ending, kept?: string) =>
    kept !== undefined ? kept : ending === 'ies' ? 'y' : '',
  );
  const root = singular.replace(/(?<=\p{L}{3})(?:ing|ed|er|ion|ions)$/u, '');
  const undoubled = root !== singular ? root.replace(/([bdfgmnprt])\1$/, '$1') : root;
  return undoubled.length > 3 ? undoubled.replace(/e$/, '') : undoubled;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
