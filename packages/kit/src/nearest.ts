/** "Did you mean …?": the candidate nearest to a mistyped name. Used by every message that rejects a name. */

/**
 * The candidate a person most likely meant by `name`, or undefined when none is near.
 * Case is ignored. Near means at most a third of the letters differ (insert, delete, replace, swap of neighbours), or
 * one name of three letters or more begins the other. Ties go to the longer shared beginning, then to the earlier candidate.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: { candidate: string; distance: number; prefix: number } | undefined;
  for (const candidate of candidates) {
    if (candidate === name) return candidate;
    const other = candidate.toLowerCase();
    const prefix = sharedPrefix(wanted, other);
    const distance = nearness(wanted, other, prefix);
    if (distance === undefined) continue;
    if (!best || distance < best.distance || (distance === best.distance && prefix > best.prefix)) {
      best = { candidate, distance, prefix };
    }
  }
  return best?.candidate;
}

/** ` (did you mean "x"?)` to append to a message, or the empty string. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
}

/** Distance that counts as near, or undefined when the two are too far apart. Both names are lower case. */
function nearness(a: string, b: string, prefix: number): number | undefined {
  const longer = Math.max(a.length, b.length);
  const shorter = Math.min(a.length, b.length);
  if (shorter === 0) return undefined;
  const limit = Math.min(shorter === 1 ? 0 : shorter, Math.max(1, Math.floor(longer / 3)));
  const distance = longer - shorter > limit ? Number.POSITIVE_INFINITY : editDistance(a, b);
  if (distance <= limit) return distance;
  const begins = prefix === shorter && shorter >= 3;
  return begins ? longer - shorter : undefined;
}

function sharedPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** Damerau-Levenshtein distance in its "optimal string alignment" form: no part is edited twice. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
