/** Upstreams that say what is no HTTP/1.1, or fall silent: one error each that a person can read, and the connection is gone. */
import { once } from 'node:events';
import t from 'tap';
import { createHttpClient } from '../../src/http-client.ts';
import { ask, rawUpstream } from '../fixtures/raw-upstream.ts';

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;
const notOne = "the upstream's answer is not HTTP/1.1: ";
const noLine = `${notOne}it does not begin with a status line`;
const noHeader = `${notOne}a header is not one`;
const noLength = `${notOne}its Content-Length is not a number`;
const noSize = `${notOne}the size of a chunk is not a number`;
const tooLarge = "the answer's headers are too large";

/** What comes, and what the error says of it. Nothing comes after it, and the upstream does not close. */
const malformed: Record<string, [bytes: string, problem: string]> = {
  'no HTTP': ['SSH-2.0-OpenSSH_10.0\r\n', noLine],
  'no HTTP, with an empty line': ['nonsense\r\n\r\n', noLine],
  TLS: ['\x15\x03\x03\x00\x02\x02\x46', noLine],
  'an empty line first': [`\r\n${ok}\r\n`, noLine],
  'a blank first': [` ${ok}\r\n`, noLine],
  'a request': ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', noLine],
  'HTTP/0.9': ['<html>hello</html>', noLine],
  'HTTP/2': ['HTTP/2 200 OK\r\n\r\n', noLine],
  'HTTP/2.0': ['HTTP/2.0 200 OK\r\n\r\n', noLine],
  'HTTP/1.2': ['HTTP/1.2 200 OK\r\n\r\n', noLine],
  'a frame of HTTP/2': ['\x00\x00\x12\x04\x00\x00\x00\x00\x00', noLine],
  'small letters': ['http/1.1 200 OK\r\n\r\n', noLine],
  ICY: ['ICY 200 OK\r\n\r\n', noLine],
  'no status': ['HTTP/1.1 OK\r\n\r\n', noLine],
  'nothing behind the version': ['HTTP/1.1\r\n\r\n', noLine],
  'a status of two digits': ['HTTP/1.1 20 OK\r\n\r\n', noLine],
  'a status of four digits': ['HTTP/1.1 2000 OK\r\n\r\n', noLine],
  'status 099': ['HTTP/1.1 099 OK\r\n\r\n', noLine],
  'a negative status': ['HTTP/1.1 -20 OK\r\n\r\n', noLine],
  'two blanks before the status': ['HTTP/1.1  200 OK\r\n\r\n', noLine],
  'a tab before the status': ['HTTP/1.1\t200 OK\r\n\r\n', noLine],
  'a reason with NUL': ['HTTP/1.1 200 O\0K\r\n\r\n', noLine],
  'a reason with CR': ['HTTP/1.1 200 O\rK\r\n\r\n', noLine],
  'line ends of one LF': ['HTTP/1.1 200 OK\nContent-Length: 0\n\n', `${notOne}a line of its head does not end in CR LF`],
  'one LF behind the status line': ['HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', noLine],
  'one LF in a header': [`${ok}X: a\nContent-Length: 0\r\n\r\n`, noHeader],
  'one LF at the end of the head': [`${ok}Content-Length: 0\r\n\n`, `${notOne}a line of its head does not end in CR LF`],
  'CR in a value': [`${ok}X: a\rb\r\n\r\n`, noHeader],
  'NUL in a value': [`${ok}X: a\0b\r\n\r\n`, noHeader],
  'DEL in a value': [`${ok}X: \x7f\r\n\r\n`, noHeader],
  'NUL in a name': [`${ok}X\0: a\r\n\r\n`, noHeader],
  'a blank before the colon': [`${ok}Content-Length : 0\r\n\r\n`, noHeader],
  'a blank in a name': [`${ok}X Y: a\r\n\r\n`, noHeader],
  'no colon': [`${ok}Content-Length\r\n\r\n`, noHeader],
  'no name': [`${ok}: a\r\n\r\n`, noHeader],
  'a name that is not ASCII': [`${ok}X\xe4: a\r\n\r\n`, noHeader],
  'a folded line': [`${ok}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`, noHeader],
  'a first header that is folded': [`${ok} X: a\r\n\r\n`, noHeader],
  'a length and chunks': [
    `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `${notOne}it has both a length and chunks`,
  ],
  'chunks and a length': [
    `${ok}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`,
    `${notOne}it has both a length and chunks`,
  ],
  'an unknown coding': [`${ok}Transfer-Encoding: gzip\r\n\r\n`, `${notOne}its transfer coding gzip is not known`],
  'two codings': [`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`, `${notOne}its transfer coding gzip, chunked is not known`],
  'chunks twice': [
    `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `${notOne}its transfer coding chunked,chunked is not known`,
  ],
  'an empty coding': [`${ok}Transfer-Encoding:\r\n\r\n`, `${notOne}its transfer coding  is not known`],
  'a negative length': [`${ok}Content-Length: -1\r\n\r\n`, noLength],
  'a length with a sign': [`${ok}Content-Length: +1\r\n\r\n`, noLength],
  'a length with a fraction': [`${ok}Content-Length: 1.0\r\n\r\n`, noLength],
  'a length in hex': [`${ok}Content-Length: 0x1\r\n\r\n`, noLength],
  'a length of words': [`${ok}Content-Length: much\r\n\r\n`, noLength],
  'an empty length': [`${ok}Content-Length:\r\n\r\n`, noLength],
  'a length beyond all numbers': [`${ok}Content-Length: 99999999999999999999\r\n\r\n`, noLength],
  'lengths that differ': [`${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`, noLength],
  'a list of lengths': [`${ok}Content-Length: 1, 1\r\n\r\nx`, noLength],
  'status 101': [
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    `${notOne}it changes the protocol, which nobody asked for`,
  ],
  'nonsense behind one that informs': ['HTTP/1.1 100 Continue\r\n\r\nnonsense', noLine],
  'a chunk without a size': [`${chunked}\r\nhello\r\n`, noSize],
  'a chunk of a negative size': [`${chunked}-5\r\nhello\r\n`, noSize],
  'a chunk of a size with 0x': [`${chunked}0x5\r\nhello\r\n`, noSize],
  'a chunk of a size with a blank first': [`${chunked} 5\r\nhello\r\n`, noSize],
  'a chunk of a huge size': [`${chunked}fffffffffffffffff\r\nhello\r\n`, noSize],
  'a size that ends in one LF': [`${chunked}5\nhello\n`, `${notOne}a line between its chunks does not end in CR LF`],
  'an extension with NUL': [`${chunked}5;a=\0\r\nhello\r\n`, noSize],
  'an extension with CR': [`${chunked}5;a=\r;\r\nhello\r\n`, noSize],
  'an extension without end': [`${chunked}5;${'x'.repeat(5000)}`, `${notOne}a line between its chunks is too long`],
  'a chunk that is too long': [`${chunked}3\r\nhello\r\n`, `${notOne}a chunk is longer than it said`],
  'a chunk that ends in one LF': [`${chunked}5\r\nhello\n`, `${notOne}a line between its chunks does not end in CR LF`],
  'trailers without end': [
    `${chunked}0\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(20)}`,
    `${notOne}what follows its last chunk is too long`,
  ],
  'a large header': [`${ok}X: ${'x'.repeat(17_000)}\r\n\r\n`, tooLarge],
  'a header without end': [`${ok}X: ${'x'.repeat(17_000)}`, tooLarge],
  'many headers': [`${ok}${'X: y\r\n'.repeat(3000)}\r\n`, tooLarge],
};

