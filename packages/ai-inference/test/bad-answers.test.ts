// What a provider or what stands in front of it may answer instead of an answer: a client hears an error of its own dialect, always JSON.
import t from 'tap';
import { ask, clientNames, clients, untruth } from './fixtures/clients.ts';
import { providerNames as allProviders, type Stage, startStage } from './fixtures/providers.ts';

// Venice speaks as OpenAI does, and is asked no more after so many failures.
const providerNames = allProviders.filter((name) => name !== 'venice');
const page = '<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
const html = { 'content-type': 'text/html' };

/** Faults, and the status that becomes of them before anything was sent. */
const faults: Record<string, { fault: object; status: number; also?: 'stream' | 'whole' }> = {
  reset: { fault: { killAtEvent: 0 }, status: 502 },
  truncated: { fault: { killAtByte: 30 }, status: 502 },
  malformed: { fault: { malformed: true }, status: 502, also: 'whole' },
  'a page with status 200': { fault: { body: page, headers: html }, status: 502 },
  'a page with status 502': { fault: { status: 502, body: page, headers: html }, status: 502 },
  'a page with status 500': { fault: { status: 500, body: page, headers: html }, status: 502 },
  'no body': { fault: { isEmpty: true }, status: 502 },
  'no body with status 500': { fault: { status: 500, isEmpty: true }, status: 502 },
  'JSON that is no answer': { fault: { body: { hello: 'world' } }, status: 502 },
  'a list': { fault: { body: '[1,2]', headers: { 'content-type': 'application/json' } }, status: 502 },
  'an unknown Content-Encoding': { fault: { headers: { 'content-encoding': 'rot13' } }, status: 502 },
  'what is not packed as it says': { fault: { headers: { 'content-encoding': 'gzip' } }, status: 502 },
};

let stage: Stage;
t.before(async () => {
  stage = await startStage(t, { breaker: { failures: 1_000_000 }, retries: { attempts: 1 } });
});

for (const [name, { fault, status, also }] of Object.entries(faults)) {
  t.test(name, async (t) => {
    for (const provider of providerNames) {
      for (const client of clientNames) {
        for (const stream of [false, true]) {
          if (also === 'whole' && stream) continue;
          stage.chaos.script({ fault });
          const heard = await ask(stage.router.url, client, { model: `${provider}/m`, stream });
          const what = `${client} ${stream ? 'stream' : 'whole'} before ${provider}`;
          t.equal(heard.status, status, what);
          t.match(heard.headers.get('content-type'), /^application\/json/);
          t.ok(heard.json && clients[client].isError(heard.json), `${what}: ${heard.text.slice(0, 200)}`);
        }
      }
    }
    stage.chaos.clearScript();
  });
}

t.test('an error inside a body with status 200', async (t) => {
  for (const provider of providerNames) {
    for (const client of clientNames) {
      const heard = await ask(stage.router.url, client, { model: `${provider}/x/error-inside` });
      t.ok(heard.status >= 400, `${client} before ${provider}: ${heard.status}`);
      t.match(heard.text, /the provider failed/);
    }
  }
});

t.test('an error event, and an event that is no JSON', async (t) => {
  for (const provider of providerNames) {
    for (const client of clientNames) {
      for (const fault of ['error-at-7', 'malformed-at-7']) {
        const heard = await ask(stage.router.url, client, {
          model: `${provider}/x/${fault}`,
          stream: true,
          prompt: 'one two three',
        });
        t.equal(untruth(client, heard), undefined, `${client} before ${provider}, ${fault}`);
        if (fault === 'error-at-7') t.match(heard.text, /the provider failed/);
      }
    }
  }
});

t.test('gzip, small pieces, comments and odd usage change nothing', async (t) => {
  for (const provider of providerNames) {
    for (const client of clientNames) {
      for (const fault of ['gzip', 'pieces-1', 'pieces-7+gzip', 'comments+usage-odd', 'usage-missing']) {
        const asked = { model: `${provider}/x/${fault}`, prompt: 'über 日本 🦊' };
        const streamed = await ask(stage.router.url, client, { ...asked, stream: true });
        const what = `${client} before ${provider}, ${fault}`;
        t.equal(clients[client].ending(streamed.text), 'done', what);
        t.match(clients[client].words(streamed.text), /You said: über 日本 🦊$/, what);
        const whole = await ask(stage.router.url, client, asked);
        t.equal(whole.status, 200, what);
        t.match(whole.text, /You said: über 日本 🦊/, what);
      }
    }
  }
});
