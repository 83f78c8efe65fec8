/** A thousand exchanges at once on few connections, of which some are left at any moment: each ends once, and nothing stays. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { createHttpClient } from '../../src/http-client.ts';
import { Random } from '../fixtures/random.ts';
import { begin, Heard, rawUpstream } from '../fixtures/raw-upstream.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const count = 1000;
const most = 16;

t.test('a crowd', { timeout: 110_000 }, async (t) => {
  t.comment(`seed ${seed}`);
  const random = new Random(seed);
  let [open, mostOpen, cuts] = [0, 0, 0];
  const upstream = await rawUpstream(t, async (socket, request) => {
    const body = request
      .slice(request.indexOf('\r\n\r\n') + 4)
      .slice(0, 12)
      .repeat(1 + random.below(2000));
    const kind = random.below(20);
    for (let turns = random.below(5); turns > 0; turns--) await turn();
    if (kind === 0) {
      cuts += 1;
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length + 1}\r\n\r\n${body}`);
    } else if (kind === 1) socket.write('nonsense\r\n\r\n');
    else if (kind < 5) socket.end(`HTTP/1.1 200 OK\r\n\r\n${body}`);
    else if (kind < 8) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    else if (kind < 14) {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let from = 0; from < body.length; from += 5000) {
        const piece = body.slice(from, from + 5000);
        socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
        if (random.below(2) === 0) await turn();
      }
      socket.write('0\r\n\r\n');
    } else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  upstream.server.on('connection', (socket) => {
    mostOpen = Math.max(mostOpen, ++open);
    socket.once('close', () => open--);
  });
  const client = createHttpClient({ connections: most });
  const left = new Set<Heard>();
  const leave = (heard: Heard): void => {
    left.add(heard);
    heard.exchange.abort();
  };
  const all = Array.from({ length: count }, (_, index) => {
    const heard = new Heard();
    // A quarter leaves: within some call, or after some turns.
    const leavesAt = random.below(8) === 0 ? random.pick(['head', 'data', 'end'] as const) : undefined;
    heard.onCall = (call) => {
      if (call === leavesAt && !left.has(heard)) leave(heard);
      else if (random.below(10) === 0) {
        heard.exchange.pause();
        setImmediate(() => heard.exchange.resume());
      }
    };
    const name = String(index).padStart(12, '-');
    const body = random.below(50) === 0 ? name + 'x'.repeat(100_000) : name;
    begin(client, upstream, { method: 'POST', body, headersTimeoutMs: 60_000, bodyTimeoutMs: 60_000 }, heard);
    return heard;
  });
  const leaving = all.filter(() => random.below(8) === 0);
  while (all.some((heard) => heard.endings === 0 && !left.has(heard))) {
    await turn();
    const heard = random.below(3) === 0 ? leaving.pop() : undefined;
    if (heard && heard.endings === 0 && !left.has(heard)) leave(heard);
  }
  const [ended, failed] = ['end', 'error'].map((call) => all.filter(({ calls }) => calls.includes(call as 'end')).length);
  t.comment(
    `${ended} ended, ${failed} failed, ${left.size} were left; ${upstream.sockets.length} connections, ${mostOpen} at once`,
  );
  for (const [index, heard] of all.entries()) {
    const name = String(index).padStart(12, '-');
    const endings = heard.endings;
    if (endings > 1 || (endings === 0 && !left.has(heard))) t.fail(`${name}: ${heard.calls}`);
    if (!name.repeat(2000).startsWith(heard.body)) t.fail(`${name} heard ${heard.body.slice(0, 50)}`);
    if (heard.calls.includes('end') && heard.body.length % 12 !== 0) t.fail(`${name} is not whole`);
    if (heard.failure && !/closed the connection before|not HTTP\/1\.1/.test(heard.failure.message))
      t.fail(heard.failure.message);
  }
  t.ok((ended as number) > 500 && (failed as number) > 10 && cuts > 10 && left.size > 50);
  // The upstream hears of an end later than of the connection that takes its place.
  t.ok(mostOpen <= 2 * most, `${mostOpen} connections at once`);
  const silent = all.map(({ calls }) => calls.length);
  await client.close();
  for (let turns = 0; turns < 20; turns++) await turn();
  t.equal(open, 0, 'no connection is left');
  t.same(
    all.map(({ calls }) => calls.length),
    silent,
    'and nobody hears anything any more',
  );
});
