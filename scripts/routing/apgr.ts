// The measures of RouteLLM (arXiv:2406.18665): how much of the distance between weak and strong a router recovers. Pure.
import type { Labelled } from './data.ts';

export interface Quality {
  /** Area under PGR over the share sent to the strong model; 0.5 is random. */
  apgr: number;
  /** Smallest share that recovers half, four fifths; in percent. */
  cpt50: number;
  cpt80: number;
}

/** `scores[i]` is how much row i wants the strong model. Ties are broken by `random`. */
export function qualityOf(rows: readonly Labelled[], scores: readonly number[], random: () => number): Quality {
  const order = rows.map((_, index) => ({ index, score: scores[index] as number, tie: random() }));
  order.sort((a, b) => b.score - a.score || a.tie - b.tie);
  const weak = rows.reduce((sum, row) => sum + row.weak, 0);
  const strong = rows.reduce((sum, row) => sum + row.strong, 0);
  let gained = 0;
  let area = 0;
  let cpt50 = 100;
  let cpt80 = 100;
  order.forEach(({ index }, position) => {
    const row = rows[index] as Labelled;
    const before = gained / (strong - weak);
    gained += row.strong - row.weak;
    const after = gained / (strong - weak);
    area += (before + after) / 2 / rows.length;
    const share = ((position + 1) / rows.length) * 100;
    if (after >= 0.5 && cpt50 === 100) cpt50 = share;
    if (after >= 0.8 && cpt80 === 100) cpt80 = share;
  });
  return { apgr: area, cpt50, cpt80 };
}

/** The middle 95 % of APGR over resamples of the rows. */
export function bootstrap(
  rows: readonly Labelled[],
  scores: readonly number[],
  random: () => number,
  resamples: number,
): { low: number; high: number } {
  const values = Array.from({ length: resamples }, () => {
    const picks = rows.map(() => Math.floor(random() * rows.length));
    return qualityOf(
      picks.map((index) => rows[index] as Labelled),
      picks.map((index) => scores[index] as number),
      random,
    ).apgr;
  }).sort((a, b) => a - b);
  return { low: values[Math.floor(resamples * 0.025)] as number, high: values[Math.ceil(resamples * 0.975) - 1] as number };
}
