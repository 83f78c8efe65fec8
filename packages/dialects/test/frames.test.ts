// Where frames end: every line ending, every split, and nothing lost.
import t from 'tap';
import { endOfLastEvent, FrameSplitter, FrameTooLargeError, framesOf } from '../src/frames.ts';

const streams = {
  lf: 'data: {"a":1}\n\nevent: x\ndata: 2\n\n: note\n\ndata: [DONE]\n\n',
  crlf: 'data: {"a":1}\r\n\r\nevent: x\r\ndata: 2\r\n\r\n: note\r\n\r\ndata: [DONE]\r\n\r\n',
  cr: 'data: {"a":1}\r\revent: x\rdata: 2\r\r: note\r\rdata: [DONE]\r\r',
};

for (const [name, text] of Object.entries(streams)) {
  t.test(`events that end in ${name}`, async (t) => {
    const bytes = Buffer.from(text);
    t.equal(endOfLastEvent(bytes), bytes.length);
    const frames = [...framesOf(bytes, 'sse')].map(String);
    t.equal(frames.length, 4);
    t.equal(frames.join(''), text);
    for (let split = 1; split < bytes.length; split += 1) {
      const splitter = new FrameSplitter('sse');
      const first = splitter.push(bytes.subarray(0, split)) ?? Buffer.alloc(0);
      const second = splitter.push(bytes.subarray(split)) ?? Buffer.alloc(0);
      t.equal(String(first) + String(second) + String(splitter.rest ?? ''), text, `split at ${split}`);
      const whole = frames.map((_, index) => frames.slice(0, index + 1).join(''));
      t.ok(['', ...whole].includes(String(first)), `no event is passed in part at ${split}`);
    }
  });
}

t.test('one byte at a time', async (t) => {
  const splitter = new FrameSplitter('sse');
  const passed = [...Buffer.from(streams.lf)].flatMap((byte) => String(splitter.push(Buffer.of(byte)) ?? '') || []);
  t.same(passed, ['data: {"a":1}\n\n', 'event: x\ndata: 2\n\n', ': note\n\n', 'data: [DONE]\n\n']);
});

t.test('lines', async (t) => {
  const splitter = new FrameSplitter('ndjson');
  t.equal(splitter.push(Buffer.from('{"a"')), undefined);
  t.equal(String(splitter.push(Buffer.from(':1}\n{"b":2}\n{'))), '{"a":1}\n{"b":2}\n');
  t.equal(String(splitter.rest), '{');
  t.same([...framesOf(Buffer.from('1\n2\n3'), 'ndjson')].map(String), ['1\n', '2\n', '3']);
});

t.test('a frame without an end', async (t) => {
  const splitter = new FrameSplitter('sse', 10);
  t.throws(() => splitter.push(Buffer.from('data: 0123456789')), FrameTooLargeError);
});
