/**
 * A cascade asks cheap models first and a strong one only when their answers cannot be trusted: they disagree, are no valid JSON of
 * the wanted kind, or say nothing. Pure: what answers mean to each other.
 */

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
