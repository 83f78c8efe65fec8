/** Every form that an answer may have, however the network cuts it into pieces. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { createHttpClient } from '../../src/http-client.ts';
import { AnswerParser } from '../../src/http1/answer-parser.ts';
import type { Fields } from '../../src/http1/fields.ts';
import { ask, rawUpstream } from '../fixtures/raw-upstream.ts';

interface Answer {
  method?: string;
  bytes: string;
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
  /** The end of the connection is its end. */
  untilEnd?: boolean;
  /** Whether the connection may serve another request. */
  kept: boolean;
}

const chunks = '5\r\nhello\r\n1;name=value;other="quo ted"\r\n,\r\n6 \r\n world\r\n000\r\n';
const answers: Record<string, Answer> = {
  'by length': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello',
    ...{ status: 200, headers: { 'content-length': '5', 'x-a': 'b' }, body: 'hello', kept: true },
  },
  'of length 0': {
    bytes: 'HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n',
    ...{ status: 503, headers: { 'content-length': '0' }, body: '', kept: true },
  },
  'without a reason': {
    bytes: 'HTTP/1.1 200\r\ncontent-length:1\r\n\r\n\xff',
    ...{ status: 200, headers: { 'content-length': '1' }, body: '\xff', kept: true },
  },
  'of a length told twice, but the same': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx',
    ...{ status: 200, headers: { 'content-length': ['1', '1'] }, body: 'x', kept: true },
  },
  'in chunks, with extensions': {
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n${chunks}\r\n`,
    ...{ status: 200, headers: { 'transfer-encoding': 'Chunked' }, body: 'hello, world', kept: true },
  },
  'in chunks, with trailers': {
    bytes: `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nTrailer: x\r\n\r\n${chunks}X-A: b\r\nX-C: d\r\n\r\n`,
    ...{ status: 200, headers: { 'transfer-encoding': 'chunked', trailer: 'x' }, body: 'hello, world', kept: true },
  },
  'until the end': {
    bytes: 'HTTP/1.1 200 OK\r\nX-Empty:\r\n\r\nhello\r\n\r\n',
    ...{ status: 200, headers: { 'x-empty': '' }, body: 'hello\r\n\r\n', kept: false, untilEnd: true },
  },
  'until the end, with nothing in it': {
    bytes: 'HTTP/1.1 200 OK\r\n\r\n',
    ...{ status: 200, headers: {}, body: '', kept: false, untilEnd: true },
  },
  'with 204': { bytes: 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n', status: 204, headers: { 'x-a': 'b' }, body: '', kept: true },
  'with 304 and the length of what is not sent': {
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
    ...{ status: 304, headers: { 'content-length': '9' }, body: '', kept: true },
  },
  'to HEAD': {
    ...{ method: 'HEAD', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n' },
    ...{ status: 200, headers: { 'content-length': '9' }, body: '', kept: true },
  },
  'to HEAD, in chunks that are not sent': {
    ...{ method: 'HEAD', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' },
    ...{ status: 200, headers: { 'transfer-encoding': 'chunked' }, body: '', kept: true },
  },
  'behind others that only inform': {
    bytes:
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ...{ status: 200, headers: { 'content-length': '2' }, body: 'ok', kept: true },
  },
  'with fields that come several times': {
    bytes:
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-A: b\r\nset-cookie: b=2\r\nSET-COOKIE: c=\xe4\r\nContent-Length: 0\r\nx-a:\r\n\r\n',
    status: 200,
    headers: { 'set-cookie': ['a=1', 'b=2', 'c=\xe4'], 'x-a': ['b', ''], 'content-length': '0' },
    ...{ body: '', kept: true },
  },
  'with names that objects have of their own': {
    bytes: 'HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\ntoString: c\r\nContent-Length: 0\r\n\r\n',
    headers: JSON.parse('{"__proto__":"a","constructor":"b","tostring":"c","content-length":"0"}'),
    ...{ status: 200, body: '', kept: true },
  },
  'that is the last': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x, Close\r\n\r\nok',
    ...{ status: 200, headers: { 'content-length': '2', connection: 'x, Close' }, body: 'ok', kept: false },
  },
  'by HTTP/1.0': {
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ...{ status: 200, headers: { 'content-length': '2' }, body: 'ok', kept: false },
  },
  'by HTTP/1.0 that stays': {
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok',
    ...{ status: 200, headers: { 'content-length': '2', connection: 'keep-alive' }, body: 'ok', kept: true },
  },
};

function parse({ method = 'GET', bytes }: Answer, cut: (bytes: Buffer) => Buffer[]) {
  const heard = { status: 0, headers: {} as Fields, body: '', heads: 0, used: 0 };
  const parser = new AnswerParser(method, {
    onHead(status, fields) {
      Object.assign(heard, { status, headers: fields });
      heard.heads += 1;
    },
    onBody(piece, from, to) {
      heard.body += piece.toString('latin1', from, to);
      return true;
    },
  });
  for (const piece of cut(Buffer.from(bytes, 'latin1'))) heard.used += parser.read(piece);
  return { ...heard, headers: { ...heard.headers }, over: parser.done || parser.endsWithConnection, kept: parser.keepAlive };
}

t.test('the parser hears the same, wherever an answer is cut', async (t) => {
  for (const [name, answer] of Object.entries(answers)) {
    const { status, headers, body, kept, bytes } = answer;
    const expected = { status, headers: { ...headers }, body, kept, heads: 1, used: bytes.length, over: true };
    const whole = parse(answer, (all) => [all]);
    t.strictSame(whole, expected, name);
    const each = parse(answer, (all) => Array.from(all, (_, at) => all.subarray(at, at + 1)));
    t.strictSame(each, expected, `${name}, byte by byte`);
    let different = 0;
    for (let first = 0; first <= bytes.length; first++)
      for (let second = first; second <= bytes.length; second++) {
        const one = parse(answer, (all) => [all.subarray(0, first), all.subarray(first, second), all.subarray(second)]);
        if (JSON.stringify(one) !== JSON.stringify(whole)) different += 1;
      }
    t.equal(different, 0, `${name}, cut at any two places`);
  }
});

t.test('so does a client of an upstream that sends them in pieces', async (t) => {
  for (const [name, { method = 'GET', bytes, status, headers, body, kept, untilEnd }] of Object.entries(answers)) {
    const client = createHttpClient({ connections: 1 });
    let at = 0;
    const upstream = await rawUpstream(t, async (socket) => {
      if (at > 0) socket.write(bytes.slice(0, at), 'latin1');
      // Read by the client before the rest is sent: nothing else happens in this process.
      for (let turns = 0; turns < 4; turns++) await turn();
      socket.write(bytes.slice(at), 'latin1');
      if (untilEnd) socket.end();
    });
    const heard = [];
    for (at = 0; at < bytes.length; at++) heard.push(await ask(client, upstream, { method }));
    t.ok(
      heard.every((one) => one.status === status && one.body === body && one.endings === 1),
      name,
    );
    for (const one of heard) t.strictSame({ ...one.headers }, { ...headers });
    t.ok(heard.every(({ calls }) => calls.indexOf('head') === 0 && calls.at(-1) === 'end' && calls.lastIndexOf('head') === 0));
    t.equal(upstream.sockets.length, kept ? 1 : bytes.length, kept ? 'all on one connection' : 'each on a connection of its own');
    await client.close(0);
  }
});
