import t from 'tap';
import { didYouMean, editDistance, nearestName } from '../src/nearest.ts';
import { Random } from './fixtures/random.ts';

const KEYS = ['command', 'args', 'env', 'url', 'headers', 'timeoutMs', 'maxConcurrency', 'isolation'];

t.test('the nearest name', async (t) => {
  const cases: [typed: string, meant: string | undefined][] = [
    ['comand', 'command'],
    ['commnad', 'command'],
    ['COMMAND', 'command'],
    ['arg', 'args'],
    ['header', 'headers'],
    ['time', 'timeoutMs'],
    ['timeout', 'timeoutMs'],
    ['timeout_ms', 'timeoutMs'],
    ['concurrency', 'maxConcurrency'],
    ['urls', 'url'],
    ['uri', 'url'],
    ['x', undefined],
    ['', undefined],
    ['zebra', undefined],
    ['password', undefined],
  ];
  for (const [typed, meant] of cases) t.equal(nearestName(typed, KEYS), meant, `${typed} -> ${meant}`);
});

t.test('a shared beginning decides between equals', async (t) => {
  t.equal(nearestName('cart', ['part', 'care']), 'care');
  t.equal(nearestName('cart', ['care', 'part']), 'care');
});

t.test('the hint is ready to append', async (t) => {
  t.equal(didYouMean('comand', KEYS), ' (did you mean "command"?)');
  t.equal(didYouMean('zebra', KEYS), '');
  t.equal(didYouMean('zebra', []), '');
});

t.test('one slip of the finger is always forgiven', async (t) => {
  const random = new Random(1);
  for (let round = 0; round < 2000; round++) {
    const names = Array.from({ length: 5 }, () => random.text(6 + random.below(8)));
    const meant = random.pick(names);
    const at = random.below(meant.length - 1);
    const slip = random.pick([
      meant.slice(0, at) + meant.slice(at + 1),
      meant.slice(0, at) + random.text(1) + meant.slice(at),
      meant.slice(0, at) + random.text(1) + meant.slice(at + 1),
      meant.slice(0, at) + meant[at + 1] + meant[at] + meant.slice(at + 2),
    ]);
    // Random names of six letters or more are never two slips apart by chance in this seed.
    if (nearestName(slip, names) !== meant) t.fail(`${slip} should be ${meant}`, { names });
  }
});

t.test('the distance is a distance', async (t) => {
  const random = new Random(2);
  for (let round = 0; round < 1000; round++) {
    const [a, b] = [random.text(random.below(7), 'abc'), random.text(random.below(7), 'abc')];
    const distance = editDistance(a, b);
    const lawful =
      distance === editDistance(b, a) &&
      (distance === 0) === (a === b) &&
      distance >= Math.abs(a.length - b.length) &&
      distance <= Math.max(a.length, b.length);
    if (!lawful) t.fail(`distance of ${a} and ${b} is ${distance}`);
  }
  t.equal(editDistance('ab', 'ba'), 1);
  t.equal(editDistance('kitten', 'sitting'), 3);
});
