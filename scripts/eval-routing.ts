// Judges the router's score on RouteLLM's three evaluation sets and a mix of them: APGR and CPT as the paper defines them, with
// bootstrap intervals, beside the published routers, random choice and prompt length. `--data FOLDER` (default
// ../shared/data/routing, or $ROUTING_DATA) holds the sets; without them it says so and exits 77.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { featuresOf } from '../packages/ai-inference/src/policy/features.ts';
import { calibrate, type Label, scoreOf } from '../packages/ai-inference/src/policy/score.ts';
import { seeded } from '../packages/kit/test/fixtures/random.ts';
import { bootstrap, qualityOf } from './routing/apgr.ts';
import { type Labelled, loadSets } from './routing/data.ts';

const { values } = parseArgs({
  options: {
    data: {
      type: 'string',
      default: process.env.ROUTING_DATA ?? join(import.meta.dirname, '..', '..', 'shared', 'data', 'routing'),
    },
    labels: { type: 'string', default: '200' },
    draws: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});
const sets = loadSets(values.data);
if (!sets) {
  console.log('skip: the evaluation sets are not in --data FOLDER');
  process.exit(77);
}
const labelCount = Number(values.labels);
const random = seeded(Number(values.seed));

/** Best of the paper (RouteLLM, tables 1–3). */
const published: Record<string, string> = { 'MT-Bench': '0.802', MMLU: '0.603', GSM8K: '0.622', mix: '–' };

const mix = [...sets.mtBench, ...sample(sets.mmlu, 1000), ...sample(sets.gsm8k, 1000)];
const rows: string[][] = [];
let failed = false;
for (const [name, set] of Object.entries({ 'MT-Bench': sets.mtBench, MMLU: sets.mmlu, GSM8K: sets.gsm8k, mix }) as [
  string,
  Labelled[],
][]) {
  const resamples = set.length > 5000 ? 100 : 400;
  const chance = Array.from({ length: 200 }, () => qualityOf(set, set.map(random), random).apgr).sort((a, b) => a - b);
  const [low, high] = [chance[4] as number, chance[195] as number];
  const line = (way: string, scores: readonly number[], verdict: (apgr: number) => string) => {
    const { apgr, cpt50, cpt80 } = qualityOf(set, scores, random);
    const interval = bootstrap(set, scores, random, resamples);
    rows.push([
      name,
      way,
      apgr.toFixed(3),
      `${interval.low.toFixed(3)}–${interval.high.toFixed(3)}`,
      `${cpt50.toFixed(0)} / ${cpt80.toFixed(0)} %`,
      verdict(apgr),
    ]);
  };
  rows.push([name, 'random', '0.500', `${low.toFixed(3)}–${high.toFixed(3)}`, '50 / 80 %', '']);
  line(
    'prompt length',
    set.map(({ prompt }) => prompt.length),
    () => '',
  );
  line(
    'score, no labels',
    set.map(({ prompt }) => scoreOf(featuresOf(prompt))),
    (apgr) => {
      const good = apgr >= low && (name !== 'mix' || apgr >= 0.6);
      failed ||= !good;
      return good ? 'met' : 'NOT MET';
    },
  );
  if (name === 'mix' || set.length > 1000) {
    // Labels are drawn from the same traffic and are not judged.
    const draws = Array.from({ length: Number(values.draws) }, () => {
      const shuffled = sample(set, set.length);
      const labels: Label[] = shuffled
        .slice(0, labelCount)
        .map(({ prompt, weak, strong }) => ({ features: featuresOf(prompt), gain: strong - weak }));
      const calibration = calibrate(labels);
      const rest = shuffled.slice(labelCount, labelCount + 3000);
      const used = (calibration?.agreementLow ?? 0) > 0.5;
      return {
        used,
        apgr: qualityOf(
          rest,
          rest.map(({ prompt }) => scoreOf(featuresOf(prompt), calibration)),
          random,
        ).apgr,
      };
    });
    const apgrs = draws.map(({ apgr }) => apgr).sort((a, b) => a - b);
    const mean = apgrs.reduce((sum, apgr) => sum + apgr, 0) / apgrs.length;
    const good = (apgrs[0] as number) >= low && (name !== 'mix' || mean >= 0.6);
    failed ||= !good;
    rows.push([
      name,
      `score, ${labelCount} labels (used in ${draws.filter(({ used }) => used).length} of ${draws.length} draws)`,
      mean.toFixed(3),
      `${(apgrs[0] as number).toFixed(3)}–${(apgrs.at(-1) as number).toFixed(3)} (draws)`,
      '',
      good ? 'met' : 'NOT MET',
    ]);
  }
  rows.push([name, 'best of the paper', published[name] as string, '', '', '']);
}

console.log(
  `Strong gpt-4-1106-preview, weak Mixtral-8x7B. Wanted: mix ≥ 0.60 with at most 200 labels; no set below the random interval.\n`,
);
const head = ['set', 'way', 'APGR', '95 %', 'CPT50 / 80', ''];
const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] as string).length)));
for (const row of [head, ...rows]) console.log(row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  '));
process.exitCode = failed ? 1 : 0;

function sample<T>(items: readonly T[], count: number): T[] {
  const pool = [...items];
  for (let index = pool.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [pool[index], pool[other]] = [pool[other] as T, pool[index] as T];
  }
  return pool.slice(0, count);
}
