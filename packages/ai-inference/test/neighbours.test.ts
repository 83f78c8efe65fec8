// Two processes of a router on one ledger: what one sets aside the other knows, what it spends the other counts, once.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FakeClock } from '@switchyard/kit/clock';
import { silentLogger } from '@switchyard/kit/logger';
import t from 'tap';
import { isAliveLockHeld, takeAliveLock } from '../src/ledger/alive-lock.ts';
import { type BudgetSettings, Budgets, type Reservation } from '../src/ledger/budgets.ts';
import { Ledger, type LedgerRow } from '../src/ledger/ledger.ts';
import { Neighbours } from '../src/ledger/neighbours.ts';
import { newFolder } from './fixtures/router-process.ts';

const anyRow: Omit<LedgerRow, 'timeMs' | 'app' | 'provider' | 'costUsd'> = {
  requestId: 'r',
  route: 'm',
  decision: null,
  modelAsked: 'm',
  modelServed: null,
  inputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  costSource: 'override',
  assumedUsd: null,
  savedUsd: null,
  firstTokenMs: null,
  durationMs: 1,
  outcome: 'ok',
  errorKind: null,
};

/** What the router does with money, without the router. */
function processOn(directory: string, clock: FakeClock, settings: BudgetSettings[] = [{ period: 'day', limitUsd: 1 }]) {
  const ledger = new Ledger({ directory, clock, logger: silentLogger });
  const budgets: Budgets = new Budgets({
    budgets: settings,
    now: () => clock.now(),
    spentUsd: (sinceMs, filter) => neighbours.alone(() => ledger.spentUsd(sinceMs, filter)),
    setAsideUsd: (isMeant) => neighbours.setAsideUsd(isMeant),
    onSoftLimit: () => {},
  });
  const neighbours: Neighbours = new Neighbours({
    ledger,
    directory,
    clock,
    logger: silentLogger,
    onSpent: (spending) => budgets.spentElsewhere(spending),
  });
  return {
    ledger,
    neighbours,
    state: () => budgets.states[0] as { spentUsd: number; reservedUsd: number },
    /** Undefined when it is refused. */
    reserve: (usd: number, app = 'a', provider = 'p') =>
      neighbours.alone(() => {
        const reservation = budgets.reserve(app, provider, usd);
        if (!('settle' in reservation)) return undefined;
        reservation.attempt = neighbours.opened(app, provider, 'm', usd);
        return reservation;
      }),
    settle(reservation: Reservation, costUsd: number) {
      reservation.settle(costUsd);
      const { attempt } = reservation;
      if (!attempt) throw new Error('nothing is open');
      const { timeMs, app, provider } = attempt;
      neighbours.ended(attempt);
      ledger.add({ ...anyRow, timeMs, app, provider, costUsd, ended: attempt });
    },
    end() {
      neighbours.handOver();
      neighbours.close();
      ledger.close();
    },
  };
}

function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('refused');
  return value;
}

const near = (value: number) => Math.round(value * 1e9) / 1e9;

t.test('from set aside to spent, once', async (t) => {
  const directory = newFolder(t);
  const clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
  const old = processOn(directory, clock);
  const [one, two] = [sure(old.reserve(0.2)), sure(old.reserve(0.4))];
  old.settle(sure(old.reserve(0.3)), 0.1);
  t.same(
    readdirSync(directory).filter((name) => name.endsWith('.lock')),
    [],
    'alone, nothing is told',
  );
  old.neighbours.handOver();

  const next = processOn(directory, clock);
  t.same([next.state().spentUsd, near(next.state().reservedUsd)], [0.1, 0.6]);
  const mine = sure(next.reserve(0.1));
  const last = sure(next.reserve(0.5));
  t.equal(next.reserve(0.1), undefined, 'all of it is spent or set aside');
  t.equal(old.reserve(0.1), undefined, 'and the one that stops knows that too');
  last.release();
  next.neighbours.ended(sure(last.attempt));

  old.settle(one, 0.25);
  await clock.advance(1500);
  t.same([near(next.state().spentUsd), near(next.state().reservedUsd)], [0.35, 0.5], 'its cost has taken the place');
  await clock.advance(5000);
  t.equal(near(next.state().spentUsd), 0.35, 'once');
  next.settle(mine, 0.1);
  old.settle(two, 0.4);
  old.end();
  await clock.advance(2000);
  t.same([near(next.state().spentUsd), near(next.state().reservedUsd)], [0.85, 0]);
  t.equal(next.neighbours.sharing, false, 'alone again');
  t.equal(near(next.ledger.spentUsd(0)), 0.85);
  next.end();
  t.same(
    readdirSync(directory).filter((name) => name.endsWith('.lock')),
    [],
  );
});

t.test('each has budgets of its own', async (t) => {
  const directory = newFolder(t);
  const clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
  const old = processOn(directory, clock, [{ period: 'month', limitUsd: 100 }]);
  const mine = sure(old.reserve(0.7, 'a', 'p'));
  const other = sure(old.reserve(0.5, 'b', 'q'));
  old.neighbours.handOver();
  const next = processOn(directory, clock, [
    { app: 'a', period: 'day', limitUsd: 1 },
    { provider: 'q', period: 'day', limitUsd: 1 },
  ]);
  t.match(next.state(), { spentUsd: 0, reservedUsd: 0.7 });
  old.settle(mine, 0.6);
  old.settle(other, 5);
  await clock.advance(2000);
  t.match(next.state(), { spentUsd: 0.6, reservedUsd: 0 });
  t.equal(next.reserve(0.1, 'b', 'q'), undefined);
  t.ok(next.reserve(0.1, 'b', 'p'));
  old.end();
  next.end();
});

