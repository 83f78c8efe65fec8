/**
 * A cascade asks cheap models first and a strong one only when their answers cannot be trusted: they disagree, are no valid JSON of
 * the wanted kind, or say nothing. Pure: what answers mean to each other.
 */
import type { ModelAnswer } from '@switchyard/dialects';

/** What an answer says and does, in words that can be compared. */
export interface Said {
  text: string;
  calls: readonly { name: string; arguments: string }[];
  /** It came to its own end. */
  isComplete: boolean;
}

export function saidBy({ parts, stop }: Pick<ModelAnswer, 'parts' | 'stop'>): Said {
  return {
    text: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
    calls: parts.flatMap((part) => (part.type === 'tool-call' ? [{ name: part.name, arguments: part.arguments }] : [])),
    isComplete: stop.reason === 'stop' || stop.reason === 'tool-calls',
  };
}

/** Whether all answers say the same and call the same tools with the same arguments. */
export function allAgree(answers: readonly Said[]): boolean {
  const [first, ...others] = answers;
  if (!first || others.length === 0 || !answers.every(({ isComplete }) => isComplete)) return false;
  return others.every((other) => {
    if (first.calls.length > 0 || other.calls.length > 0) return callsKey(first) === callsKey(other);
    return agree(first.text, other.text);
  });
}

/** The JSON of an answer, also in a fence of Markdown; undefined when it is none. */
export function jsonOf(text: string): unknown {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n```\s*$/.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(fenced) as unknown;
  } catch {
    return undefined;
  }
}

/** Calls in one text: the order of arguments makes no difference. */
function callsKey({ calls }: Said): string {
  return JSON.stringify(calls.map((call) => [call.name, sorted(jsonOf(call.arguments) ?? call.arguments)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Whether two answers say the same: as numbers where both end in one, else as words. */
export function agree(a: string, b: string): boolean {
  const [x, y] = [finalNumber(a), finalNumber(b)];
  if (x !== undefined && y !== undefined) return Math.abs(x - y) <= 1e-6 * Math.max(1, Math.abs(x), Math.abs(y));
  if ((x === undefined) !== (y === undefined)) return false;
  const [left, right] = [words(a), words(b)];
  return left !== '' && left === right;
}

/** The number an answer comes to: the one after its last mark of a result, or the only or last one. */
export function finalNumber(text: string): number | undefined {
  const marked = /(?:answer(?: is)?|result|total|=|####|\\boxed\{)\s*:?\s*\$?(-?[\d,]*\.?\d+)/gi;
  let found: string | undefined;
  for (const match of text.matchAll(marked)) found = match[1];
  found ??= text.match(/-?\d[\d,]*(?:\.\d+)?/g)?.at(-1);
  if (found === undefined) return undefined;
  const value = Number(found.replaceAll(',', ''));
  return Number.isFinite(value) ? value : undefined;
}

function words(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
