// Lines out of a stream in any split, and lines that are too long: dropped, reported by their ends, survived.
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { LineReader, type OversizedLine } from '../src/upstream/lines.ts';

function read(pieces: readonly string[], limitChars = 1000): { lines: string[]; oversized: OversizedLine[] } {
  const lines: string[] = [];
  const oversized: OversizedLine[] = [];
  const reader = new LineReader({ limitChars, onLine: (line) => lines.push(line), onOversized: (line) => oversized.push(line) });
  for (const piece of pieces) reader.feed(piece);
  return { lines, oversized };
}

t.test('lines end with LF or CRLF; blank ones and an unfinished last one are no lines', async (t) => {
  t.same(read(['a\nb\r\n\n \n\r\nc\rd\ne']).lines, ['a', 'b', 'c\rd']);
  t.same(read(['\n', 'a', '', '\n']).lines, ['a']);
  t.same(read(['a\u2028b\u0085c\n']).lines, ['a\u2028b\u0085c'], 'other separators are none');
});

t.test('the split does not matter', async (t) => {
  const random = new Random(1);
  for (let round = 0; round < 3000; round += 1) {
    const text = random.text(random.below(60), 'ab\r\n\n {}é');
    const pieces: string[] = [];
    for (let rest = text; rest !== ''; ) {
      const size = 1 + random.below(5);
      pieces.push(rest.slice(0, size));
      rest = rest.slice(size);
    }
    const limit = 3 + random.below(12);
    // How much of the head is kept depends on what had come when the line became too long.
    const seen = ({ lines, oversized }: ReturnType<typeof read>) => ({
      lines,
      oversized: oversized.map(({ tail, sizeChars }) => ({ tail, sizeChars })),
    });
    const whole = seen(read([text], limit));
    const split = seen(read(pieces, limit));
    if (JSON.stringify(whole) !== JSON.stringify(split)) t.same(split, whole, JSON.stringify({ pieces, limit }));
    const expected = text.split('\n').slice(0, -1);
    t.same(
      whole.lines.length + whole.oversized.length,
      expected.filter((line) => line.trim() !== '' || line.length > limit).length,
    );
  }
});

t.test('a line at the limit is kept, one beyond is reported by head and tail', async (t) => {
  t.same(read([`${'x'.repeat(1000)}\n`]).lines.length, 1);
  const long = `head-${'x'.repeat(20_000)}-tail`;
  for (const pieces of [
    [`${long}\nnext\n`],
    [long, '\nnext\n'],
    [...`${long}\nnext\n`],
    [long.slice(0, 10_000), long.slice(10_000), '\n', 'next\n'],
  ]) {
    const { lines, oversized } = read(pieces);
    t.same(lines, ['next'], 'the reader goes on');
    t.equal(oversized.length, 1);
    t.match(oversized[0], { sizeChars: long.length });
    t.ok(oversized[0]?.head.startsWith('head-x') && oversized[0].tail.endsWith('x-tail'));
    t.ok((oversized[0]?.head.length ?? 0) <= 4096 && (oversized[0]?.tail.length ?? 0) <= 4096, 'nothing long is kept');
  }
});
