// What is declared of a server and what becomes of it: environment, secrets and their rotation, and changes at run time.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { difficult } from './fixtures/difficult-upstream.ts';
import { newFolder, startGateway } from './fixtures/gateway-process.ts';
import { modern, send } from './fixtures/wire.ts';

const callText = async (url: string, name = 'echo') =>
  (await send(url, modern('tools/call', { name, arguments: {} }))).last.result?.content[0].text;

t.test('a child sees what is declared and a list of harmless variables, nothing else', async (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, 'key'), 'from-file\n');
  const server = difficult('legacy');
  const gateway = await startGateway(
    t,
    {
      mcpServers: {
        up: {
          ...server,
          env: {
            PLAIN: 'x',
            FROM_ENV: '${env:GATEWAY_SECRET}',
            FROM_FILE: `\${file:${folder}/key}`,
            TZ: 'Asia/Tokyo',
            AS_IS: '$${env:X}',
          },
          args: [...server.args, '${GATEWAY_SECRET}', '${UNSET_VARIABLE:-default}', `--key=\${file:${folder}/key}`],
        },
      },
    },
    {
      folder,
      env: {
        GATEWAY_SECRET: 'from-env',
        ANOTHER_SECRET: 'not-yours',
        LANG: 'C.UTF-8',
        PYTHONPATH: '/srv/python',
        BASH_FUNC_x: '() { :; }',
      },
    },
  );
  const { pid } = await gateway.server('up');
  const environment = Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean)
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );
  t.match(environment, {
    PLAIN: 'x',
    FROM_ENV: 'from-env',
    FROM_FILE: 'from-file',
    TZ: 'Asia/Tokyo',
    AS_IS: '${env:X}',
    LANG: 'C.UTF-8',
    PATH: process.env.PATH,
  });
  const declared = ['PLAIN', 'FROM_ENV', 'FROM_FILE', 'TZ', 'AS_IS'];
  const harmless =
    /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|LANG|LANGUAGE|LC_\w+|LOCALE_ARCHIVE|XDG_\w+|(NIX_)?SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|NIX_(PATH|LD|LD_LIBRARY_PATH))$/;
  // The test runner follows every Node process, this child too.
  const runner = /^(_TAPJS_\w+|NODE_OPTIONS)$/;
  t.same(
    Object.keys(environment).filter((name) => !declared.includes(name) && !harmless.test(name) && !runner.test(name)),
    [],
  );
  t.equal(await callText(`${gateway.url}/mcp/up`), JSON.stringify(['from-env', 'default', '--key=from-file']));
  const shown = JSON.stringify([await gateway.server('up'), gateway.log()]);
  t.notMatch(shown, /from-env|from-file/, 'and nobody is told');
});

t.test('a header follows its secret without a restart', async (t) => {
  const folder = newFolder(t);
  const key = join(folder, 'key');
  writeFileSync(key, 'first-key');
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    seen.push(request.headers);
    const { id, method } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const results: Record<string, object> = {
      'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
      'tools/list': { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] },
      'tools/call': { content: [{ type: 'text', text: request.headers.authorization }] },
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...results[method] } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const headers = { Authorization: `Bearer \${file:${key}}`, 'X-Plain': '${UNSET:-plain}' };
  const gateway = await startGateway(t, { mcpServers: { up: { url, headers } } }, { folder });
  t.equal(await callText(`${gateway.url}/mcp/up`), 'Bearer first-key');
  writeFileSync(key, 'second-key\n');
  // The file is looked at ten times a second.
  await sleep(150);
  t.equal(await callText(`${gateway.url}/mcp/up`), 'Bearer second-key');
  t.equal((await gateway.server('up')).restarts, 0);
  t.ok(seen.every((given) => given['x-plain'] === 'plain'));
  const call = modern('tools/call', { name: 'echo', arguments: {} }, { headers: { cookie: 'session=1', 'x-private': '1' } });
  await send(`${gateway.url}/mcp/up`, call);
  t.notOk(
    seen.some((given) => given.cookie !== undefined || given['x-private'] !== undefined),
    'headers of clients stay here',
  );
});

t.test('a change at run time outlives restarts, until what it changed is declared otherwise', async (t) => {
  const folder = newFolder(t);
  const config = (declared: object = {}, settings: object = {}) => ({
    mcpServers: { up: { ...overStdio('dual'), ...declared }, other: overStdio('2026') },
    ...settings,
  });
  const patch = async (url: string, enabled: boolean) =>
    (
      await fetch(`${url}/api/servers/up`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ enabled }),
      })
    ).status;
  const restarted = async (...with_: Parameters<typeof config>) => {
    await gateway.stop();
    gateway = await startGateway(t, config(...with_), { folder });
    return gateway.server('up');
  };
  let gateway = await startGateway(t, config(), { folder });
  const { pid } = await gateway.server('up');
  t.equal(await patch(gateway.url, false), 200);
  t.throws(() => process.kill(pid as number, 0), { code: 'ESRCH' }, 'its process is gone');
  t.match(await restarted(), { state: 'disabled', origin: { enabled: { source: 'runtime', declared: true } } });
  t.match(await restarted({ description: 'x' }), { state: 'disabled' }, 'another field is no matter');
  t.match(await restarted({ disabled: true }), {
    state: 'disabled',
    origin: { enabled: { source: 'declared', declared: false } },
  });
  t.match(
    await restarted(),
    { state: 'ready', origin: { enabled: { source: 'declared' } } },
    'the change has ended with what it changed',
  );

  t.equal(await patch(gateway.url, false), 200);
  t.equal(await patch(gateway.url, true), 200);
  t.match(
    await gateway.server('up'),
    { state: 'ready', origin: { enabled: { source: 'declared' } } },
    'changed back is not changed',
  );

  await restarted({}, { runtimeChanges: 'until-restart' });
  t.equal(await patch(gateway.url, false), 200);
  t.match(await gateway.server('up'), { state: 'disabled', origin: { enabled: { source: 'runtime' } } });
  t.match(await restarted({}, { runtimeChanges: 'deny' }), { state: 'ready' });
  t.equal(await patch(gateway.url, false), 403);
  t.match(await gateway.server('up'), { state: 'ready' });
});
