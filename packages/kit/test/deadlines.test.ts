import t from 'tap';
import { FakeClock } from '../src/clock.ts';
import { Deadlines } from '../src/deadlines.ts';

t.test('each limit ends once, in its time', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const ended: string[] = [];
  deadlines.after(100, () => ended.push(`a ${clock.monotonicMs()}`));
  await clock.advance(30);
  deadlines.after(100, () => ended.push(`b ${clock.monotonicMs()}`));
  deadlines.after(50, () => ended.push(`c ${clock.monotonicMs()}`));
  await clock.advance(69);
  t.strictSame(ended, ['c 80'], 'a shorter one does not wait for those before it');
  await clock.advance(1);
  t.strictSame(ended, ['c 80', 'a 100']);
  await clock.advance(1000);
  t.strictSame(ended, ['c 80', 'a 100', 'b 130']);
});

t.test('what is cancelled does not happen', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const ended: string[] = [];
  const [first, middle, last] = ['first', 'middle', 'last'].map((name) => deadlines.after(10, () => ended.push(name)));
  middle?.cancel();
  middle?.cancel();
  await clock.advance(5);
  const later = deadlines.after(10, () => ended.push('later'));
  await clock.advance(5);
  t.strictSame(ended, ['first', 'last']);
  first?.cancel();
  last?.cancel();
  await clock.advance(5);
  t.strictSame(ended, ['first', 'last', 'later']);
  later.cancel();
});

t.test('however many there are, there is one timer for each length', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  for (let count = 0; count < 1000; count += 1) deadlines.after(count % 2 === 0 ? 100 : 200, () => {}).cancel();
  t.equal(clock.pending, 2);
  await clock.advance(200);
  t.equal(clock.pending, 0, 'and none is left when nobody waits');
});

t.test('one that sets another, cancels its neighbour or throws does not hold up the others', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const ended: string[] = [];
  deadlines.after(10, () => {
    ended.push('sets');
    deadlines.after(10, () => ended.push('set'));
    neighbour.cancel();
  });
  const neighbour = deadlines.after(10, () => ended.push('cancelled'));
  await clock.advance(10);
  t.strictSame(ended, ['sets']);
  await clock.advance(10);
  t.strictSame(ended, ['sets', 'set']);

  deadlines.after(10, () => {
    throw new Error('broken');
  });
  deadlines.after(10, () => ended.push('behind it'));
  await t.rejects(clock.advance(10), { message: 'broken' });
  await clock.advance(1);
  t.strictSame(ended, ['sets', 'set', 'behind it']);
});
