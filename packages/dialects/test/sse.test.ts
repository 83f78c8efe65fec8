// The event stream parser: what the standard says, whatever the split; and what the writer makes is read back.
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { formatSseComment, formatSseEvent, type SseEvent, SseParser, SseTooLargeError } from '../src/sse.ts';

function parse(...pieces: string[]): { events: SseEvent[]; comments: string[] } {
  const events: SseEvent[] = [];
  const comments: string[] = [];
  const parser = new SseParser({ onEvent: (event) => events.push(event), onComment: (text) => comments.push(text) });
  for (const piece of pieces) parser.feed(piece);
  return { events, comments };
}

const message = (data: string, more: Partial<SseEvent> = {}): SseEvent => ({ event: 'message', data, ...more });

const cases: [what: string, stream: string, events: SseEvent[], comments?: string[]][] = [
  ['one event', 'data: a\n\n', [message('a')]],
  ['without the space', 'data:a\n\n', [message('a')]],
  ['with two spaces', 'data:  a\n\n', [message(' a')]],
  ['a named event', 'event: progress\ndata: a\n\n', [{ event: 'progress', data: 'a' }]],
  ['lines that end in CR', 'event: x\rdata: a\r\r', [{ event: 'x', data: 'a' }]],
  ['lines that end in CRLF', 'event: x\r\ndata: a\r\n\r\n', [{ event: 'x', data: 'a' }]],
  ['lines that end in every way', 'data: a\rdata: b\ndata: c\r\n\rdata: d\n\r\n', [message('a\nb\nc'), message('d')]],
  ['several data lines', 'data: a\ndata:\ndata: b\n\n', [message('a\n\nb')]],
  ['a data line without a colon', 'data\n\n', [message('')]],
  ['empty data', 'data:\n\n', [message('')]],
  ['no data at all', 'event: x\nid: 1\n\ndata: a\n\n', [message('a')]],
  ['a byte order mark', '\ufeffdata: a\n\n', [message('a')]],
  ['a second byte order mark', '\ufeff\ufeffdata: a\n\ndata: b\n\n', [message('b')]],
  ['comments', ':\n: keep-alive\ndata: a\n:x\n\n', [message('a')], ['', ' keep-alive', 'x']],
  ['an id', 'id: 7\ndata: a\n\ndata: b\n\n', [message('a', { id: '7' }), message('b')]],
  ['an empty id', 'id\ndata: a\n\n', [message('a', { id: '' })]],
  ['an id with NUL', 'id: 1\0\ndata: a\n\n', [message('a')]],
  ['a retry', 'retry: 1500\ndata: a\n\n', [message('a', { retryMs: 1500 })]],
  ['a retry that is no number', 'retry: 1.5s\ndata: a\n\n', [message('a')]],
  ['unknown fields', 'foo: bar\nDATA: x\n data: y\ndata: a\n\n', [message('a')]],
  ['an unfinished event', 'data: a\n\ndata: b\n', [message('a')]],
  ['other separators of lines inside data', 'data: a\u2028b\u0085c\u000bd\n\n', [message('a\u2028b\u0085c\u000bd')]],
  ['characters of two units', 'data: 👩‍🚀\n\n', [message('👩‍🚀')]],
  ['blank lines', '\n\n\r\n\rdata: a\n\n\n\n', [message('a')]],
];

for (const [what, stream, events, comments = []] of cases) {
  t.test(what, async (t) => {
    t.same(parse(stream), { events, comments }, 'in one piece');
    t.same(parse(...stream.split('')), { events, comments }, 'one character at a time');
    for (let at = 1; at < stream.length; at += 1) {
      const split = parse(stream.slice(0, at), '', stream.slice(at));
      if (JSON.stringify(split) !== JSON.stringify({ events, comments })) t.same(split, { events, comments }, `split at ${at}`);
    }
  });
}

t.test('what is written is read back, in any split', async (t) => {
  const random = new Random(1);
  for (let round = 0; round < 2000; round += 1) {
    const text = () => random.text(random.below(12), 'ab :\n\r\ufeff\0é');
    const line = () => random.text(random.below(6), 'ab :é');
    const written: SseEvent[] = Array.from({ length: 1 + random.below(4) }, () => ({
      event: line() || 'message',
      data: text(),
      ...(random.below(3) === 0 && { id: line() }),
      ...(random.below(3) === 0 && { retryMs: random.below(10_000) }),
    }));
    let stream = written.map((event) => formatSseEvent(event) + (random.below(4) === 0 ? formatSseComment(' x') : '')).join('');
    const pieces: string[] = [];
    while (stream !== '') {
      const size = 1 + random.below(9);
      pieces.push(stream.slice(0, size));
      stream = stream.slice(size);
    }
    // A value that begins with a space keeps it: the writer adds the one that the reader takes away.
    const expected = written.map((event) => ({ ...event, data: event.data.replace(/\r\n|\r/g, '\n') }));
    t.same(parse(...pieces).events, expected, { diagnostic: false });
  }
});

t.test('an event that grows too large is refused', async (t) => {
  const parser = () => new SseParser({ onEvent: () => {}, limitChars: 100 });
  t.throws(() => parser().feed(`data: ${'x'.repeat(101)}\n`), SseTooLargeError, 'one long line');
  t.throws(() => parser().feed('x'.repeat(101)), SseTooLargeError, 'a line that does not end');
  const many = parser();
  t.throws(
    () => {
      for (let line = 0; line < 200; line += 1) many.feed('data: x\n');
    },
    SseTooLargeError,
    'many lines',
  );
  const inPieces = parser();
  t.throws(
    () => {
      for (let piece = 0; piece < 200; piece += 1) inPieces.feed('x');
    },
    SseTooLargeError,
    'a line in pieces',
  );
  const small = parser();
  t.doesNotThrow(() => {
    for (let event = 0; event < 200; event += 1) small.feed('data: xxxxxxxxxx\n\n');
  }, 'many small events are no large one');
});
