// Every client dialect before every upstream dialect: the upstream is killed, or ends without its end, before every event and within
// events. Whatever the client hears last is its own dialect's error, never an end that nobody said.
import type { RecordedRequest } from '@switchyard/chaos-upstream';
import t from 'tap';
import { ask, type ClientName, clientNames, clients, untruth } from './fixtures/clients.ts';
import { type Stage, startStage } from './fixtures/providers.ts';

// Responses reaches OpenAI's /responses, chat its /chat/completions; legacy completions are made from chat where they are not native.
const upstreams = ['openai', 'venice', 'anthropic', 'gemini', 'ollama'] as const;

const prompt = 'one two three';

let stage: Stage;
t.before(async () => {
  // The breaker would step in between: it has a test of its own.
  stage = await startStage(t, { breaker: { failures: 1_000_000 }, retries: { attempts: 1 } });
});

let total = 0;
let truthful = 0;

/** Names of one length, because they stand in the events and their bytes are counted. */
const named = (provider: string, fault: string) => `${provider}/${`/${fault}`.padStart(24, 'm')}`;

/** `fault` in the words of the chaos upstream's model names, so that many can be on their way at once. */
async function judge(client: ClientName, provider: string, fault: string): Promise<string[]> {
  const heard = await ask(stage.router.url, client, { model: named(provider, fault), stream: true, prompt });
  total += 1;
  const problem = untruth(client, heard);
  if (problem === undefined) truthful += 1;
  return problem === undefined ? [] : [`${fault}: ${problem}`];
}

/** The frames of a whole stream of this provider, as it answers what the router makes of this client's request. */
async function framesOf(client: ClientName, provider: string): Promise<string[]> {
  const { chaos, router } = stage;
  const before = chaos.requests.length;
  await ask(router.url, client, { model: named(provider, 'whole'), stream: true, prompt });
  const { url, text, headers } = chaos.requests[before] as RecordedRequest;
  const version = headers['anthropic-version'];
  const again = await fetch(chaos.url + url, {
    method: 'POST',
    body: text,
    headers: version ? { 'anthropic-version': version } : {},
  });
  return (await again.text()).match(provider === 'ollama' ? /.*\n/g : /[\s\S]*?\r?\n\r?\n/g) ?? [];
}

for (const provider of upstreams) {
  for (const client of clientNames) {
    t.test(`${client} before ${provider}`, async (t) => {
      const frames = await framesOf(client, provider);
      t.ok(frames.length > 2, `${frames.length} events`);
      const faults: string[] = [];
      let start = 0;
      for (const [at, { length }] of frames.entries()) {
        faults.push(`kill-at-${at}`, `end-at-${at}`);
        // After its first byte, in its middle, and before the byte that makes it an event.
        for (const within of [1, length >> 1, length - 1]) faults.push(`kill-at-byte-${start + within}`);
        start += length;
      }
      t.same((await Promise.all(faults.map((fault) => judge(client, provider, fault)))).flat(), []);
    });
  }
}

t.test('a socket that dies after the end takes nothing back', async (t) => {
  for (const provider of upstreams) {
    for (const client of clientNames) {
      const killAtByte = (await framesOf(client, provider)).join('').length;
      stage.chaos.script({ killAtByte });
      const heard = await ask(stage.router.url, client, { model: named(provider, 'whole'), stream: true, prompt });
      // Gemini's streams have no last event: only the end of the transfer says that nothing follows.
      t.equal(clients[client].ending(heard.text), provider === 'gemini' ? 'error' : 'done', `${client} before ${provider}`);
    }
  }
});

t.test('the share', async (t) => {
  t.comment(
    `${truthful} of ${total} cut streams ended with the client dialect's own error (${((100 * truthful) / total).toFixed(2)} %)`,
  );
  t.equal(truthful, total);
});
