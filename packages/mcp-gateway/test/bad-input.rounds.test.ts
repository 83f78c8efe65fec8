// The state of a call that waits for its client, given back wrong: damaged, stale, somebody else's, with answers of no use.
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';
import { type Message, modern, send } from './fixtures/wire.ts';

const servers = { up: overStdio('2025'), twin: overStdio('2025') };
let gateway: GatewayProcess;
t.before(async () => {
  gateway = await startGateway(t, { mcpServers: servers });
});

const question = { name: 'test_elicitation', arguments: { message: 'Who are you?' } };
const accepted = { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } };

async function call(params: object, { path = '/mcp/up', url = gateway.url } = {}): Promise<Message> {
  const sent = modern('tools/call', { ...question, ...params }, { capabilities: { elicitation: {} } });
  return (await send(`${url}${path}`, sent)).last;
}

/** A call that has been asked its question: the state to continue it with, and the key of the question. */
async function park(t: Test, url = gateway.url): Promise<{ requestState: string; key: string }> {
  const { result } = await call({}, { url });
  t.equal(result?.resultType, 'input_required');
  return { requestState: result.requestState, key: Object.keys(result.inputRequests)[0] ?? '' };
}

const refused = (t: Test, { error }: Message, says: RegExp) => {
  t.equal(error?.code, -32602);
  t.match(error?.message, says);
};

t.test('the good way, once', async (t) => {
  const { requestState, key } = await park(t);
  const { result } = await call({ requestState, inputResponses: { [key]: accepted } });
  t.match(result.content[0].text, /action=accept.*ada@example\.com/);
  refused(t, await call({ requestState, inputResponses: { [key]: accepted } }), /has ended/);
});

t.test('a state that is damaged at any place', async (t) => {
  const { requestState, key } = await park(t);
  const inputResponses = { [key]: accepted };
  const flipped = (at: number) =>
    `${requestState.slice(0, at)}${requestState[at] === 'A' ? 'B' : 'A'}${requestState.slice(at + 1)}`;
  const middle = Math.floor(requestState.length / 2);
  for (const damaged of [
    flipped(0),
    flipped(20),
    flipped(middle),
    flipped(requestState.length - 5),
    requestState.slice(0, -4),
    '',
    'x',
    `${requestState}.`,
  ])
    refused(t, await call({ requestState: damaged, inputResponses }), /damaged/);
  t.ok((await call({ requestState, inputResponses })).result, 'the call itself waits on unharmed');
});

t.test('a state of another call', async (t) => {
  const { requestState, key } = await park(t);
  const inputResponses = { [key]: accepted };
  const elsewhere = /other arguments/;
  refused(t, await call({ requestState, inputResponses, arguments: { message: 'What else?' } }), elsewhere);
  refused(t, await call({ requestState, inputResponses, name: 'test_sampling' }), elsewhere);
  refused(t, await call({ requestState, inputResponses }, { path: '/mcp/twin' }), elsewhere);
  t.ok(
    (await call({ requestState, inputResponses, name: 'up__test_elicitation' }, { path: '/mcp' })).result,
    'the same call by its public name',
  );
});

t.test('a state of the round before', async (t) => {
  const { requestState, key } = await park(t);
  const again = await call({ requestState, inputResponses: {} });
  t.same(Object.keys(again.result.inputRequests), [key], 'what was left unanswered is asked again');
  refused(t, await call({ requestState, inputResponses: { [key]: accepted } }), /answered already/);
  t.ok((await call({ requestState: again.result.requestState, inputResponses: { [key]: accepted } })).result.content);
});

t.test('two that continue the same call at once', async (t) => {
  const { requestState, key } = await park(t);
  const both = await Promise.all([1, 2].map(() => call({ requestState, inputResponses: { [key]: accepted } })));
  t.equal(both.filter(({ result }) => result?.content).length, 1);
  t.equal(both.filter(({ error }) => error?.code === -32602).length, 1);
});

t.test('members of the wrong type', async (t) => {
  const { requestState, key } = await park(t);
  refused(t, await call({ requestState: 7 }), /"requestState" must be a string/);
  refused(t, await call({ requestState, inputResponses: [] }), /"inputResponses" must be an object/);
  for (const answer of [7, 'yes', null, []])
    refused(t, await call({ requestState, inputResponses: { [key]: answer } }), /must be an object/);
  t.ok(
    (await call({ requestState, inputResponses: { [key]: accepted, unasked: 7 } })).result.content,
    'what nobody asked for is ignored',
  );
});

t.test('a state that is too old, and one of another gateway', async (t) => {
  const hasty = await startGateway(t, { mcpServers: servers, parkedCallTtlMs: 100 });
  const { requestState, key } = await park(t, hasty.url);
  await sleep(150);
  const inputResponses = { [key]: accepted };
  refused(t, await call({ requestState, inputResponses }, { url: hasty.url }), /has ended; call again from the start/);
  refused(t, await call({ requestState, inputResponses }), /damaged/);
});

t.test('a client that can answer nothing is told what it would need', async (t) => {
  const sent = modern('tools/call', question);
  const { status, last } = await send(`${gateway.url}/mcp/up`, sent);
  t.equal(status, 400);
  t.match(last.error, { code: -32021, data: { requiredCapabilities: { elicitation: {} } } });
});
