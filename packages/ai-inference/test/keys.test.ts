// Keys rotate without a lost request, and are found nowhere: not in arguments, environments, logs, status, metrics or errors.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChaosUpstream } from '@switchyard/chaos-upstream';
import t from 'tap';
import { ask, clientNames, post } from './fixtures/clients.ts';
import { keyOf, providerNames, startStage } from './fixtures/providers.ts';
import { newFolder, startRouter } from './fixtures/router-process.ts';

t.test('a key that is written anew while requests are on their way', async (t) => {
  const chaos = await startChaosUpstream();
  t.teardown(() => chaos.close());
  const file = join(newFolder(t), 'key');
  writeFileSync(file, 'old-key-0123456789');
  const router = await startRouter(t, {
    providers: { anthropic: { baseUrl: chaos.url, apiKey: `\${file:${file}}` } },
  });
  let isOver = false;
  const statuses: number[] = [];
  const workers = Array.from({ length: 8 }, async () => {
    while (!isOver) statuses.push((await ask(router.url, 'anthropic', { model: 'anthropic/m', stream: true })).status);
  });
  for (let round = 0; round < 10; round += 1) {
    writeFileSync(file, `key-number-${round}-0123456789\n`);
    await sleep(60);
  }
  // A secret's file is looked at ten times a second.
  await sleep(150);
  isOver = true;
  await Promise.all(workers);
  const used = new Set(chaos.requests.map(({ headers }) => headers['x-api-key']));
  t.comment(`${statuses.length} requests while ${used.size} keys followed each other`);
  t.ok(statuses.length > 50 && statuses.every((status) => status === 200));
  t.ok(used.has('key-number-9-0123456789') && used.size > 5);
  t.equal(chaos.requests.at(-1)?.headers['x-api-key'], 'key-number-9-0123456789');
  // A provider that refuses the old key is asked with the new one as soon as it is there.
  writeFileSync(file, ' ');
  await sleep(150);
  const lost = await ask(router.url, 'anthropic', { model: 'anthropic/m' });
  t.equal(lost.status, 401);
  t.match(lost.json.error.message, /providers\.anthropic\.apiKey: file .* is empty/);
});

t.test('no key is shown, whatever providers say', async (t) => {
  const { chaos, router } = await startStage(t);
  const loud = (name: string) => ({ message: `bad key ${keyOf(name)}`, type: 'invalid_request_error', param: null, code: null });
  const heard: string[] = [];
  for (const provider of providerNames) {
    const body = { type: 'error', error: { ...loud(provider), status: 'INVALID_ARGUMENT' } };
    for (const client of clientNames) {
      for (const stream of [false, true]) {
        chaos.script({ status: 400, body });
        heard.push((await ask(router.url, client, { model: `${provider}/m`, stream })).text);
      }
      chaos.script({ body: { error: `inside ${keyOf(provider)}` } });
      heard.push((await ask(router.url, client, { model: `${provider}/m` })).text);
      // An event in the middle of a stream.
      chaos.script({ body: streamWith(keyOf(provider)), headers: { 'content-type': 'text/event-stream' } });
      heard.push((await ask(router.url, client, { model: `${provider}/m`, stream: true })).text);
    }
    chaos.script({ status: 400, body });
    heard.push((await post(`${router.url}/v1/embeddings`, { model: `${provider}/m`, input: 'x' })).text);
    chaos.clearScript();
  }
  t.ok(heard.filter((text) => text.includes('•••')).length > heard.length / 2, 'they did say it');
  const shown = {
    errors: heard.join('\n'),
    status: JSON.stringify(await router.status()),
    page: await (await fetch(`${router.url}/status`, { headers: { accept: 'text/html' } })).text(),
    metrics: await router.metrics(),
    ready: await (await fetch(`${router.url}/health/ready`)).text(),
    models: await (await fetch(`${router.url}/v1/models`)).text(),
    log: router.output(),
    arguments: readFileSync(`/proc/${router.pid}/cmdline`, 'utf8'),
  };
  for (const [where, text] of Object.entries(shown))
    for (const provider of providerNames) t.notOk(text.includes(keyOf(provider)), `${where}: key of ${provider}`);
});

function streamWith(key: string): string {
  const chunk = {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content: 'so ' } }],
  };
  return `data: ${JSON.stringify(chunk)}\n\ndata: ${JSON.stringify({ error: { message: `broken ${key}`, code: 502 } })}\n\n`;
}

t.test('a key in a credential file is in no environment', async (t) => {
  const chaos = await startChaosUpstream({ key: 'credential-key-0123456789' });
  t.teardown(() => chaos.close());
  const folder = newFolder(t);
  writeFileSync(join(folder, 'gemini'), 'credential-key-0123456789');
  const router = await startRouter(
    t,
    { providers: { gemini: { baseUrl: chaos.url, apiKey: '$' + '{credential:gemini}' } } },
    { env: { CREDENTIALS_DIRECTORY: folder } },
  );
  const heard = await ask(router.url, 'openai-chat', { model: 'gemini/m' });
  t.equal(heard.status, 200);
  t.equal(heard.json.choices.length, 1);
  t.notMatch(readFileSync(`/proc/${router.pid}/environ`, 'utf8'), 'credential-key');
  t.notMatch(router.output(), 'credential-key');
});
