/** Whatever a handler does with its answer, the lane's client hears what Node's would. */
import t from 'tap';
import { LaneResponse } from '../../src/http1/lane-response.ts';
import type { HeadFields, OutboundResponse } from '../../src/inbound.ts';
import { silentLogger } from '../../src/logger.ts';
import { runService, type Service } from '../../src/service.ts';
import { answersIn } from '../fixtures/answers.ts';
import { noteServerSockets, quiet, turn, wire } from '../fixtures/server-sockets.ts';

type Script = (response: OutboundResponse) => unknown;

noteServerSockets(t);
let script: Script = () => {};

const serve = async (lane: boolean): Promise<Service> => {
  const handler = (_: unknown, response: OutboundResponse) => script(response);
  const service = await runService({
    ...{ name: 'script', version: '1', logger: silentLogger, listen: [{ port: 0 }], signals: false, drainGraceMs: 0, handler },
    ...(lane && { lane: handler }),
  });
  t.teardown(() => service.stop('test'));
  return service;
};

/** All that a client of its own hears. */
async function hear(service: Service, one: Script): Promise<{ heard: string; isOver: boolean }> {
  const ends = await wire(Number(new URL(service.urls[0] as string).port));
  let heard = '';
  ends.client.on('data', (bytes) => (heard += bytes.toString('latin1')));
  script = one;
  ends.client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
  await quiet(ends);
  const isOver = ends.client.readableEnded || ends.client.destroyed;
  ends.client.destroy();
  return { heard, isOver };
}

/** The answers to a script without what may differ: the date, and how the body is framed. */
async function answers(service: Service, one: Script) {
  const { heard, isOver } = await hear(service, one);
  const told = answersIn(heard).map(({ line, headers, body }) => ({
    line,
    body,
    // Node sends chunks where the handler gave the head and then the whole body; the lane sends the length that it knows by then.
    headers: headers
      .filter(([name]) => name !== 'transfer-encoding' && name !== 'content-length')
      .map(([name, value]) => [name, name === 'date' && !value.includes('1970') ? 'now' : value]),
  }));
  return { told, isOver };
}

const head =
  (status: number, fields?: HeadFields, body: string | Buffer = 'text'): Script =>
  (response) =>
    response.writeHead(status, fields).end(body);

const scripts: Record<string, Script> = {
  'nothing but an end': (response) => response.end(),
  'a text': (response) => response.end('text'),
  'a text that is not ASCII': (response) => response.end('äöü €'),
  'a text as Latin-1': (response) => response.end('äöü', 'latin1'),
  bytes: (response) => response.end(Buffer.from([0, 13, 10, 127, 128, 255])),
  'a large text': (response) => response.end('é'.repeat(200_000)),
  'large bytes': (response) => response.end(Buffer.alloc(300_000, 'x')),
  'a head and a text': head(200, { 'content-type': 'text/plain' }),
  'a head with its length': head(200, { 'content-length': 4 }),
  'a head with its length, and Unicode': head(200, { 'content-length': 5 }, 'é €'.slice(0, 2).concat('xx')),
  'a head in Latin-1': head(200, { 'x-name': 'äöü\xff' }, 'äöü €'),
  'a head in Latin-1, with bytes': head(200, { 'x-name': 'äöü' }, Buffer.from('äöü €')),
  'a head in Latin-1, with large bytes': head(200, { 'x-name': 'äöü' }, Buffer.alloc(40_000, 'é')),
  'values of all kinds': head(200, { 'x-number': 5, 'x-empty': '', 'x-tab': 'a\tb', 'set-cookie': ['a=1', 'b=2'] }),
  'a field with nothing in it': (response) =>
    // Node would throw, and the lane's callers rely on it being left out.
    response
      .writeHead(200, response instanceof LaneResponse ? { 'x-a': 'b', 'content-length': undefined } : { 'x-a': 'b' })
      .end('text'),
  'no field': head(200, {}),
  'status 202 without a body': (response) => response.writeHead(202).end(),
  'status 204 with a body nobody may hear': head(204, {}, 'no'),
  'status 304 with a body nobody may hear': head(304, { etag: '"x"' }, 'no'),
  'status 204 in two steps': (response) => {
    response.writeHead(204).flushHeaders();
    response.write('no');
    response.end('no');
  },
  'status 205': head(205, {}, ''),
  'status 404': head(404),
  'status 299, which has no name': head(299),
  'status 999': head(999),
  'a date of its own': head(200, { date: 'Thu, 01 Jan 1970 00:00:00 GMT' }),
  'its last answer': head(200, { connection: 'close' }),
  'its last answer among other words': head(200, { connection: 'x-hop, Close' }),
  'a connection that it names kept': head(200, { connection: 'keep-alive' }),
  'shouldKeepAlive false': (response) => {
    response.shouldKeepAlive = false;
    response.end('text');
  },
  'shouldKeepAlive false, too late': (response) => {
    response.flushHeaders();
    response.shouldKeepAlive = false;
    response.end('text');
  },
  pieces: (response) => {
    response.write('one');
    response.write('zwö');
    response.write(Buffer.from('drei'));
    response.end('four');
  },
  'pieces below a head': (response) => {
    response.writeHead(200, { 'x-name': 'ä' });
    response.write('zwö €');
    response.end();
  },
  'pieces of which some are empty': (response) => {
    response.write('');
    response.write(Buffer.alloc(0));
    response.write('one');
    response.write('');
    response.end('');
  },
  'pieces with a length': (response) => {
    response.writeHead(200, { 'content-length': 9 });
    response.write('one');
    response.write(Buffer.from('two'));
    response.end('dre');
  },
  'large pieces': (response) => {
    response.write(Buffer.alloc(100_000, 'a'));
    response.write('b'.repeat(100_000));
    response.end(Buffer.alloc(100_000, 'c'));
  },
  'a head before its body': (response) => {
    response.flushHeaders();
    response.flushHeaders();
    response.end('äöü');
  },
  'Latin-1 behind a head': (response) => {
    response.flushHeaders();
    response.end('äöü', 'latin1');
  },
  'Latin-1 behind a piece': (response) => {
    response.write('é');
    response.end('äöü', 'latin1');
  },
  'two ends': (response) => {
    response.end('one');
    response.end();
  },
  'two heads': (response) => {
    response.writeHead(200, { 'x-a': 'b' });
    response.writeHead(404, { 'x-c': 'd' });
  },
  'a throw': () => {
    throw new Error('secret');
  },
  'a rejection': () => Promise.reject(new Error('secret')),
};

