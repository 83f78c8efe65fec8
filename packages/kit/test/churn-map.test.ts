// The map for what is under way, beside JavaScript's own: the same answers to the same random deeds.
import t from 'tap';
import { ChurnMap } from '../src/churn-map.ts';
import { Random } from './fixtures/random.ts';

t.test('as Map does', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const random = new Random(seed);
    const mine = new ChurnMap<number | string, number>();
    const theirs = new Map<number | string, number>();
    const keys: (number | string)[] = [
      ...Array.from({ length: 40 }, (_, index) => index * 16 * seed),
      ...Array.from({ length: 40 }, (_, index) => `call-${index}`),
      -1,
      0.5,
      2 ** 40,
      '',
      '1',
      1,
    ];
    let differences = 0;
    for (let step = 0; step < 20_000; step += 1) {
      const key = keys[random.below(keys.length)] as number | string;
      if (random.below(2) === 0) {
        mine.set(key, step);
        theirs.set(key, step);
      } else if (mine.delete(key) !== theirs.delete(key)) differences += 1;
      const other = keys[random.below(keys.length)] as number | string;
      if (mine.get(other) !== theirs.get(other) || mine.has(other) !== theirs.has(other) || mine.size !== theirs.size)
        differences += 1;
    }
    t.equal(differences, 0, `seed ${seed}`);
    t.same(new Set(mine.keys()), new Set(theirs.keys()));
    t.same(mine.values().toSorted(), [...theirs.values()].toSorted());
  }
});

t.test('counted ids that come and go, and one that stays', async (t) => {
  const map = new ChurnMap<number, string>();
  map.set(3, 'stays');
  for (let id = 4; id < 100_000; id += 1) {
    map.set(id, 'x');
    if (id > 20) map.delete(id - 16);
    if (map.get(3) !== 'stays') t.fail(`lost at ${id}`);
  }
  t.equal(map.size, 18, 'it, the very first, and the latest sixteen');
});
