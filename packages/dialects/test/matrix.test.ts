// Every client dialect against every upstream dialect; `npm run test:dialects` prints the table.
import t from 'tap';
import { runMatrix, streamsThatDiffer } from './matrix/run.ts';
import { nameOf } from './matrix/table.ts';

t.test('every cell carries what its upstream can hold', async (t) => {
  const cells = runMatrix();
  t.equal(cells.length, 4 * 5 * 6 * 2);
  for (const cell of cells) {
    t.same(cell.failures, [], nameOf(cell));
  }
});

t.test('every stream gives the same events, split at every byte', async (t) => {
  t.same(streamsThatDiffer(), []);
});
