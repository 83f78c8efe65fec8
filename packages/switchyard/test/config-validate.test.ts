// `switchyard config validate` as CI runs it: table, exit codes, a source that speaks ESC, and real servers that are probed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { sendJson, serveJson } from '../../agent-config/test/fixtures/answering.ts';
import { serveEsc } from '../../agent-config/test/fixtures/esc-server.ts';
import { type Cli, cliFor } from './fixtures/run-cli.ts';

t.setTimeout(600_000);

const main = join(import.meta.dirname, '../src/main.ts');
const stdioServer = join(import.meta.dirname, 'fixtures/changing-server.mjs');
const planted = 'planted-token-value-1';

function declare(cli: Cli, declaration: object): void {
  mkdirSync(join(cli.home, '.config/switchyard'), { recursive: true });
  writeFileSync(join(cli.home, '.config/switchyard/config.json'), JSON.stringify(declaration));
}

/** An address where nobody listens any more. */
async function closedUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/mcp`;
}

t.test('exit codes 0, 1, 69, 78 and 64', { timeout: 300_000 }, async (t) => {
  const esc = await serveEsc(t);
  esc.environments.set('acme/mcp/prod', { environmentVariables: { value: { GITHUB_TOKEN: { value: planted, secret: true } } } });
  const env = { PULUMI_ACCESS_TOKEN: esc.token, PULUMI_BACKEND_URL: esc.url };
  const cli = cliFor(t);
  const github = {
    type: 'http',
    url: 'https://api.githubcopilot.com/mcp/',
    headers: { Authorization: 'Bearer ${env:GITHUB_TOKEN}' },
  };
  declare(cli, {
    mcpServers: { github },
    environments: { staging: { mcpServers: { github: { headers: { Authorization: 'Bearer ${env:NONE}' } } } } },
  });

  const good = await cli.run(['config', 'validate', '--source', 'esc:acme/mcp/prod'], env);
  t.equal(good.status, 0, good.stderr);
  t.match(
    good.stdout,
    /SERVER +VALID +AUTH +ENDPOINT +NOTES\n[─ ]+\ngithub +✓ +bearer +https:\/\/api\.githubcopilot\.com\/mcp\/\n\n1 server, all valid/,
  );
  const staging = await cli.run(['config', 'validate', '--source', 'esc:acme/mcp/prod', '--env', 'staging'], env);
  t.match(staging, { status: 1, stdout: /✗ headers\.Authorization: NONE is not in acme\/mcp\/prod/ });
  const local = await cli.run(['config', 'validate', '--json'], env);
  t.equal(local.status, 1);
  t.match(JSON.parse(local.stdout), [
    { server: 'github', valid: false, notes: [{ level: 'error', text: /GITHUB_TOKEN is not set/ }] },
  ]);
  t.match(await cli.run(['config', 'validate'], { GITHUB_TOKEN: 'x' }), { status: 0 });

  const away = await cli.run(['config', 'validate', '--source', 'esc:acme/mcp/prod'], {
    ...env,
    PULUMI_BACKEND_URL: 'http://127.0.0.1:1',
  });
  t.match(away, { status: 69, stderr: /nothing listens there/ });
  const refused = await cli.run(['config', 'validate', '--source', 'esc:acme/mcp/prod'], {
    ...env,
    PULUMI_ACCESS_TOKEN: 'pul-planted-wrong',
  });
  t.match(refused, { status: 1, stderr: /Unauthorized/ });
  t.match(await cli.run(['config', 'validate', '--source', 'ecs:x'], env), { status: 64, stderr: /did you mean "esc"/ });
  t.match(await cli.run(['config', 'validate', '--env', 'stagin'], env), { status: 78, stderr: /did you mean "staging"/ });
  t.match(await cli.run(['config', 'validate', '--timeout', 'soon'], env), { status: 64, stderr: /--timeout soon/ });
  for (const { stdout, stderr } of [good, staging, local, away, refused])
    t.notMatch(stdout + stderr, /planted/, 'no value is shown');
});

t.test('--probe asks real servers', { timeout: 300_000 }, async (t) => {
  const cli = cliFor(t);
  const description = join(cli.home, 'description');
  const pids = join(cli.home, 'pids');
  writeFileSync(description, 'Says hello.');
  writeFileSync(pids, '');
  const wrapped = join(cli.home, 'noted.mjs');
  writeFileSync(
    wrapped,
    `import { appendFileSync } from 'node:fs';
     if (process.env.A_TOKEN !== '${planted}') { console.error('no token'); process.exit(3); }
     appendFileSync(${JSON.stringify(pids)}, [process.pid, ...Object.keys(process.env), ...process.argv].join() + '\\n');
     process.argv[2] = ${JSON.stringify(description)};
     await import(${JSON.stringify(stdioServer)});`,
  );
  const gatewayConfig = join(cli.home, 'gateway.json');
  writeFileSync(
    gatewayConfig,
    JSON.stringify({
      stateDirectory: join(cli.home, 'state'),
      cacheDirectory: join(cli.home, 'cache'),
      mcpServers: { changing: { command: process.execPath, args: [stdioServer, description] } },
    }),
  );
  const gateway = spawn(process.execPath, [main, 'run', 'mcp-gateway', '--config', gatewayConfig, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(async () => {
    if (gateway.exitCode !== null) return;
    gateway.kill();
    await once(gateway, 'exit');
  });
  let url = '';
  for await (const line of createInterface({ input: gateway.stderr })) {
    const { msg, urls } = JSON.parse(line) as { msg: string; urls?: string[] };
    if (msg !== 'ready') continue;
    url = urls?.[0] ?? '';
    break;
  }
  gateway.stderr.resume();
  const locked = await serveJson(t, (_, response) => sendJson(response, 401, { error: 'no' }));
  const silent = await serveJson(t, () => {});
  const node = (...args: string[]) => ({ command: process.execPath, args });
  declare(cli, {
    mcpServers: {
      gateway: { type: 'http', url: `${url}/mcp` },
      program: { ...node(wrapped), credentials: { A_TOKEN: '${env:A_TOKEN}' } },
      locked: { type: 'http', url: locked.url, headers: { Authorization: 'Bearer ${env:A_TOKEN}' } },
      nobody: { type: 'http', url: await closedUrl() },
      silent: { type: 'http', url: silent.url },
      broken: node('-e', 'console.error("it broke because of planted-token-value-1"); process.exit(4)'),
      missing: { command: 'no-such-program-here' },
      off: { ...node('-e', ''), disabled: true },
      incomplete: { ...node('-e', ''), credentials: { X: '${env:NOT_SET_ANYWHERE}' } },
    },
  });
  const { status, stdout, stderr } = await cli.run(['config', 'validate', '--probe', '--timeout', '10', '--json'], {
    A_TOKEN: planted,
    PULUMI_ACCESS_TOKEN: planted,
  });
  t.equal(status, 1, stderr);
  const rows = Object.fromEntries(
    (JSON.parse(stdout) as { server: string; valid: boolean; notes: { text: string }[] }[]).map(({ server, valid, notes }) => [
      server,
      `${valid}: ${notes.map(({ text }) => text).join('; ')}`,
    ]),
  );
  t.match(rows, {
    gateway: /^true: answers: .* \d+ tools/,
    program: /^true: answers: changing 1\.0\.0, 1 tools/,
    locked: /^false: answered 401: its credential/,
    nobody: /^false: .*nothing listens there/,
    silent: /^false: no answer within 10 s/,
    broken: /^false: .*it broke because of •••/,
    missing: /^false: the program is not on PATH/,
    off: /^true: disabled$/,
    incomplete: /^false: .*NOT_SET_ANYWHERE/,
  });
  t.notMatch(stdout + stderr, /planted/);
  t.match(locked.seen[0]?.headers.authorization, `Bearer ${planted}`, 'the value goes where it belongs');
  for (const line of readFileSync(pids, 'utf8').trim().split('\n')) {
    const [pid, ...names] = line.split(',');
    t.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' }, 'what was started has ended');
    t.notOk(names.includes('PULUMI_ACCESS_TOKEN'), 'and was given nothing it does not need');
    t.notMatch(line, /planted/, 'and no secret among its arguments');
  }
});
