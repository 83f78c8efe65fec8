// Sessions of handshake-era clients: they outlive the gateway, belong to one endpoint, and keep clients apart.
import t, { type Test } from 'tap';
import { overStdio, startFixture } from './fixtures/conformance-upstream/start.ts';
import { newFolder, startGateway } from './fixtures/gateway-process.ts';
import { legacy, openSession, openStream, type Sent, send } from './fixtures/wire.ts';

type Session = Record<string, string>;
const call = (name: string, args: object, session: Session, id = 1): Sent =>
  legacy('tools/call', { name, arguments: args }, session, id);
const listen = (session: Session): Sent => ({ method: 'GET', headers: { accept: 'text/event-stream', ...session } });
const answer = (id: unknown, session: Session): Sent => ({
  headers: { 'content-type': 'application/json', accept: '*/*', ...session },
  body: JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'accept', content: { username: session.name ?? 'ada' } } }),
});

/** Calls the tool that asks, answers the question, and gives the tool's words. */
async function askedAndAnswered(t: Test, url: string, session: Session): Promise<string> {
  const stream = await openStream(url, call('test_elicitation', { message: 'Who?' }, session));
  const question = await stream.next(({ method }) => method === 'elicitation/create');
  t.equal((await send(url, answer(question.id, session))).status, 202);
  return (await stream.next(({ result }) => result !== undefined)).result.content[0].text;
}

t.test('a session outlives the gateway', async (t) => {
  const folder = newFolder(t);
  const config = { mcpServers: { up: overStdio('dual'), modern: overStdio('2026') } };
  const before = await startGateway(t, config, { folder });
  const sessions: [path: string, session: Session][] = [];
  for (const path of ['/mcp', '/mcp/up', '/mcp/modern'])
    sessions.push([path, await openSession(`${before.url}${path}`, { elicitation: {} })]);
  t.equal(await before.stop(), 0);

  const after = await startGateway(t, config, { folder });
  for (const [path, session] of sessions) {
    const { status, last } = await send(`${after.url}${path}`, legacy('tools/list', {}, session));
    t.equal(status, 200, path);
    t.ok(last.result.tools.length > 10);
    if (path !== '/mcp')
      t.match(
        await askedAndAnswered(t, `${after.url}${path}`, session),
        /action=accept/,
        'what the client can do is still known',
      );
  }
  t.equal(await after.stop('SIGKILL'), 'SIGKILL');
  const third = await startGateway(t, config, { folder });
  t.equal((await send(`${third.url}/mcp/up`, legacy('ping', {}, sessions[1]?.[1]))).status, 200, 'also after a crash');
});

t.test('whose session it is', async (t) => {
  const config = { mcpServers: { up: overStdio('dual') } };
  const gateway = await startGateway(t, config);
  const session = await openSession(`${gateway.url}/mcp/up`);
  t.equal((await send(`${gateway.url}/mcp`, legacy('ping', {}, session))).status, 404, 'not of another endpoint');
  const stranger = await startGateway(t, config);
  t.equal((await send(`${stranger.url}/mcp/up`, legacy('ping', {}, session))).status, 404, 'not of another gateway');
  t.equal((await send(`${gateway.url}/mcp/up`, { method: 'DELETE', headers: session })).status, 204);
  for (const sent of [legacy('ping', {}, session), listen(session), { method: 'DELETE', headers: session }])
    t.equal((await send(`${gateway.url}/mcp/up`, sent)).status, 404, 'not once it has ended');
});

t.test('an ended session ends its streams and calls', async (t) => {
  const gateway = await startGateway(t, { mcpServers: { up: overStdio('2025') } });
  const url = `${gateway.url}/mcp/up`;
  const session = await openSession(url);
  const stream = await openStream(url, listen(session));
  const running = openStream(
    url,
    legacy(
      'tools/call',
      { name: 'slow_cancellable', arguments: { key: 'k', durationMs: 60_000 }, _meta: { progressToken: 1 } },
      session,
    ),
  );
  await (await running).next(({ method }) => method === 'notifications/progress');
  await send(url, { method: 'DELETE', headers: session });
  await t.rejects(
    stream.next(() => false),
    { message: /the stream ended/ },
  );
  await t.rejects(
    (await running).next(({ result }) => result !== undefined),
    { message: /the stream ended/ },
  );
  const other = await openSession(url);
  let seen = '';
  while (seen !== '1') seen = (await send(url, call('cancelled_count', { key: 'k' }, other))).last.result.content[0].text;
  t.equal(seen, '1', 'the server was told');
});

for (const transport of ['stdio', 'http'] as const) {
  t.test(`two clients of one server over ${transport} do not hear each other`, async (t) => {
    let server: object = overStdio('2025');
    if (transport === 'http') {
      const fixture = await startFixture('2025');
      t.teardown(() => fixture.stop());
      server = { url: fixture.url };
    }
    const gateway = await startGateway(t, { mcpServers: { up: server } });
    const url = `${gateway.url}/mcp/up`;
    const ada = await openSession(url, { elicitation: {} });
    const bob = await openSession(url, { elicitation: {} });
    const bobsStream = await openStream(url, listen(bob));
    t.teardown(() => bobsStream.close());
    for (const session of [ada, bob]) await send(url, legacy('logging/setLevel', { level: 'debug' }, session));

    const logging = await send(url, call('test_tool_with_logging', {}, ada));
    t.equal(logging.messages.filter(({ method }) => method === 'notifications/message').length, 3, 'logs come to who called');

    const asking = await openStream(url, call('test_elicitation', { message: 'Who?' }, ada));
    const question = await asking.next(({ method }) => method === 'elicitation/create');
    t.equal((await send(url, answer(question.id, bob))).status, 202, 'an answer of somebody else is taken');
    if (transport === 'http') t.match(await askedAndAnswered(t, url, bob), /action=accept/, 'whose own questions work meanwhile');
    else {
      // Over stdio a question names no call: rather nobody is asked than the wrong one.
      const refused = await send(url, call('test_elicitation', { message: 'Who?' }, bob));
      t.match(refused.last.result, { isError: true, content: [{ text: /several clients have calls running/ }] });
    }
    t.notOk(
      asking.messages.some(({ result }) => result),
      'and changes nothing',
    );
    await send(url, answer(question.id, ada));
    t.match((await asking.next(({ result }) => result !== undefined)).result.content[0].text, /action=accept/);
    t.same(bobsStream.messages, []);
  });
}
