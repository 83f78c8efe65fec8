/** Stopping a service whose clients came in by the lane: nothing that was sent is lost, and nobody is cut who was told to stay. */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import type { InboundRequest, OutboundResponse } from '../../src/inbound.ts';
import { createLogger } from '../../src/logger.ts';
import { runService, type ServiceOptions } from '../../src/service.ts';
import { answersIn } from '../fixtures/answers.ts';
import { post, type Talk, talkTo, until } from '../fixtures/lane-server.ts';
import { load } from '../fixtures/load.ts';
import { noteServerSockets, quiet } from '../fixtures/server-sockets.ts';
import { supervise } from '../fixtures/supervisor.ts';

noteServerSockets(t);

/** The service, and how many requests it said were open when it stopped. */
const serve = async (options: Partial<ServiceOptions> & Pick<ServiceOptions, 'lane'>) => {
  let inFlight: number | undefined;
  const logger = createLogger({
    name: 'test',
    write: (line: string) => {
      const said = JSON.parse(line.slice(line.indexOf('{')));
      if (said.msg === 'stopping') inFlight = said.inFlight;
    },
  });
  const service = await runService({
    ...{ name: 'test', version: '1', logger, listen: [{ port: 0 }], signals: false, drainGraceMs: 1500, drainLimitMs: 20_000 },
    handler: (_: InboundRequest, response: OutboundResponse) => response.end('by node'),
    ...options,
  });
  const port = Number(new URL(service.urls[0] as string).port);
  return { service, talk: () => talkTo({ port }), inFlight: () => inFlight };
};

const ask = async (talk: Talk, path = '/'): Promise<void> => {
  talk.client.write(post(path));
  await quiet(talk);
};
const lastOf = ({ heard }: Talk) => answersIn(heard).at(-1);
const connectionOf = (talk: Talk) => lastOf(talk)?.headers.find(([name]) => name === 'connection')?.[1];

t.test('requests count as open from their first byte to the last of their answer', async (t) => {
  const { service, talk, inFlight } = await serve({ lane: (_, response) => void response.write('begun') });
  const [answering, sending, rested] = await Promise.all([talk(), talk(), talk()]);
  await ask(answering);
  sending.client.write(post('/', '12345').slice(0, -1));
  await quiet(sending);
  void rested;
  const stopping = service.stop('test');
  t.equal(inFlight(), 2);
  for (const { client } of [answering, sending, rested]) client.destroy();
  await stopping;
});

t.test('who was told to stay is still served within the grace, and then told to go', async (t) => {
  const begun: OutboundResponse[] = [];
  const { service, talk } = await serve({
    lane: (request, response) => {
      if (request.url !== '/stream') return response.end('served');
      response.write('begun');
      begun.push(response);
    },
  });
  const [idle, streaming] = await Promise.all([talk(), talk()]);
  await ask(idle);
  await ask(streaming, '/stream');
  const stopping = service.stop('test');
  begun[0]?.end();
  await quiet(streaming);
  t.equal(connectionOf(streaming), 'keep-alive', 'its head had been sent before the stop');
  for (const one of [idle, streaming]) {
    await ask(one);
    t.equal(lastOf(one)?.body, 'served');
    t.equal(connectionOf(one), 'close');
    t.ok(one.client.readableEnded);
    one.client.destroy();
  }
  await stopping;
});

t.test('an answer that begins after the stop says that it is the last', async (t) => {
  const waiting: OutboundResponse[] = [];
  const { service, talk } = await serve({ lane: (_, response) => void waiting.push(response) });
  const one = await talk();
  await ask(one);
  const stopping = service.stop('test');
  waiting[0]?.end('late');
  await quiet(one);
  t.equal(connectionOf(one), 'close');
  t.ok(one.client.readableEnded);
  one.client.destroy();
  await stopping;
});

t.test('a body that is still being sent is not cut by the drain; what idles is', async (t) => {
  const { service, talk } = await serve({
    drainGraceMs: 20,
    lane: (request, response) => response.end(`got ${request.takeBody()}`),
  });
  const [sending, again, idle, unused] = await Promise.all([talk(), talk(), talk(), talk()]);
  await ask(again);
  await ask(idle);
  for (const { client } of [sending, again]) client.write(post('/', '1234567890').slice(0, -5));
  await Promise.all([quiet(sending), quiet(again)]);
  const stopping = service.stop('test');
  await until(() => idle.client.readableEnded && unused.client.readableEnded);
  for (const { client } of [sending, again]) client.write('67890');
  for (const one of [sending, again]) {
    await until(() => one.client.readableEnded);
    t.equal(lastOf(one)?.body, 'got 1234567890');
    t.equal(connectionOf(one), 'close');
  }
  for (const { client } of [sending, again, idle, unused]) client.destroy();
  await stopping;
});

t.test('twenty stops under load over connections that are kept: no request fails', { timeout: 240_000 }, async (t) => {
  const { port, restart, end } = await supervise(t);
  const running = load(port, 16, ['/', '/', '/slow?ms=5', '/', '/stream?ms=20', '/', '/slow?ms=150', '/stream?ms=200'], 'POST');
  for (let count = 0; count < 20; count++) {
    await wait(150);
    await restart();
  }
  await wait(100);
  const { ok, failures, pids } = await running.stop();
  await end();
  t.comment(`${ok} requests, ${pids.size} processes`);
  t.same(failures, []);
  t.equal(pids.size, 21);
  t.ok(ok > 500, String(ok));
});
