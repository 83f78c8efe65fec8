// The light signal beside the real one: the same things happen in the same order.
import t from 'tap';
import { abortSignalOf, Cancel, type CancelSignal } from '../src/cancel.ts';

t.test('as AbortController does', async (t) => {
  for (const source of [new Cancel(), new AbortController()]) {
    const signal: CancelSignal = source.signal;
    const heard: string[] = [];
    const gone = () => heard.push('gone');
    signal.addEventListener('abort', () => heard.push('first'), { once: true });
    signal.addEventListener('abort', gone);
    signal.addEventListener('abort', () => heard.push('second'));
    signal.removeEventListener('abort', gone);
    t.notOk(signal.aborted);
    source.abort('why');
    source.abort('again');
    t.same(heard, ['first', 'second']);
    t.equal(signal.reason, 'why');
    signal.addEventListener('abort', () => heard.push('late'));
    t.equal(heard.length, 2, 'what has happened is not told again');
  }
  const plain = new Cancel();
  plain.abort();
  t.match(plain.reason, { name: 'AbortError' });
});

t.test('made into the real thing', async (t) => {
  const real = new AbortController().signal;
  t.equal(abortSignalOf(real), real);
  const before = new Cancel();
  before.abort('early');
  t.match(abortSignalOf(before), { aborted: true, reason: 'early' });
  const after = new Cancel();
  const signal = abortSignalOf(after);
  after.abort('late');
  t.match(signal, { aborted: true, reason: 'late' });
});
