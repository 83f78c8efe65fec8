// The proxy between apps and the router: aliases, large and broken requests, and what is said when something is missing or breaks.
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type Client, clients } from './fixtures/clients.ts';
import { startDaemon, startLine, startSniffer } from './fixtures/daemons.ts';

const all = Object.entries(clients);
const ask = (url: string, client: Client, model: string, stream = false, init: RequestInit = {}) =>
  fetch(url + client.path(model, stream), { method: 'POST', body: JSON.stringify(client.body(model, stream)), ...init });
/** What could be read before the transfer ended, however it ended. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const piece of response.body ?? []) text += decoder.decode(piece, { stream: true });
  } catch {
    return `${text}<broken>`;
  }
  return text;
}

t.test('aliases', async (t) => {
  const router = await startSniffer(t);
  const aliases = { smart: 'x/big', 'gpt-*': 'x/any', 'gpt-6-sol': 'x/sol' };
  const proxy = await startDaemon(t, 'openai-proxy', { aliases, upstream: { url: router.url } });
  const expected = { smart: 'x/big', 'gpt-5': 'x/any', 'gpt-6-sol': 'x/sol', 'y/other': 'y/other', unknown: 'unknown' };
  for (const [name, client] of all) {
    for (const [asked, model] of Object.entries(expected)) {
      await ask(proxy.url, client, asked);
      const { url, body } = router.requests.at(-1) as { url: string; body: string };
      const seen = name === 'gemini' ? decodeURIComponent(/models\/(.+):/.exec(url)?.[1] ?? '') : JSON.parse(body).model;
      t.equal(seen, model, `${name}: ${asked}`);
      const others = { ...JSON.parse(body), model: asked };
      if (name !== 'gemini') t.same(others, client.body(asked, false), 'the rest is as it was');
    }
  }
  await fetch(`${proxy.url}/v1/models/gpt-6-sol`);
  t.equal(router.requests.at(-1)?.url, '/v1/models/x%2Fsol', 'one model is looked up by its alias too');
  await fetch(`${proxy.url}/v1beta/models/smart`);
  t.equal(router.requests.at(-1)?.url, '/v1beta/models/x%2Fbig');
});

t.test('requests', async (t) => {
  const { proxy, router, chaos } = await startLine(t);

  t.test('broken JSON is the client’s mistake, said in its dialect', async (t) => {
    for (const [name, client] of all) {
      for (const body of ['{"model": "x/m", ', '[]', '"text"', '', '\u0000']) {
        const response = await ask(proxy.url, client, 'x/m', false, { body });
        t.equal(response.status, 400, `${name}: ${JSON.stringify(body)}`);
        t.ok(client.isError(await response.json()));
      }
    }
  });

  t.test('8 MB pass', async (t) => {
    const long = 'word '.repeat((8 * 1024 * 1024) / 5);
    const body = JSON.stringify({ model: 'x/m', messages: [{ role: 'user', content: long }] });
    const response = await fetch(`${proxy.url}/v1/chat/completions`, { method: 'POST', body });
    t.equal(response.status, 200);
    t.ok((chaos.requests.at(-1)?.text.length ?? 0) > 8_380_000);
    await response.text();
  });

  t.test('a client that leaves is felt by the provider', async (t) => {
    for (const [name, client] of all) {
      for (const model of ['x/a/slow-5000', 'x/a/stall-at-7']) {
        const left = new AbortController();
        const at = chaos.requests.length;
        const asked = ask(proxy.url, client, model, true, { signal: left.signal }).catch(() => undefined);
        await chaos.received(at + 1);
        if (model.includes('stall')) await (await asked)?.body?.getReader().read();
        else await sleep(20);
        left.abort();
        for (let round = 0; round < 250 && chaos.requests[at]?.abortedAt === undefined; round += 1) await sleep(2);
        t.ok(chaos.requests[at]?.abortedAt, `${name}: ${model}`);
        await asked;
      }
    }
  });

  t.test('an unknown model, and a path that nobody serves', async (t) => {
    for (const [name, client] of all) {
      const response = await ask(proxy.url, client, 'nobody-has-it');
      t.equal(response.status, 404, name);
      t.ok(client.isError(await response.json()));
    }
    const nowhere = await fetch(`${proxy.url}/v1/nowhere`, { method: 'POST', body: '{}' });
    t.equal(nowhere.status, 404);
    t.match(await nowhere.text(), '/v1/chat/completions');
  });

  t.test('whether somebody is there', async (t) => {
    t.equal((await fetch(`${proxy.url}/api/hello`, { method: 'HEAD' })).status, 200);
    t.equal((await fetch(`${proxy.url}/health/live`)).status, 200);
    const socket = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'eA==' };
    for (const url of [proxy.url, router.url]) {
      const [answer] = await once(get(`${url}/v1/responses`, { headers: socket }), 'response');
      t.equal(answer.statusCode, 426, 'the word by which Codex turns to HTTP at once');
      answer.resume();
    }
    t.match(await (await fetch(`${proxy.url}/health/ready`)).json(), { ready: true });
    t.match(
      await (await fetch(`${proxy.url}/metrics`)).text(),
      /openai_proxy_requests_total\{dialect="anthropic",outcome="aborted"\} 2/,
    );
  });

  t.test('a router that is killed in the middle of an answer', async (t) => {
    const open = await Promise.all(all.map(([, client]) => ask(proxy.url, client, 'x/a/stall-at-7', true)));
    const wholes = all.map(([, client]) => ask(proxy.url, client, 'x/a/slow-20000'));
    const readers = open.map((response) => textOf(response));
    await sleep(300);
    router.child.kill('SIGKILL');
    await once(router.child, 'exit');
    for (const [index, [name, client]] of all.entries()) {
      const text = (await readers[index]) as string;
      t.match(text, /Hello|response\.created|message_start/, `${name}: it had begun`);
      t.notMatch(text, '<broken>', `${name}: the transfer ends in order`);
      t.ok(client.endsInError(text), `${name}: ${text.slice(-300)}`);
      const whole = (await wholes[index]) as Response;
      t.equal(whole.status, 502, `${name}, whole`);
      t.ok(client.isError(await whole.json()));
    }
  });

  t.test('a router that is not there', async (t) => {
    for (const [name, client] of all) {
      for (const stream of [false, true]) {
        const response = await ask(proxy.url, client, 'x/m', stream);
        t.equal(response.status, client.busy ?? 503, name);
        const body = await response.json();
        t.ok(client.isError(body), name);
        t.match(JSON.stringify(body), /the router \(ai-inference\) cannot be reached/);
      }
    }
    t.equal((await fetch(`${proxy.url}/v1/models`)).status, 503);
    const ready = await fetch(`${proxy.url}/health/ready`);
    t.equal(ready.status, 503);
    t.match(await ready.json(), { ready: false });
    t.equal((await fetch(`${proxy.url}/health/live`)).status, 200, 'but the proxy is');
  });
});
