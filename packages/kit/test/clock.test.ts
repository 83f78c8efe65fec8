import t from 'tap';
import { FakeClock, sleep, systemClock } from '../src/clock.ts';

t.test('a fake clock stands still until it is advanced', async (t) => {
  const clock = new FakeClock(1000);
  t.equal(clock.now(), 1000);
  await clock.advance(250);
  t.equal(clock.now(), 1250);
  t.equal(clock.monotonicMs(), 250);
});

t.test('timers fire in the order of their time, then of their creation', async (t) => {
  const clock = new FakeClock();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push(`late at ${clock.monotonicMs()}`), 20);
  clock.setTimeout(() => fired.push(`early at ${clock.monotonicMs()}`), 10);
  clock.setTimeout(() => fired.push(`second at ${clock.monotonicMs()}`), 10);
  clock.setTimeout(() => fired.push('never'), 31);
  await clock.advance(30);
  t.same(fired, ['early at 10', 'second at 10', 'late at 20']);
  t.equal(clock.pending, 1);
});

t.test('a timer set by what a timer started fires within the same advance', async (t) => {
  const clock = new FakeClock();
  const seen: number[] = [];
  const loop = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) {
      await sleep(10, { clock });
      seen.push(clock.monotonicMs());
    }
  };
  const done = loop();
  await clock.advance(30);
  t.same(seen, [10, 20, 30]);
  await done;
});

t.test('a cancelled timer does not fire', async (t) => {
  const clock = new FakeClock();
  let fired = false;
  clock.setTimeout(() => (fired = true), 5).cancel();
  await clock.advance(10);
  t.notOk(fired);
});

t.test('sleep ends with the reason of its signal and leaves no timer', async (t) => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const asleep = sleep(1000, { clock, signal: controller.signal });
  controller.abort(new Error('enough'));
  await t.rejects(asleep, { message: 'enough' });
  t.equal(clock.pending, 0);
  await t.rejects(sleep(1000, { clock, signal: controller.signal }), { message: 'enough' });
});

t.test('the system clock waits, cancels, and takes waits longer than 32 bits', async (t) => {
  const before = systemClock.monotonicMs();
  await sleep(15);
  t.ok(systemClock.monotonicMs() - before >= 14);
  t.ok(Math.abs(systemClock.now() - Date.now()) < 1000);
  let fired = false;
  const long = systemClock.setTimeout(() => (fired = true), 2 ** 33);
  const cancelled = systemClock.setTimeout(() => (fired = true), 1);
  cancelled.cancel();
  await sleep(20);
  long.cancel();
  t.notOk(fired, 'Node alone fires a timer of more than 2^31 ms at once');
});
