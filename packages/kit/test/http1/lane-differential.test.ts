/**
 * The lane takes no decision: whatever is sent to a service with it and to one without, both must answer the same bytes, and their
 * handlers must have seen the same requests. So no request can be smuggled through it that Node's parser would refuse or see as two.
 *
 * Answers are compared byte by byte, but for the Date.
 */
import t from 'tap';
import { readBody } from '../../src/body.ts';
import type { InboundRequest, OutboundResponse } from '../../src/inbound.ts';
import { silentLogger } from '../../src/logger.ts';
import { runService, type Service } from '../../src/service.ts';
import { damage, oddRequests, pieces, plainRequest } from '../fixtures/odd-requests.ts';
import { Random } from '../fixtures/random.ts';
import { noteServerSockets, quiet, turn, type Wire, wire } from '../fixtures/server-sockets.ts';

const cases = Number(process.env.LANE_CASES ?? 20_000);
const abreast = 8;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

noteServerSockets(t);
const calls = new WeakMap<object, string[]>();
let byLane = 0;

const echo = async (request: InboundRequest, response: OutboundResponse): Promise<void> => {
  const { socket, method, url, headers } = request;
  const body = await Promise.resolve(readBody(request, 4_000_000)).catch(() => undefined);
  if (body === undefined) return; // Node calls a handler before the body is there, the lane after: nothing to compare.
  const seen = JSON.stringify([method, url, Object.entries(headers), body.toString('latin1')]);
  calls.get(socket)?.push(seen);
  await turn();
  if (url === '/empty') response.writeHead(204).end();
  else if (url === '/stream') {
    response.writeHead(200, { 'content-type': 'text/plain', 'set-cookie': ['a', 'b'] }).write('begun');
    response.write(body);
    response.end();
  } else {
    // With the length, as `Answer` does: without one Node sends chunks where the lane knows the length.
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(seen) }).end(seen);
  }
};

const serve = (lane: boolean): Promise<Service> =>
  runService({
    name: 'echo',
    version: '1',
    logger: silentLogger,
    listen: [{ port: 0 }],
    signals: false,
    drainGraceMs: 0,
    handler: echo,
    ...(lane && {
      lane: (request, response) => {
        if (request.url === '/node') return false;
        byLane += 1;
        return echo(request, response);
      },
    }),
  });

/** A connection, and all that was heard over it. */
interface Talk extends Wire {
  heard: string;
  calls: string[];
}

const portOf = ({ urls }: Service): number => Number(new URL(urls[0] as string).port);

async function talk(service: Service): Promise<Talk> {
  const ends = await wire(portOf(service));
  const talk: Talk = { ...ends, heard: '', calls: [] };
  calls.set(ends.server, talk.calls);
  ends.client.on('data', (bytes) => (talk.heard += bytes.toString('latin1'))).on('end', () => ends.client.destroy());
  return talk;
}

async function say(talk: Talk, piecesOf: readonly Buffer[], isLast: boolean): Promise<void> {
  for (const piece of piecesOf) {
    if (talk.server.writableEnded || talk.server.destroyed) break;
    talk.client.write(piece);
    await quiet(talk);
  }
  if (!isLast || talk.client.destroyed) return;
  talk.client.end();
  await quiet(talk);
}

/** What a client and a handler can know of a connection. */
const known = ({ heard, calls, client }: Talk): string =>
  JSON.stringify({ calls, heard: plain(heard), isOver: client.destroyed }, null, 1);

function plain(heard: string): string {
  const text = heard.replace(/^Date: .*$/gm, 'Date: now');
  // Whether garbage behind a request that was refused is refused too depends on when Node gets to it; no client reads that far.
  const [last] = /Connection: close\r\n.*?(?=HTTP\/1\.1 400 Bad Request\r\n|$)/s.exec(text) ?? [];
  return last === undefined ? text : text.slice(0, text.indexOf('Connection: close\r\n') + last.length);
}

interface Script {
  pieces: Buffer[];
  /** Whether the client ends its side after it. */
  isLast: boolean;
}

/** Some plain requests for the lane, then odd ones: what goes before leaves nothing behind that changes what follows. */
function conversation(random: Random): Script[] {
  const plain = Array.from({ length: random.below(4) }, () => plainRequest(random));
  // Most clients send one head again and again; the lane remembers it.
  const [again = ''] = plain;
  const repeated = again === '' ? [] : Array.from({ length: random.below(4) }, () => sameHead(random, again));
  const odd = Array.from({ length: 1 + random.below(2) }, () =>
    again !== '' && random.below(4) === 0 ? damage(random, again) : oddRequests(random),
  );
  return [...plain, ...repeated, ...odd].map((text) => ({ pieces: pieces(random, text), isLast: random.below(20) === 0 }));
}

/** The same head with another body, which may be too short or too long. */
function sameHead(random: Random, request: string): string {
  const headEnd = request.indexOf('\r\n\r\n') + 4;
  const off = random.below(6) === 0 ? random.below(5) - 2 : 0;
  return request.slice(0, headEnd) + random.text(Math.max(0, request.length - headEnd + off), 'ab\r\n0');
}

/** All that is said on one connection, to both; undefined when both are known for the same afterwards. */
async function differ(services: readonly Service[], scripts: readonly Script[]): Promise<[string, string] | undefined> {
  const [own, usual] = (await Promise.all(services.map(talk))) as [Talk, Talk];
  try {
    for (const { pieces, isLast } of scripts) {
      await Promise.all([say(own, pieces, isLast), say(usual, pieces, isLast)]);
      if (known(own) !== known(usual)) {
        // It may be slow and not wrong.
        await new Promise((resolve) => setTimeout(resolve, 300));
        await Promise.all([quiet(own), quiet(usual)]);
        if (known(own) !== known(usual)) return [known(own), known(usual)];
      }
      if (own.client.destroyed || usual.client.destroyed) return undefined;
    }
    return undefined;
  } finally {
    own.client.destroy();
    usual.client.destroy();
  }
}

t.test('with the lane and without, the same bytes have the same answers', { timeout: 300_000 }, async (t) => {
  const services = [await serve(true), await serve(false)];
  t.comment(`seed ${seed}`);
  const random = new Random(seed);
  const started = performance.now();
  let done = 0;
  let shown = 0;
  const rows = Array.from({ length: abreast }, async () => {
    while (done < cases && shown < 5) {
      const scripts = conversation(random);
      done += scripts.length;
      const difference = await differ(services, scripts);
      if (!difference) continue;
      shown += 1;
      const said = scripts.map(({ pieces, isLast }) => ({ pieces: pieces.map((one) => one.toString('latin1')), isLast }));
      t.equal(difference[0], difference[1], JSON.stringify(said));
    }
  });
  await Promise.all(rows);
  t.comment(`${done} cases, ${byLane} requests served by the lane, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  t.ok(byLane > done / 4, `${byLane} requests took the short way`);
  for (const service of services) await service.stop('test');
});
