// SIGHUP with a changed configuration: untouched servers keep their process and their calls, the rest follows the file.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseConfig } from '@switchyard/kit/config';
import t from 'tap';
import { configSchema } from '../src/config.ts';
import { planReload } from '../src/reload.ts';
import { type GatewayInput, newFolder, startGateway } from './fixtures/gateway-process.ts';

const program = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js', {
  paths: [join(import.meta.dirname, '../../..')],
});
const everything = { command: process.execPath, args: [program, 'stdio'] };
const longCall = JSON.stringify({ duration: 2, steps: 2 });

const call = async (url: string, server: string, body = longCall) => {
  const response = await fetch(`${url}/api/tools/${server}/trigger-long-running-operation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return { status: response.status, body: (await response.json()) as { isError?: boolean } };
};

t.test('a reload applies the difference and nothing else', { timeout: 60_000 }, async (t) => {
  const folder = newFolder(t);
  const gateway = await startGateway(
    t,
    { mcpServers: { kept: everything, changed: everything, removed: everything } },
    { folder },
  );
  const before = await gateway.servers();
  const pidOf = (list: typeof before, name: string) => list.find((server) => server.name === name)?.pid;
  const running = Promise.all(['kept', 'changed', 'removed'].map((name) => call(gateway.url, name)));
  await t.resolves(eventually(async () => (await gateway.servers()).every(({ inFlight }) => inFlight === 1)));

  const file = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as GatewayInput;
  config.mcpServers = { added: everything, changed: { ...everything, concurrency: 2 }, kept: everything };
  config.groups = { some: ['added'] };
  config.graceMs = 1234;
  writeFileSync(file, JSON.stringify(config));
  process.kill(gateway.pid, 'SIGHUP');
  t.match(await gateway.said(({ msg }) => msg === 'configuration reloaded'), {
    added: ['added'],
    changed: ['changed'],
    removed: ['removed'],
    unchanged: ['kept'],
  });
  t.match(await gateway.said(({ msg }) => /next start/.test(msg)), { settings: ['graceMs'] });

  for (const { status, body } of await running) {
    t.equal(status, 200);
    t.notOk(body.isError);
  }
  await gateway.settled();
  const after = await gateway.servers();
  t.same(
    after.map(({ name, state }) => `${name} ${state}`),
    ['added ready', 'changed ready', 'kept ready'],
  );
  t.equal(pidOf(after, 'kept'), pidOf(before, 'kept'), 'the untouched server has its old process');
  t.not(pidOf(after, 'changed'), pidOf(before, 'changed'));
  t.equal((await call(gateway.url, 'added', '{"duration":0.1,"steps":1}')).status, 200);
  t.equal((await call(gateway.url, 'removed')).status, 404);
  for (const name of ['changed', 'removed'])
    await t.resolves(
      eventually(async () => !isAlive(pidOf(before, name) as number)),
      `${name}: the old process ended`,
    );

  writeFileSync(file, '{ "mcpServer": {} }');
  process.kill(gateway.pid, 'SIGHUP');
  t.match(JSON.stringify(await gateway.said(({ msg }) => /reload failed/.test(msg))), /did you mean \\*"mcpServers/);
  t.equal((await call(gateway.url, 'kept', '{"duration":0.1,"steps":1}')).status, 200, 'a broken file changes nothing');
});

t.test('what was changed at run time outlives a reload, not its policy', { timeout: 60_000 }, async (t) => {
  const folder = newFolder(t);
  const config: GatewayInput = { mcpServers: { changed: everything, kept: everything }, runtimeChanges: 'until-restart' };
  const gateway = await startGateway(t, config, { folder });
  for (const name of ['changed', 'kept']) {
    const body = JSON.stringify({ enabled: false });
    const headers = { 'content-type': 'application/json' };
    t.equal((await fetch(`${gateway.url}/api/servers/${name}`, { method: 'PATCH', headers, body })).status, 200);
  }
  const states = async () => (await gateway.servers()).map(({ state }) => state);
  const file = join(folder, 'config.json');
  const reloads = () => gateway.log().filter(({ msg }) => msg === 'configuration reloaded').length;
  const reload = async (change: GatewayInput) => {
    const before = reloads();
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
    process.kill(gateway.pid, 'SIGHUP');
    await eventually(async () => reloads() > before);
  };
  await reload({ mcpServers: { changed: { ...everything, concurrency: 2 }, kept: everything } });
  t.same(await states(), ['disabled', 'disabled']);
  await reload({ runtimeChanges: 'deny' });
  await t.resolves(eventually(async () => (await states()).every((state) => state === 'ready')));
});

t.test('the plan of a reload', async (t) => {
  const config = (input: GatewayInput) => parseConfig(configSchema, input, 'test');
  const a = { command: 'a' };
  const before = config({ mcpServers: { a, b: a, c: a } });
  t.same(
    planReload(before, config({ mcpServers: { c: a, b: { command: 'b' }, d: a }, listen: { port: 1 }, groups: { g: ['c'] } })),
    {
      added: ['d'],
      changed: ['b'],
      removed: ['a'],
      unchanged: ['c'],
      needRestart: ['listen'],
    },
  );
  t.same(planReload(before, before), { added: [], changed: [], removed: [], unchanged: ['a', 'b', 'c'], needRestart: [] });
});

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not become true within 10 s');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