t.test('the same calls give the same answers', async (t) => {
  const [own, usual] = [await serve(true), await serve(false)];
  for (const [name, one] of Object.entries(scripts)) t.same(await answers(own, one), await answers(usual, one), name);
});

t.test('a head is whole or not at all: what could end its line is refused before a byte is sent', async (t) => {
  const service = await serve(true);
  const refused: HeadFields[] = [
    ...['a\r\nb: c', 'a\nb', 'a\rb', '\r', '\n', 'a\0', 'a\x7f', 'a\x0b', 'ā', '€', '\u010d\u010a', '\ud83d\ude00'].map(
      (value) => ({ 'x-a': value }),
    ),
    ...['', ' ', 'a b', 'a:', 'a\r\nb', 'a\n', 'ä', 'a\0', '(', '"a"'].map((name) => ({ [name]: 'value' })),
    { 'x-a': ['fine', 'not\r\nfine'] },
    { 'x-fine': 'fine', 'x-a': 'b\r\n\r\n<html>' },
    { 'transfer-encoding': 'chunked' },
  ];
  for (const fields of refused) {
    let thrown: unknown;
    const { heard } = await hear(service, (response) => {
      try {
        response.writeHead(200, fields);
      } catch (error) {
        thrown = error;
        t.notOk(response.headersSent);
        throw error;
      }
    });
    t.match(thrown, { name: 'FieldError' }, JSON.stringify(fields));
    t.match(answersIn(heard), [{ line: 'HTTP/1.1 500 Internal Server Error' }], 'nothing of it was sent');
    t.notMatch(heard, /x-fine|html/);
  }
  for (const status of [0, 99, 100, 101, 199, 1000, 200.5, Number.NaN, '200\r\nx: y' as unknown as number]) {
    const { heard } = await hear(service, head(status));
    t.match(answersIn(heard), [{ line: 'HTTP/1.1 500 Internal Server Error' }], `status ${status}`);
  }
});

t.test('a failure after the first byte cuts the connection; after the last one it hurts nobody', async (t) => {
  const service = await serve(true);
  const begun = await hear(service, (response) => {
    response.write('begun');
    throw new Error('too late');
  });
  t.ok(begun.isOver);
  t.notMatch(begun.heard, /0\r\n\r\n$/, 'and its end is not faked');

  const ends = await wire(Number(new URL(service.urls[0] as string).port));
  let heard = '';
  ends.client.on('data', (bytes) => (heard += bytes.toString('latin1')));
  const ended = Promise.withResolvers<void>();
  let first: OutboundResponse | undefined;
  script = async (response) => {
    if (first) {
      ended.resolve();
      await turn();
      await turn();
      response.end('second');
      return;
    }
    first = response;
    response.end('first');
    await ended.promise;
    throw new Error('while the next request is being answered');
  };
  const request = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n';
  ends.client.write(request);
  await quiet(ends);
  ends.client.write(request);
  await quiet(ends, 20);
  t.match(answersIn(heard), [{ body: 'first' }, { body: 'second' }]);
  t.ok(first?.destroyed);
  ends.client.destroy();
});
