// 500 tools of 20 servers as one list: valid names, one order, and the same bytes whatever happens to the servers.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';
import { manyTools, toolNames } from './fixtures/many-tools.ts';
import { legacy, modern, openSession, send } from './fixtures/wire.ts';

const perServer = 25;
const oddServers = ['a', 'a_', 'a__b', 'with.dot', 'With-Dash', '0', 'x'.repeat(64)];
const declared = [...oddServers, ...Array.from({ length: 13 }, (_, index) => `server-${13 - index}`)];
const mcpServers = Object.fromEntries(declared.map((name, index) => [name, manyTools(`tool${index}`, perServer)]));
// JavaScript puts keys that are numbers first, whatever the file says.
const serverNames = Object.keys(mcpServers);
const prefixOf = (server: string) => `tool${declared.indexOf(server)}`;

let gateway: GatewayProcess;
let first: string;
const listText = async () => (await send(`${gateway.url}/mcp`, modern('tools/list'))).text;
/** The servers' tools; the gateway's own have no separator in their name. */
const toolsOf = (text: string) =>
  (JSON.parse(text).result.tools as { name: string }[]).map(({ name }) => name).filter((name) => name.includes('__'));
const post = async (path: string) => (await fetch(`${gateway.url}${path}`, { method: 'POST' })).status;

t.before(async () => {
  gateway = await startGateway(t, { mcpServers });
  first = await listText();
});

t.test('500 tools with valid, unique names in the declared order', async (t) => {
  const names = toolsOf(first);
  t.equal(names.length, 500);
  t.equal(new Set(names).size, 500);
  t.same(
    names.filter((name) => !/^[A-Za-z0-9_-]{1,64}$/.test(name)),
    [],
  );
  const { tools } = (await (await fetch(`${gateway.url}/api/tools`)).json()) as {
    tools: { server: string; name: string; publicName: string }[];
  };
  const expected = serverNames.flatMap((server) => toolNames(prefixOf(server), perServer).map((name) => ({ server, name })));
  t.same(
    tools.map(({ server, name }) => ({ server, name })),
    expected,
  );
  t.same(
    tools.map(({ publicName }) => publicName),
    names,
  );
});

t.test('each name leads to its own tool', async (t) => {
  const answers = await Promise.all(
    toolsOf(first).map(
      async (name) => (await send(`${gateway.url}/mcp`, modern('tools/call', { name }))).last.result?.content[0].text,
    ),
  );
  const expected = serverNames.flatMap((server) =>
    toolNames(prefixOf(server), perServer).map((name) => `${prefixOf(server)}: ${name}`),
  );
  t.same(answers, expected);
});

t.test('clients of both eras get the same list', async (t) => {
  const url = `${gateway.url}/mcp`;
  const { last } = await send(url, legacy('tools/list', {}, await openSession(url)));
  t.equal(JSON.stringify(last.result.tools), JSON.stringify(JSON.parse(first).result.tools));
});

t.test('the list is the same to the byte over 100 restarts of its servers', async (t) => {
  let lists = 0;
  let done = false;
  const others = new Set<string>();
  const listing = (async () => {
    while (!done) {
      const text = await listText();
      lists += 1;
      if (text !== first) others.add(text);
    }
  })();
  for (let round = 0; round < 5; round += 1) {
    const pids = new Map((await gateway.servers()).map(({ name, pid }) => [name, pid]));
    await Promise.all(
      serverNames.map(async (name, index) => {
        if ((index + round) % 2 === 0) killIfThere(pids.get(name) as number);
        else t.equal(await post(`/api/servers/${name}/restart`), 200);
        for (let server = await gateway.server(name); server.state !== 'ready' || server.pid === pids.get(name); ) {
          await sleep(20);
          server = await gateway.server(name);
        }
      }),
    );
    // On a busy machine few lists come while the servers restart.
    while (lists < 20 * (round + 1)) await sleep(5);
  }
  done = true;
  await listing;
  t.equal(
    [...(await gateway.servers())].reduce((sum, { restarts }) => sum + restarts, 0),
    100,
  );
  t.ok(lists >= 100, `${lists} lists were looked at`);
  t.same([...others], []);
});

t.test('while a server is down its tools stay listed, and say so when called', async (t) => {
  const name = 'server-7';
  await post(`/api/servers/${name}/restart`);
  // Killed again as soon as it is back, it is started again later and later.
  for (let server = await gateway.server(name); server.state !== 'failed'; server = await gateway.server(name)) {
    if (server.pid !== undefined) killIfThere(server.pid);
    await sleep(5);
  }
  t.equal(await listText(), first);
  const single = await send(`${gateway.url}/mcp/${name}`, modern('tools/list'));
  t.equal(JSON.parse(single.text).result.tools.length, perServer);
  const { last } = await send(`${gateway.url}/mcp`, modern('tools/call', { name: `${name}__with_space` }));
  t.match(last.error?.message, /server "server-7" is not running: .*SIGKILL.*it is started again in \d+ s/);
});

t.test('a disabled server leaves a gap and comes back to its place', async (t) => {
  const patch = (enabled: boolean) =>
    fetch(`${gateway.url}/api/servers/a__b`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ enabled }),
    });
  await patch(false);
  const without = toolsOf(await listText());
  t.same(
    without,
    toolsOf(first).filter((name) => without.includes(name)),
  );
  t.equal(without.length, 475);
  await patch(true);
  t.equal(await listText(), first);
});

/** A process may have been replaced between the look at its id and now. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
