/** Delay before the n-th try (from 1) to start a server again: doubling from 1 s to 60 s, half of it random. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const fullMs = Math.min(60_000, 1000 * 2 ** Math.min(attempt - 1, 10));
  return Math.round(fullMs / 2 + (random() * fullMs) / 2);
}
