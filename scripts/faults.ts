// Breaks the gateway on purpose, one row for each promise (`npm run test:faults`): leaks, bad neighbours, killed servers, long
// and silent calls, slow calls beside fast ones, oversized results, denied callers, changed tools. Bounded; ends what it
// starts. `--only N` runs one line. Timers are real but scaled: what takes 20 minutes in life takes 70 seconds here.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endAll } from './bench/processes.ts';
import { lines } from './faults/lines.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'faults-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(130)));

interface Row {
  line: number;
  title: string;
  good: boolean;
  figures: string;
}
const rows: Row[] = [];
try {
  for (const { line, title, run } of lines) {
    if (values.only !== undefined && Number(values.only) !== line) continue;
    console.error(`${line}. ${title} …`);
    const startedAt = performance.now();
    const outcome = await run(join(folder, `line-${line}-${rows.length}`)).catch((error: Error) => ({
      good: false,
      figures: error.message.split('\n', 1)[0] ?? '',
    }));
    await endAll();
    rows.push({ line, title, ...outcome });
    console.error(
      `   ${outcome.good ? 'holds' : 'BROKEN'} (${((performance.now() - startedAt) / 1000).toFixed(1)} s): ${outcome.figures}`,
    );
  }
} finally {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}
console.log('\n| line | promise | | figures |\n|---|---|---|---|');
for (const { line, title, good, figures } of rows)
  console.log(`| ${line} | ${title} | ${good ? 'holds' : 'BROKEN'} | ${figures} |`);
process.exitCode = rows.length > 0 && rows.every(({ good }) => good) ? 0 : 1;