t.test('what is no answer ends in one error', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  let say = '';
  const upstream = await rawUpstream(t, (socket) => socket.write(say, 'latin1'));
  t.ok(Object.keys(malformed).length >= 60);
  for (const [name, [bytes, problem]] of Object.entries(malformed)) {
    say = bytes;
    const heard = await ask(client, upstream, { method: 'POST', body: 'body', headersTimeoutMs: 5000, bodyTimeoutMs: 5000 });
    t.match(
      heard.failure,
      { name: 'TransportError', url: upstream.target.shown, maybeSent: true, message: `${upstream.target.shown}: ${problem}` },
      name,
    );
    const socket = upstream.sockets.at(-1);
    if (socket && !socket.destroyed) await once(socket, 'close');
    say = `${ok}Content-Length: 2\r\nConnection: close\r\n\r\nok`;
    t.equal((await ask(client, upstream)).body, 'ok', 'and the next request is not touched');
    t.equal(heard.endings, 1);
    if (heard.status === undefined) t.same(heard.calls, ['error']);
  }
});

/** Whole answers, and from which byte on a cut is not seen. */
const whole: Record<string, [bytes: string, soundFrom: number]> = {
  'by length': [`${ok}Content-Length: 5\r\n\r\nhello`, Number.POSITIVE_INFINITY],
  'in chunks': [`${chunked}5\r\nhello\r\n0\r\nX: y\r\n\r\n`, Number.POSITIVE_INFINITY],
  'behind one that informs': [`HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 0\r\n\r\n`, Number.POSITIVE_INFINITY],
  'until the end': [`${ok}X: y\r\n\r\nhello`, `${ok}X: y\r\n\r\n`.length],
};

