// Judges the agreement cascade on ZeroEval's gsm: two cheap models answer; where they agree their answer is kept, else a strong
// model is asked. PGR is the part of the distance between the first cheap and the strong model that is recovered. `--data FOLDER`
// as for eval:routing; without the data it says so and exits 77.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { agree } from '../packages/ai-inference/src/policy/cascade.ts';
import { seeded } from '../packages/kit/test/fixtures/random.ts';
import { loadZeroEval, type ZeroEvalRow } from './routing/data.ts';

const { values } = parseArgs({
  options: {
    data: {
      type: 'string',
      default: process.env.ROUTING_DATA ?? join(import.meta.dirname, '..', '..', 'shared', 'data', 'routing'),
    },
  },
});
const found = loadZeroEval(values.data);
if (!found) {
  console.log('skip: zeroeval/gsm.jsonl is not in --data FOLDER');
  process.exit(77);
}

const cascades = [
  { cheap: ['claude-3-haiku-20240307', 'gemini-1.5-flash'], strong: 'claude-3-5-sonnet-20241022', judged: true },
  { cheap: ['Meta-Llama-3.1-8B-Instruct', 'gemma-2-9b-it'], strong: 'gpt-4o-2024-08-06', judged: false },
  { cheap: ['claude-3-5-haiku-20241022', 'gpt-4o-mini-2024-07-18'], strong: 'claude-3-5-sonnet-20241022', judged: false },
];

let failed = false;
console.log('Wanted of the first: PGR ≥ 0.9 at ≤ 15 % strong calls. Intervals: 95 %, bootstrap over questions.\n');
for (const { cheap, strong, judged } of cascades) {
  const [first, second] = cheap as [string, string];
  const rows = found.filter(({ answer }) => answer?.[first] !== undefined && answer[second] !== undefined);
  if (rows.length === 0) {
    console.log(`${first} + ${second} → ${strong}: no answers in the data`);
    continue;
  }
  const measure = (set: readonly ZeroEvalRow[]) => {
    let escalated = 0;
    let right = 0;
    let weak = 0;
    let best = 0;
    for (const { answer = {}, correct } of set) {
      const same = agree(String(answer[first]), String(answer[second]));
      if (!same) escalated += 1;
      right += (same ? correct[first] : correct[strong]) ?? 0;
      weak += correct[first] ?? 0;
      best += correct[strong] ?? 0;
    }
    return { share: escalated / set.length, pgr: (right - weak) / (best - weak) };
  };
  const { share, pgr } = measure(rows);
  const random = seeded(1);
  const resampled = Array.from(
    { length: 300 },
    () => measure(rows.map(() => rows[Math.floor(random() * rows.length)] as ZeroEvalRow)).pgr,
  ).sort((a, b) => a - b);
  const good = pgr >= 0.9 && share <= 0.15;
  if (judged) failed ||= !good;
  console.log(
    `${first} + ${second} → ${strong}: ${rows.length} questions, ${(share * 100).toFixed(1)} % strong, PGR ${pgr.toFixed(2)} (${resampled[7]?.toFixed(2)}–${resampled[292]?.toFixed(2)})${judged ? (good ? '  met' : '  NOT MET') : ''}`,
  );
}
process.exitCode = failed ? 1 : 0;
