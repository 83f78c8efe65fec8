// Proves the dialects against each other: `npm run test:dialects`. Every client dialect asks every upstream dialect in every
// scenario, whole and streamed, for two turns; see packages/dialects/test/matrix/run.ts. Ends with 1 when a cell fails.
import { runMatrix, streamsThatDiffer } from '../packages/dialects/test/matrix/run.ts';
import { tableOf } from '../packages/dialects/test/matrix/table.ts';

const started = performance.now();
const cells = runMatrix();
console.log(tableOf(cells));
const differing = streamsThatDiffer();
console.log(
  differing.length === 0 ? 'every stream gives the same events, split at every byte' : `splits differ: ${differing.join(', ')}`,
);
console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);
process.exitCode = differing.length > 0 || cells.some((cell) => cell.failures.length > 0) ? 1 : 0;
