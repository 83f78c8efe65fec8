// Replays demand against an allowance of 10 dollars a day that is given anew at 00:00 UTC and does not roll over, and compares three
// ways to spend it: the pacer, "spend first", and a fixed share of requests. Three traces of eight days, of which the first is for
// getting to know the day. Exits 1 when the pacer leaves 1 % or more unused on a day, or any request meets a 402.
import { parseArgs } from 'node:util';
import { AllowancePacer, dayMs } from '../packages/ai-inference/src/policy/pacing.ts';
import { RatioController } from '../packages/ai-inference/src/policy/ratio.ts';
import { seeded } from '../packages/kit/test/fixtures/random.ts';

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } });
const seed = Number(values.seed);
const allowance = 10;
const days = 8;
/** Demand of a day, in allowances. */
const demand = 1.6;
const meanCost = 0.02;

interface Request {
  atMs: number;
  costUsd: number;
  /** What the router expects before it knows. */
  estimateUsd: number;
}

const hourly: Record<string, (hour: number, day: number, random: () => number) => number> = {
  steady: () => 1,
  bursty: (hour, day) => ((hour * 7 + day * 5) % 11 === 0 || (hour + day) % 9 === 4 ? 6 : 0.3),
  'night-heavy': (hour) => (hour >= 19 ? 5 : hour >= 8 ? 0.6 : 0.1),
};

function traceOf(name: string): Request[] {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const requests: Request[] = [];
  for (let day = 0; day < days; day += 1) {
    const weights = Array.from({ length: 24 }, (_, hour) => (hourly[name] as (typeof hourly)[string])(hour, day, random));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    // Days differ from each other by a fifth.
    const count = ((allowance * demand) / meanCost) * (0.8 + 0.4 * random());
    weights.forEach((weight, hour) => {
      const ofHour = Math.round((count * weight) / whole);
      for (let index = 0; index < ofHour; index += 1) {
        const costUsd = meanCost * Math.exp(0.8 * normal() - 0.32);
        requests.push({
          atMs: day * dayMs + (hour + random()) * 3_600_000,
          costUsd,
          estimateUsd: costUsd * Math.exp(0.3 * normal()),
        });
      }
    });
  }
  return requests.sort((a, b) => a.atMs - b.atMs);
}

/** How long a request takes: its cost is known, and told in a header, only then. */
const takesMs = 15_000;

interface Way {
  /** Whether the request goes to the provider with the allowance. */
  choose(request: Request, balanceBefore: number): boolean;
  settle?(request: Request): void;
}

interface Outcome {
  unused: number[];
  refused: number;
  /** Longest time within a day without anything paid from the allowance while there was demand, in hours. */
  dryHours: number;
}

function replay(requests: readonly Request[], way: Way): Outcome {
  let balance = allowance;
  let day = 0;
  let refused = 0;
  let lastServed = 0;
  let dryHours = 0;
  const unused: number[] = [];
  const open: { request: Request; endsMs: number }[] = [];
  const finish = (untilMs: number) => {
    while (open[0] && open[0].endsMs <= untilMs) {
      const { request } = open.shift() as (typeof open)[number];
      way.settle?.(request);
    }
  };
  for (const request of requests) {
    finish(request.atMs);
    const today = Math.floor(request.atMs / dayMs);
    if (today !== day) {
      if (day > 0) unused.push(balance / allowance);
      balance = allowance;
      day = today;
      lastServed = request.atMs;
    }
    if (way.choose(request, balance)) {
      if (balance < request.costUsd) refused += 1;
      else {
        balance -= request.costUsd;
        lastServed = request.atMs;
        open.push({ request, endsMs: request.atMs + takesMs });
      }
    }
    if (day > 0) dryHours = Math.max(dryHours, (request.atMs - lastServed) / 3_600_000);
  }
  unused.push(balance / allowance);
  return { unused, refused, dryHours };
}

function paced(): Way {
  const pacer = new AllowancePacer();
  return {
    choose(request, balanceBefore) {
      // The header of an answer tells the balance before its request; here that of the one before.
      pacer.observeDay(request.atMs, balanceBefore);
      const { use } = pacer.decide(request.estimateUsd, request.atMs);
      if (use) pacer.reserve(request.estimateUsd);
      return use;
    },
    settle: (request) => pacer.settle(request.estimateUsd, request.costUsd),
  };
}

function spendFirst(): Way {
  return { choose: (request, balance) => balance >= request.estimateUsd };
}

/** The share that the average day would bear. */
function fixedShare(): Way {
  const ratio = new RatioController(1 / demand);
  return { choose: (request) => ratio.decide(request.estimateUsd).minor };
}

let failed = false;
const rows: string[][] = [];
for (const name of Object.keys(hourly)) {
  const requests = traceOf(name);
  for (const [title, way] of [
    ['paced', paced()],
    ['spend first', spendFirst()],
    ['fixed ratio', fixedShare()],
  ] as const) {
    const { unused, refused, dryHours } = replay(requests, way);
    const worst = Math.max(...unused) * 100;
    const good = worst < 1 && refused === 0;
    if (title === 'paced') failed ||= !good;
    const verdict = title === 'paced' ? (good ? 'met' : 'NOT MET') : '';
    rows.push([name, title, `${worst.toFixed(2)} %`, String(refused), dryHours.toFixed(1), verdict]);
  }
}
console.log(
  `Allowance of ${allowance} USD a day, demand ${demand} times that, ${days} days, seed ${seed}. Wanted of the pacer: less than 1 % unused on its worst day, no 402.\n`,
);
const head = ['trace', 'way', 'unused, worst day', '402s', 'hours without it', ''];
const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] as string).length)));
for (const row of [head, ...rows]) console.log(row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  '));
process.exitCode = failed ? 1 : 0;
