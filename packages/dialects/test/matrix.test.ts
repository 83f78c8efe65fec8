// Every client dialect against every upstream dialect; `npm run test:dialects` prints the table.
import t from 'tap';
import { runMatrix, streamsThatDiffer } from './matrix/run.ts';
import { nameOf } from './matrix/table.ts';

/** Cells that are known to fail, and what has to be done. `npm run test:dialects` fails on them. */
const open: [cell: RegExp, todo: string][] = [
  [
    /^gemini → anthropic, reasoning/,
    'write every token of Anthropic in a thought, not only the first (anthropic/thought.ts, ownThought)',
  ],
  [/^gemini → ollama, .*stream$/, 'join the texts of an assistant without line breaks (ollama/message-render.ts)'],
];

t.test('every cell carries what its upstream can hold', async (t) => {
  const cells = runMatrix();
  t.equal(cells.length, 4 * 5 * 6 * 2);
  for (const cell of cells) {
    const todo = open.find(([pattern]) => pattern.test(nameOf(cell)))?.[1];
    t.same(cell.failures, [], nameOf(cell), todo === undefined || cell.failures.length === 0 ? {} : { todo });
  }
});

t.test('every stream gives the same events, split at every byte', async (t) => {
  t.same(streamsThatDiffer(), []);
});
