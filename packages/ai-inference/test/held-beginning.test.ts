// The opening events of a stream wait for content, but not for ever: a provider that opens a stream and falls silent must not leave its
// client without a sign of life.
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@switchyard/kit/clock';
import t from 'tap';
import { ClientAnswer } from '../src/call/client-answer.ts';
import type { ReaderOptions } from '../src/call/readers/answer-reader.ts';
import { PassThroughReader } from '../src/call/readers/pass-through.ts';
import { TranslatingReader } from '../src/call/readers/translating.ts';
import { dialects } from '../src/router.ts';

const opening = `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })}\n\n`;

for (const client of ['openai-chat', 'anthropic'] as const) {
  t.test(`toward ${client}`, async (t) => {
    const server = createServer((_request, response) => {
      const answer = new ClientAnswer(response, {}, (text) => text);
      const options: ReaderOptions = {
        answer,
        client: dialects[client],
        upstream: dialects['openai-chat'],
        request: () => ({ model: 'm', stream: true, messages: [], tools: [], sampling: {} }),
        clock: systemClock,
        flow: { pause: () => {}, resume: () => {} },
        limitBytes: 1000,
        stripUsage: false,
        contentType: undefined,
        holdMs: 30,
        onContent: () => {},
        onDone: () => {},
      };
      const reader = client === 'openai-chat' ? new PassThroughReader(options) : new TranslatingReader(options);
      reader.data(Buffer.from(opening));
      t.notOk(answer.committed, 'it waits for content at first');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.closeAllConnections());
    t.teardown(() => server.close());
    const first = await new Promise<string>((resolve, reject) => {
      get(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, (response) => {
        response.once('data', (chunk) => resolve(String(chunk)));
      }).once('error', reject);
    });
    t.match(first, client === 'anthropic' ? 'message_start' : '"role":"assistant"');
  });
}