t.test('what spent without any budget counts for those who have some', async (t) => {
  const directory = newFolder(t);
  const clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
  const old = processOn(directory, clock, []);
  old.neighbours.handOver();
  const next = processOn(directory, clock);
  t.match(next.state(), { spentUsd: 0 });
  old.ledger.add({ ...anyRow, timeMs: clock.now(), app: 'a', provider: 'p', costUsd: 0.3 });
  await clock.advance(2000);
  t.match(next.state(), { spentUsd: 0.3 });
  old.end();
  next.end();
});

t.test('what was left open by a process that is gone counts as spent, once', async (t) => {
  const directory = newFolder(t);
  const clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
  const next = processOn(directory, clock);
  next.end();
  // What a process leaves behind that is killed: its lock is nobody's.
  writeFileSync(join(directory, 'gone.lock'), '');
  const database = new DatabaseSync(join(directory, 'ledger.sqlite'));
  database.exec(`INSERT INTO process (id) VALUES ('gone');
    INSERT INTO open_attempt (process, id, timeMs, app, provider, model, usd) VALUES ('gone', 1, ${clock.now()}, 'a', 'p', 'm', 0.25)`);
  database.close();
  for (let start = 0; start < 3; start += 1) {
    const again = processOn(directory, clock);
    t.match(again.state(), { spentUsd: 0.25, reservedUsd: 0 });
    t.match(again.ledger.rows({ limit: 9 }), [{ requestId: 'gone/1', costUsd: null, assumedUsd: 0.25, errorKind: 'cut' }]);
    t.equal(again.ledger.rows({ limit: 9 }).length, 1);
    again.end();
  }
  t.same(
    readdirSync(directory).filter((name) => name.endsWith('.lock')),
    [],
  );
});

t.test('what is known of a bill is not overwritten by who knew it before', async (t) => {
  const ledger = new Ledger({ directory: newFolder(t), clock: new FakeClock(), logger: silentLogger });
  const seen = { day: '2026-11-19', provider: 'p', ledgerUsd: 1, unknown: 0, billUsd: 1, error: null, checkedAtMs: 2000 };
  ledger.addReconciled(seen);
  ledger.addReconciled({ ...seen, ledgerUsd: 0.5, billUsd: 0.5, checkedAtMs: 1000 });
  t.same(ledger.reconciled(), [seen]);
  ledger.addReconciled({ ...seen, ledgerUsd: 1.5, checkedAtMs: 3000 });
  t.match(ledger.reconciled(), [{ ledgerUsd: 1.5, billUsd: 1 }]);
  ledger.close();
});

t.test('a lock is held until it is given back', async (t) => {
  const file = join(newFolder(t), 'a.lock');
  t.equal(isAliveLockHeld(file), false);
  const lock = takeAliveLock(file);
  t.equal(isAliveLockHeld(file), true);
  t.throws(() => takeAliveLock(file));
  lock.release();
  t.equal(isAliveLockHeld(file), false);
});

t.test('whatever happens in which order: never more than one reservation over, and all counted', async (t) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.comment(`SEED=${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 20; round += 1) {
    const directory = newFolder(t);
    const clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
    const limitUsd = 10;
    const alive = [processOn(directory, clock, [{ period: 'day', limitUsd }])];
    const open = new Map<Reservation, (typeof alive)[number]>();
    let [spent, setAside, most] = [0, 0, 0];
    for (let step = 0; step < 300; step += 1) {
      const one = alive[random(alive.length)] as (typeof alive)[number];
      const what = random(20);
      if (what < 10) {
        const reservation = one.reserve(1);
        if (reservation) {
          setAside += 1;
          open.set(reservation, one);
        }
      } else if (what < 16) {
        const [reservation, its] = [...open][random(open.size || 1)] ?? [];
        if (!reservation || !its) continue;
        const usd = random(11) / 10;
        its.settle(reservation, usd);
        open.delete(reservation);
        setAside -= 1;
        spent += usd;
      } else if (what < 18) await clock.advance(random(1500));
      else if (alive.length < 3) {
        alive.at(-1)?.neighbours.handOver();
        alive.push(processOn(directory, clock, [{ period: 'day', limitUsd }]));
      } else {
        const [oldest] = alive as [typeof one];
        for (const [reservation, its] of open)
          if (its === oldest) {
            oldest.settle(reservation, 0.5);
            open.delete(reservation);
            setAside -= 1;
            spent += 0.5;
          }
        oldest.end();
        alive.shift();
      }
      most = Math.max(most, spent + setAside);
    }
    for (const [reservation, its] of open) {
      its.settle(reservation, 1);
      spent += 1;
    }
    const newest = alive.pop() as (typeof alive)[number];
    for (const one of alive) one.end();
    await clock.advance(2000);
    if (near(most) > limitUsd + 1) t.fail(`${most} USD in round ${round}, SEED=${seed}`);
    t.equal(near(newest.state().spentUsd), near(spent), `round ${round}: all is counted, once`);
    t.equal(near(newest.ledger.spentUsd(0)), near(spent), 'and in the ledger');
    t.equal(near(newest.state().reservedUsd), 0);
    newest.end();
  }
});
