// Which era a message belongs to: the decisions that pass. What is refused is in bad-input.headers.test.ts.
import t from 'tap';
import { classify } from '../src/edge/classify.ts';
import { readMessage } from '../src/jsonrpc/message.ts';
import { metaKeys } from '../src/protocol/revision.ts';
import { envelope, modern } from './fixtures/wire.ts';

const version = { 'mcp-protocol-version': '2026-07-28' };
const text = (members: object) => readMessage(JSON.stringify({ jsonrpc: '2.0', ...members }));

t.test('the handshake era', async (t) => {
  const messages = [
    text({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } }),
    text({ id: 1, method: 'tools/list' }),
    text({ id: 1, method: 'tools/list', params: { _meta: { progressToken: 1 } } }),
    text({ id: 1, method: 'tools/list', params: { _meta: null } }),
    text({ method: 'notifications/initialized' }),
    text({ id: 1, result: {} }),
    text({ id: 1, error: { code: 1, message: '' } }),
  ];
  for (const message of messages) {
    t.same(classify(message, {}), { era: 'legacy' });
    for (const revision of ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])
      t.same(classify(message, { 'mcp-protocol-version': revision }), { era: 'legacy' });
  }
});

t.test('the stateless era', async (t) => {
  const { body, headers } = modern(
    'tools/call',
    { name: 'x' },
    { capabilities: { sampling: {} }, meta: { [metaKeys.logLevel]: 'info' } },
  );
  t.same(classify(readMessage(body), headers as Record<string, string>), {
    era: 'modern',
    client: {
      protocolVersion: '2026-07-28',
      info: { name: 'wire', version: '1' },
      capabilities: { sampling: {} },
      logLevel: 'info',
    },
  });
  t.match(classify(text({ method: 'notifications/cancelled' }), version), { era: 'modern' }, 'a notification goes by its header');
  t.match(
    classify(text({ method: 'notifications/x', params: { _meta: envelope() } }), {}),
    { era: 'modern' },
    'or by its envelope',
  );
});

t.test('a method named like a member of every object has no name to mirror', async (t) => {
  for (const method of ['constructor', '__proto__', 'toString']) {
    const { body, headers } = modern(method);
    t.match(classify(readMessage(body), headers as Record<string, string>), { era: 'modern' });
  }
});
