// Servers that misbehave: each is reported for what it is, and none is in the way of another.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { difficult } from './fixtures/difficult-upstream.ts';
import { newFolder, startGateway } from './fixtures/gateway-process.ts';
import { modern, send } from './fixtures/wire.ts';

const call = (name: string) => modern('tools/call', { name, arguments: {} });

t.test('servers that can be used all the same', async (t) => {
  const gateway = await startGateway(t, {
    mcpServers: {
      dies: difficult('dies-on-discover'),
      quiet: difficult('silent-on-discover'),
      noisy: difficult('noisy'),
    },
  });
  for (const { name, state, protocolVersion } of await gateway.servers()) {
    t.same({ state, protocolVersion }, { state: 'ready', protocolVersion: '2025-06-18' }, name);
    t.equal((await send(`${gateway.url}/mcp/${name}`, call('echo'))).last.result?.content[0].text, '[]', name);
  }
});

t.test('a message over the limit fails its own call only', async (t) => {
  const gateway = await startGateway(t, { mcpServers: { large: difficult('legacy') } });
  const { pid } = await gateway.server('large');
  const { last } = await send(`${gateway.url}/mcp/large`, call('huge'));
  t.match(last.error?.message, /the server sent a message of 20\d{6} characters, which is over the limit/);
  t.equal((await send(`${gateway.url}/mcp/large`, call('echo'))).last.result?.content[0].text, '[]');
  t.equal((await gateway.server('large')).pid, pid, 'the server was not restarted');
});

t.test('messages that make no sense end nothing', async (t) => {
  const gateway = await startGateway(t, { mcpServers: { odd: difficult('legacy') } });
  t.equal((await send(`${gateway.url}/mcp/odd`, call('odd'))).last.result?.content[0].text, '[]');
  t.same(
    gateway.log().filter(({ level }) => level === 'error'),
    [],
  );
});

t.test('servers that cannot be used say why', async (t) => {
  const gateway = await startGateway(t, {
    mcpServers: {
      exits: difficult('exits'),
      nowhere: { command: 'no-such-program' },
      elsewhere: { ...difficult('legacy'), cwd: '/no/such/folder' },
      folder: { command: '/tmp' },
      closed: { url: 'http://127.0.0.1:1/mcp' },
      socket: { socket: '/no/such.sock' },
      secret: { ...difficult('legacy'), env: { TOKEN: '${file:/no/such/key}' } },
      mute: { ...difficult('silent'), timeouts: { startMs: 200 } },
      stubborn: { ...difficult('modern'), protocol: 'legacy' },
      good: overStdio('dual'),
    },
  });
  const says: Record<string, RegExp> = {
    exits: /exited with code 3; its last words: cannot open the database/,
    nowhere: /cannot start no-such-program: the program was not found on PATH/,
    elsewhere: /or cwd \/no\/such\/folder does not exist/,
    folder: /cannot start \/tmp: the file is not executable/,
    closed: /^http:\/\/127\.0\.0\.1:1\/mcp: nothing listens there/,
    socket: /cannot connect to \/no\/such\.sock: the socket does not exist/,
    secret: /mcpServers\.secret\.env\.TOKEN: file \/no\/such\/key does not exist/,
    mute: /./,
    stubborn: /no initialize/,
  };
  for (const { name, state, lastError, retryAt } of await gateway.servers()) {
    if (name === 'good') t.equal(state, 'ready');
    else {
      t.equal(state, 'failed', name);
      t.match(lastError, says[name], name);
      t.type(retryAt, 'string', `${name} is tried again`);
      const { last } = await send(`${gateway.url}/mcp/${name}`, call('echo'));
      t.match(last.error?.message, new RegExp(`server "${name}" is not running: `));
    }
  }
  t.match((await gateway.server('exits')).stderr, ['cannot open the database']);
  const { last } = await send(`${gateway.url}/mcp`, modern('tools/list'));
  t.ok(last.result.tools.some(({ name }: { name: string }) => name === 'good__test_simple_text'));
});

t.test('a server that says nothing is in nobody\u2019s way', async (t) => {
  const gateway = await startGateway(
    t,
    { mcpServers: { silent: difficult('silent'), good: difficult('legacy') } },
    { wait: false },
  );
  while ((await gateway.server('good')).state !== 'ready');
  const { last } = await send(`${gateway.url}/mcp/good`, call('echo'));
  t.ok(last.result, 'its own endpoint');
  const rest = await fetch(`${gateway.url}/api/tools/good/echo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  t.equal(rest.status, 200, 'over REST');
  const listed = await send(`${gateway.url}/mcp`, modern('tools/list'));
  t.equal((await gateway.server('silent')).state, 'starting', 'the list did not wait until the silent server was given up');
  t.match(listed.text, /good__echo/);
  t.equal((await send(`${gateway.url}/mcp`, call('good__echo'))).last.result?.content[0].text, '[]', 'among others');
});

t.test('what era a server is of is asked once', async (t) => {
  const folder = newFolder(t);
  const asked = (name: string) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((method) => ['server/discover', 'initialize'].includes(method));
  const server = (mode: 'legacy' | 'modern', journal: string) => difficult(mode, join(folder, journal));
  const config = {
    mcpServers: {
      old: server('legacy', 'old'),
      young: server('modern', 'young'),
      'pinned-old': { ...server('legacy', 'pinned-old'), protocol: 'legacy' as const },
      'pinned-young': { ...server('modern', 'pinned-young'), protocol: 'modern' as const },
    },
  };
  const first = await startGateway(t, config, { folder });
  t.same(asked('old'), ['server/discover', 'initialize']);
  t.same(asked('young'), ['server/discover']);
  for (const name of Object.keys(config.mcpServers))
    t.equal((await fetch(`${first.url}/api/servers/${name}/restart`, { method: 'POST' })).status, 200);
  t.same(asked('old'), ['server/discover', 'initialize', 'initialize'], 'remembered over a restart of the server');
  await first.stop();
  const second = await startGateway(t, config, { folder });
  t.same(asked('old'), ['server/discover', 'initialize', 'initialize', 'initialize'], 'and of the gateway');
  t.same(asked('young'), ['server/discover', 'server/discover', 'server/discover']);
  t.same(asked('pinned-old'), ['initialize', 'initialize', 'initialize']);
  t.same(asked('pinned-young'), ['server/discover', 'server/discover', 'server/discover']);
  for (const { name, protocolVersion } of await second.servers())
    t.equal(protocolVersion, name.endsWith('old') ? '2025-06-18' : '2026-07-28');
});
