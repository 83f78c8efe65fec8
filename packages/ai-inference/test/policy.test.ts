// The policy's pure parts: quantile gate, ratio, pacing, score and agreement, by what they promise.
import t from 'tap';
import { seeded } from '../../kit/test/fixtures/random.ts';
import { agree, finalNumber } from '../src/policy/cascade.ts';
import { featuresOf } from '../src/policy/features.ts';
import { AllowancePacer, dayMs } from '../src/policy/pacing.ts';
import { QuantileGate, RollingQuantile } from '../src/policy/quantile.ts';
import { RatioController } from '../src/policy/ratio.ts';
import { type Calibration, calibrate, scoreOf as scoreOfFeatures } from '../src/policy/score.ts';

const scoreOf = (text: string, calibration?: Calibration) => scoreOfFeatures(featuresOf(text), calibration);

t.test('a quantile of what was seen lately', async (t) => {
  const quantile = new RollingQuantile(100);
  t.equal(quantile.of(1), 0.5, 'nothing is known');
  for (let score = 0; score < 1000; score += 1) quantile.add(score);
  t.equal(quantile.size, 100);
  t.equal(quantile.of(899), 0);
  t.equal(quantile.of(1000), 1);
  t.equal(quantile.of(950), 0.505);
});

t.test('the gate holds its share on any traffic', async (t) => {
  const random = seeded(7);
  const traffics: Record<string, (index: number) => number> = {
    even: () => random() * 100,
    'nearly all alike': () => (random() < 0.97 ? 12 : 80),
    drifting: (index) => index / 50 + random() * 10,
    falling: (index) => 100 - index / 30 + random(),
    constant: () => 42,
  };
  for (const [name, traffic] of Object.entries(traffics)) {
    for (const share of [0.05, 0.2, 0.5]) {
      const gate = new QuantileGate();
      let strong = 0;
      for (let index = 0; index < 2000; index += 1) if (gate.decide(traffic(index), share).strong) strong += 1;
      t.ok(Math.abs(strong / 2000 - share) <= 0.01, `${name}: ${((strong / 2000) * 100).toFixed(1)} % of ${share * 100} %`);
    }
  }
  const gate = new QuantileGate();
  const sent: number[] = [];
  const kept: number[] = [];
  for (let index = 0; index < 2000; index += 1) {
    const score = random() * 100;
    (gate.decide(score, 0.2).strong ? sent : kept).push(score);
  }
  const mean = (list: number[]) => list.reduce((sum, score) => sum + score, 0) / list.length;
  t.ok(mean(sent) > 85 && mean(kept) < 45, 'and the high scores are those that are sent');
  t.notOk(new QuantileGate().decide(100, 0).strong);
  t.ok(new QuantileGate().decide(0, 1).strong);
});

t.test('the ratio is held by size, and corrected when sizes are known', async (t) => {
  const random = seeded(3);
  const ratio = new RatioController(0.1);
  let minor = 0;
  let whole = 0;
  for (let index = 0; index < 2000; index += 1) {
    const size = 100 + random() * 5000;
    const ticket = ratio.decide(size * (0.5 + random()));
    ratio.settle(ticket, size);
    whole += size;
    if (ticket.minor) minor += size;
  }
  t.ok(Math.abs(minor / whole - 0.1) < 0.002, `${minor / whole}`);
  const cancelled = new RatioController(0.5);
  const first = cancelled.decide(10);
  cancelled.cancel(first);
  t.equal(cancelled.owed, 0, 'what came to nothing counts for nobody');
  t.ok(new RatioController(1).decide(5).minor);
  t.notOk(new RatioController(0).decide(5).minor);
});

t.test('what suits the minor side better goes there', async (t) => {
  const random = seeded(5);
  const ratio = new RatioController(0.2);
  const sent: number[] = [];
  for (let index = 0; index < 3000; index += 1) {
    const fit = random() * 2 - 1;
    if (ratio.decide(1, fit).minor) sent.push(fit);
  }
  t.ok(Math.abs(sent.length / 3000 - 0.2) < 0.002);
  t.ok(sent.reduce((sum, fit) => sum + fit, 0) / sent.length > 0.2, 'on average');
});

t.test('an allowance is neither overdrawn nor forgotten', async (t) => {
  const pacer = new AllowancePacer();
  t.match(pacer.decide(1, 0), { use: true, reason: 'unknown' });
  pacer.observeBalance(10);
  let spent = 0;
  for (let minute = 0; minute < 1440; minute += 1) {
    if (!pacer.decide(0.02, minute * 60_000).use) continue;
    pacer.reserve(0.02);
    pacer.settle(0.02, 0.02);
    spent += 0.02;
  }
  t.ok(spent <= 10 && spent > 9.8, `${spent.toFixed(2)} of 10`);
  t.equal(pacer.decide(5, dayMs - 1).reason, 'empty');
});

t.test('a score without labels, and with labels that mean nothing', async (t) => {
  const hard =
    'A train leaves Boston at 9:40 and another leaves New York, 215 miles away, at 10:15. Explain step by step when they meet if neither stops, each slows by 12 percent after Hartford, and the first is never faster than 70 mph.';
  t.ok(scoreOf(hard) > scoreOf('hi'));
  t.ok(scoreOf('hi') >= 0 && scoreOf(hard.repeat(500)) <= 100);
  const noiseOf = (seed: number, length: number) => {
    const random = seeded(seed);
    return Array.from({ length }, (_, index) => ({
      features: featuresOf(`question ${index} ${'x'.repeat(index % 50)}`),
      gain: random() < 0.5 ? 1 : 0,
    }));
  };
  for (const length of [40, 120]) {
    const believed = Array.from({ length: 200 }, (_, seed) => calibrate(noiseOf(seed, length))).filter(
      (calibration) => (calibration?.agreementLow ?? 0) > 0.5,
    );
    t.ok(believed.length <= 10, `${believed.length} of 200 sets of ${length} meaningless labels are believed`);
  }
  const chance = calibrate(noiseOf(11, 120));
  t.ok((chance?.agreementLow ?? 1) <= 0.5);
  t.equal(scoreOf(hard, chance), scoreOf(hard), 'what is not believed leaves the prior alone');
  const real = Array.from({ length: 200 }, (_, index) => ({ features: featuresOf(index % 2 ? hard : 'hello'), gain: index % 2 }));
  t.ok((calibrate(real)?.agreementLow ?? 0) > 0.5, 'what is clear is');
  t.equal(calibrate(real.slice(0, 10)), undefined);
});

t.test('answers that say the same', async (t) => {
  t.ok(agree('So the answer is $1,250.', '#### 1250.0'));
  t.notOk(agree('The total is 12', 'The total is 13'));
  t.ok(agree('Yes.', 'yes'));
  t.notOk(agree('', ''));
  t.notOk(agree('about 5', 'none'));
  t.equal(finalNumber('x = 3, so y = 4.5'), 4.5);
});