t.test('a connection that is cut is an error at every byte, but where its end is that of the answer', async (t) => {
  for (const [name, [bytes, soundFrom]] of Object.entries(whole)) {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const client = createHttpClient({ connections: 2 });
      let at = 0;
      const upstream = await rawUpstream(t, (socket) => {
        // A reset throws away what was not read yet: the bytes must be there before it.
        if (how === 'end') socket.end(bytes.slice(0, at), 'latin1');
        else socket.write(bytes.slice(0, at), 'latin1', () => setImmediate(() => setImmediate(() => socket.resetAndDestroy())));
      });
      for (at = 0; at < bytes.length; at++) {
        const heard = await ask(client, upstream);
        if (how === 'end' && at >= soundFrom) {
          t.equal(heard.failure, undefined, `${name}, ended at ${at}`);
          t.equal(heard.body, bytes.slice(soundFrom, at));
        } else {
          t.match(
            heard.failure?.code,
            how === 'end' ? /^UND_ERR_SOCKET$/ : /^(UND_ERR_SOCKET|ECONNRESET)$/,
            `${name}, ${how} at ${at}`,
          );
          t.match(
            heard.failure?.message,
            /the upstream (closed the connection before its answer was complete|cut the connection)/,
          );
          t.equal(heard.failure?.maybeSent, true);
        }
        t.equal(heard.endings, 1);
      }
      t.equal(upstream.sockets.length, bytes.length);
      await client.close(0);
    }
  }
});

t.test('a request that no line can hold is not sent, and the error names the field', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(`${ok}Content-Length: 0\r\n\r\n`));
  const { target } = upstream;
  const bad: [request: Parameters<typeof ask>[2], problem: RegExp][] = [
    ...['a\r\nb: c', 'a\n', '\r', 'a\0', '\x7f', 'ā', '€', '\ud83d\ude00'].map((value): [object, RegExp] => [
      { headers: { 'x-a': value } },
      /the header x-a has a character/,
    ]),
    ...['', 'a b', 'a:', 'a\r\n', 'ä'].map((name): [object, RegExp] => [
      { headers: { [name]: 'value' } },
      /is not a header name/,
    ]),
    [{ headers: { 'x-a': ['fine', 'not\nfine'] } }, /the header x-a/],
    ...['content-length', 'transfer-encoding', 'connection'].map((name): [object, RegExp] => [
      { headers: { [name]: '5' } },
      new RegExp(`the header ${name} is`),
    ]),
    ...['', 'GET /', 'G\r\nT', 'GÄT'].map((method): [object, RegExp] => [{ method }, /is not a method/]),
    ...['', 'x', '/a b', '/\r\n', '/\0', '/ā'].map((path): [object, RegExp] => [
      { target: { ...target, path } },
      /the path has a character/,
    ]),
  ];
  for (const [request, problem] of bad) {
    const heard = await ask(client, upstream, request);
    t.match(heard.failure, { name: 'TransportError', message: problem, maybeSent: false }, JSON.stringify(request));
    t.same(heard.calls, ['error']);
    heard.exchange.abort();
  }
  t.equal(upstream.sockets.length, 0);
  const fine = await ask(client, upstream, { method: 'PUT', headers: { 'x-a': ['\xe4\t~', ''], host: 'other' }, body: 'é' });
  t.equal(fine.failure, undefined);
  t.same(upstream.requests, [
    'PUT /path HTTP/1.1\r\nConnection: keep-alive\r\nx-a: \xe4\t~\r\nx-a: \r\nhost: other\r\nContent-Length: 2\r\n\r\n\xc3\xa9',
  ]);
});
