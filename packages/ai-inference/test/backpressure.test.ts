// A client that reads slowly slows its provider down: the router holds next to nothing of the stream.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { type ClientName, clients } from './fixtures/clients.ts';
import { type Stage, startStage } from './fixtures/providers.ts';

const chunk = (content: string) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const piece = 'x'.repeat(4000);
const count = 12_000;
const stream = `${chunk('start ').repeat(2)}${chunk(piece).repeat(count)}data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;

let stage: Stage;
t.before(async () => {
  stage = await startStage(t, {}, { providers: ['openai'] });
});
const rssMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stage.router.pid}/status`, 'latin1'))?.[1]) / 1024;

for (const client of ['openai-chat', 'anthropic'] as ClientName[]) {
  t.test(`${client} that does not read for a second`, async (t) => {
    const { chaos, router } = stage;
    chaos.script({ body: stream, headers: { 'content-type': 'text/event-stream' } });
    const before = rssMb();
    const asked = { model: 'openai/m', stream: true };
    const { hostname, port } = new URL(router.url);
    const text = await new Promise<string>((resolve, reject) => {
      const outgoing = request({ hostname, port, method: 'POST', path: clients[client].path(asked) }, (response) => {
        const pieces: Buffer[] = [];
        response.pause();
        void sleep(1000).then(() => {
          const held = rssMb() - before;
          t.ok(held < 40, `${held.toFixed(1)} of ${(stream.length / 2 ** 20).toFixed(0)} MB are held`);
          response.on('data', (bytes: Buffer) => pieces.push(bytes));
          response.once('end', () => resolve(Buffer.concat(pieces).toString()));
          response.resume();
        });
        response.once('error', reject);
      });
      outgoing.once('error', reject);
      outgoing.end(JSON.stringify(clients[client].body(asked)));
    });
    t.equal(clients[client].ending(text), 'done');
    t.equal(clients[client].words(text).length, count * piece.length + 'start start '.length, 'all of it came');
    t.notMatch(router.output(), /MaxListeners/);
  });
}

t.test('a packed stream is unpacked no faster than it is read', async (t) => {
  const { chaos, router } = stage;
  // Small on the wire, large behind it.
  const packed = gzipSync(stream);
  t.ok(packed.length < 1_000_000);
  chaos.script({ body: stream, gzip: true, headers: { 'content-type': 'text/event-stream' } });
  const response = await fetch(router.url + clients['openai-chat'].path({ model: '' }), {
    method: 'POST',
    body: JSON.stringify(clients['openai-chat'].body({ model: 'openai/m', stream: true })),
  });
  await sleep(500);
  const text = await response.text();
  t.equal(clients['openai-chat'].ending(text), 'done');
  t.equal(clients['openai-chat'].words(text).length, count * piece.length + 'start start '.length);
});
