import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FakeClock } from '@switchyard/kit/clock';
import { createLogger } from '@switchyard/kit/logger';
import t from 'tap';
import { Ledger, type LedgerRow } from '../src/ledger/ledger.ts';

const row = (index: number): LedgerRow => ({
  ...{ requestId: `r${index}`, timeMs: index, app: 'anonymous', route: 'm', decision: null, provider: 'p' },
  ...{ modelAsked: 'm', modelServed: null, inputTokens: 1, cachedInputTokens: null, cacheWriteTokens: null },
  ...{ outputTokens: 1, reasoningTokens: null, costUsd: 0.5, costSource: 'provider', assumedUsd: null, savedUsd: null },
  ...{ firstTokenMs: null, durationMs: 1, outcome: 'ok', errorKind: null },
});

t.test('a ledger that cannot be written for a while loses nothing, and is not tried with every request', async (t) => {
  const directory = t.testdir();
  const clock = new FakeClock();
  const failures: string[] = [];
  const logger = createLogger({ name: 'test', write: (line: string) => failures.push(line) });
  const ledger = new Ledger({ directory, clock, logger });
  t.teardown(() => ledger.close());
  const other = new DatabaseSync(join(directory, 'ledger.sqlite'));
  t.teardown(() => other.close());
  const written = () => Number(other.prepare('SELECT count(*) AS rows FROM attempt').get()?.rows);

  other.exec("CREATE TRIGGER full BEFORE INSERT ON attempt BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
  for (let index = 0; index < 600; index += 1) ledger.add(row(index));
  t.equal(failures.length, 1, 'one try for the first rows that belong together');
  t.match(failures[0], 'database or disk is full');
  await clock.advance(4999);
  t.equal(failures.length, 1, 'the others wait for the next one');
  await clock.advance(1);
  t.equal(failures.length, 2);
  t.equal(written(), 0);

  other.exec('DROP TRIGGER full');
  await clock.advance(5000);
  t.equal(failures.length, 2);
  t.equal(written(), 600, 'without another request');
  for (let index = 600; index < 850; index += 1) ledger.add(row(index));
  t.equal(written(), 850, 'and all is as before');
  t.equal(ledger.spentUsd(0), 425);
});
