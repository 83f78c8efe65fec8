// `switchyard secrets` and `switchyard catalog` as people use them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { serveEsc } from '../../agent-config/test/fixtures/esc-server.ts';
import { cliFor } from './fixtures/run-cli.ts';

t.setTimeout(600_000);

const planted = 'planted-secret-value-1';

t.test('names, meanings and states, and a declaration from them', { timeout: 300_000 }, async (t) => {
  const esc = await serveEsc(t);
  const secret = (value: string) => ({ value, secret: true });
  const variables: Record<string, object> = {
    GITHUB_TOKEN: secret(planted),
    SLACK_TOKEN: secret(planted),
    QDRANT_ENDPOINT: { value: 'https://q.example.org:6333' },
    LINEAR_API_KEY: { unknown: true, secret: true },
    UNRELATED: { value: 'x' },
  };
  esc.environments.set('acme/mcp/prod', { environmentVariables: { value: variables } });
  const env = { PULUMI_ACCESS_TOKEN: esc.token, PULUMI_BACKEND_URL: esc.url, ESC_ENVIRONMENT: 'acme/mcp/prod' };
  const cli = cliFor(t);
  const file = join(cli.home, '.config/switchyard/config.json');

  const listed = await cli.run(['secrets', 'list', '--source', 'esc'], env);
  t.equal(listed.status, 0, listed.stderr);
  t.match(listed.stdout, /GITHUB_TOKEN +github +GITHUB_PERSONAL_ACCESS_TOKEN +\*_TOKEN/);
  t.match(listed.stdout, /SLACK_TOKEN +ambiguous +slack SLACK_MCP_XOXP_TOKEN or slack SLACK_MCP_XOXB_TOKEN: rename it/);
  t.match(listed.stdout, /UNRELATED +none/);

  const checked = await cli.run(['secrets', 'check', '--source', 'esc', '--json'], env);
  t.equal(checked.status, 1);
  t.match(JSON.parse(checked.stdout), [
    { name: 'GITHUB_TOKEN', state: 'ok', secret: true },
    { name: 'QDRANT_ENDPOINT', state: 'ok', secret: false, notes: 'not a secret' },
    { name: 'LINEAR_API_KEY', state: 'bad', notes: /could not be computed/ },
    { name: 'SLACK_TOKEN', rule: 'ambiguous' },
    { name: 'UNRELATED', rule: 'none' },
  ]);

  const tried = await cli.run(['secrets', 'declare', '--source', 'esc', '--dry-run'], env);
  t.match(tried, {
    status: 0,
    stdout: /github: added\nlinear: added\nqdrant: left out, needs COLLECTION_NAME.*\n.*: would change/,
  });
  t.notOk(existsSync(file));
  t.match(await cli.run(['secrets', 'declare', '--source', 'esc'], env), { status: 0, stdout: /config\.json: changed/ });
  const written = readFileSync(file, 'utf8');
  t.match(JSON.parse(written), {
    mcpServers: {
      github: { url: 'https://api.githubcopilot.com/mcp/', headers: { Authorization: 'Bearer ${env:GITHUB_TOKEN}' } },
      linear: { headers: { Authorization: 'Bearer ${env:LINEAR_API_KEY}' } },
    },
  });
  t.match(await cli.run(['secrets', 'declare', '--source', 'esc'], env), { status: 0, stdout: /github: kept[\s\S]*unchanged/ });
  t.match(await cli.run(['secrets', 'declare', '--source', 'esc', '--replace'], env), {
    status: 0,
    stdout: /github: same[\s\S]*unchanged/,
  });
  t.equal(readFileSync(file, 'utf8'), written, 'the same secrets make the same file');

  variables.COLLECTION_NAME = { value: 'notes' };
  const more = await cli.run(['secrets', 'declare', '--source', 'esc', '--json'], env);
  t.match(JSON.parse(more.stdout), {
    changed: true,
    written: true,
    servers: [{ outcome: 'kept' }, { outcome: 'kept' }, { name: 'qdrant', outcome: 'added' }],
  });
  for (const { stdout, stderr } of [listed, checked, tried, more]) t.notMatch(stdout + stderr, /planted/);
  t.notMatch(readFileSync(file, 'utf8'), /planted/);

  t.match(await cli.run(['secrets', 'list', '--source', 'env'], { ...env, GH_TOKEN: planted }), {
    stdout: /GH_TOKEN +github.*\n[\s\S]*\d+ more +none +mean nothing here/,
  });
  t.match(await cli.run(['secrets', 'list'], env), { status: 64, stderr: /which source/ });
  t.match(await cli.run(['secrets', 'show', '--source', 'esc'], env), { status: 64 });
  t.match(await cli.run(['secrets', 'list', '--source', 'files:/none'], env), { status: 69, stderr: /does not exist/ });
});

t.test('the catalog', { timeout: 300_000 }, async (t) => {
  const cli = cliFor(t);
  const file = join(cli.home, '.config/switchyard/config.json');
  t.match(await cli.run(['catalog']), { status: 0, stdout: /github +remote \(vendor\), local \(vendor\)/ });
  t.match(await cli.run(['catalog', 'show', 'lambda-labs']), {
    status: 0,
    stdout: /no MCP server[\s\S]*LAMBDA_API_KEY {2}needed, secret/,
  });
  t.match(await cli.run(['catalog', 'show', 'gihub']), { status: 64, stderr: /did you mean "github"/ });

  mkdirSync(join(cli.home, '.config/switchyard'), { recursive: true });
  writeFileSync(file, '{\n    "gateway": {"url": "http://127.0.0.1:1"},\n    "mcpServers": {"own": {"command": "x"}}\n}\n');
  const added = await cli.run([
    'catalog',
    'add',
    'qdrant',
    '--set',
    'QDRANT_URL=https://q.example.org:6333',
    '--set',
    'COLLECTION_NAME=notes',
  ]);
  t.match(added, { status: 0, stdout: /"qdrant" added/ });
  t.match(
    readFileSync(file, 'utf8'),
    /^\{\n {4}"gateway": \{"url": "http:\/\/127\.0\.0\.1:1"\},\n {4}"mcpServers": \{"own": \{"command": "x"\}/,
    'the rest stays as it was',
  );
  t.match(JSON.parse(readFileSync(file, 'utf8')), { mcpServers: { qdrant: { env: { COLLECTION_NAME: 'notes' } } } });
  t.match(await cli.run(['catalog', 'add', 'qdrant']), { status: 1, stderr: /already; --replace/ });
  t.match(
    await cli.run([
      'catalog',
      'add',
      'github',
      '--offer',
      'local',
      '--as',
      'gh',
      '--set',
      'GITHUB_PERSONAL_ACCESS_TOKEN=${file:/run/secrets/gh}',
    ]),
    {
      status: 0,
      stderr: /deprecated/,
    },
  );
  t.match(JSON.parse(readFileSync(file, 'utf8')).mcpServers.gh, {
    command: 'docker',
    credentials: { GITHUB_PERSONAL_ACCESS_TOKEN: '${file:/run/secrets/gh}' },
  });
  const plain = await cli.run(['catalog', 'add', 'linear', '--set', `LINEAR_API_KEY=${planted}`]);
  t.match(plain, { status: 64, stderr: /is a secret; give a reference/ });
  t.notMatch(plain.stderr, /planted/);
  t.match(await cli.run(['catalog', 'add', 'linear', '--set', 'LINEAR=1']), {
    status: 64,
    stderr: /did you mean "LINEAR_API_KEY"|it has LINEAR_API_KEY/,
  });
  t.match(await cli.run(['catalog', 'add', 'linear', '--offer', 'local']), { status: 64, stderr: /it has remote/ });
  const printed = await cli.run(['catalog', 'add', 'linear', '--print', '--source', 'env'], { LINEAR_TOKEN: planted });
  t.match(printed, { status: 0, stdout: /Bearer \$\{env:LINEAR_TOKEN\}/ });
  t.match((await cli.run(['catalog', 'add', 'mem0', '--print'])).stderr, /set MEM0_API_KEY in the environment of the gateway/);

  writeFileSync(
    join(cli.home, 'server.json'),
    JSON.stringify({ name: 'io.github.acme/x', packages: [{ registryType: 'npm', identifier: '@acme/x', version: '2.0.0' }] }),
  );
  t.match(await cli.run(['catalog', 'import', 'server.json']), { status: 0, stdout: /"x" added/ });
  t.match(JSON.parse(readFileSync(file, 'utf8')).mcpServers.x, { command: 'npx', args: ['-y', '@acme/x@2.0.0'] });
  t.match(await cli.run(['catalog', 'discover', '.']), { status: 0, stdout: /npx -y @acme\/x@2\.0\.0/ });
  t.match(await cli.run(['catalog', 'import', 'none.json']), { status: 66 });
  writeFileSync(file, '{ broken');
  t.match(await cli.run(['catalog', 'add', 'github']), { status: 78, stderr: /config\.json:1:\d+/ });
  t.equal(readFileSync(file, 'utf8'), '{ broken', 'a broken file is left alone');
  t.match(await cli.run(['catalog', 'remove', 'x']), { status: 64 });
});
