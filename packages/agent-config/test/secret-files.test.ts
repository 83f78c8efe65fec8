// Sources that are on this machine: folders as sops-nix and Kubernetes lay them out, systemd's credentials, variables, age, and the programs op and sops.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openSource, SourceError, sourceKinds } from '../src/secrets.ts';
import { contextFor } from './fixtures/answering.ts';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'secrets-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A program that prints its arguments and the names of its variables, or what the test planned. */
function program(t: Test, name: string, script: string): string {
  const bin = folder(t);
  writeFileSync(join(bin, name), `#!${process.execPath}\n${script}`, { mode: 0o755 });
  return bin;
}

t.test('a folder that sops-nix wrote', async (t) => {
  const root = folder(t);
  mkdirSync(join(root, 'secrets.d', '1', 'mcp'), { recursive: true });
  symlinkSync(join(root, 'secrets.d', '1'), join(root, 'secrets'));
  const write = (name: string, text: string, mode = 0o400) => writeFileSync(join(root, 'secrets', name), text, { mode });
  write('github', 'ghp_planted_1\n');
  write('mcp/linear', 'lin_planted_2\n\n');
  write('open', 'everybody', 0o444);
  write('empty', '\n');
  write('binary', 'a\0b');
  const context = contextFor(t, {});
  const source = openSource(`files:${join(root, 'secrets')}`, context);
  t.same(await source.list(), ['binary', 'empty', 'github', 'mcp/linear', 'open']);
  const origin = join(root, 'secrets', 'github');
  t.strictSame(await source.read('github'), { value: 'ghp_planted_1', secret: true, origin });
  t.match(await source.read('mcp/linear'), { value: 'lin_planted_2\n' }, 'exactly one newline goes');
  t.match(await source.read('open'), { warning: /every user.*chmod o=/ });
  t.equal(source.referenceTo('github'), `\${file:${origin}}`);
  t.equal(context.secrets.mask('ghp_planted_1'), '•••');
  await t.rejects(source.read('empty'), { name: 'SecretUnusableError', message: /is empty/ });
  await t.rejects(source.read('binary'), { name: 'SecretUnusableError', message: /binary/ });
  await t.rejects(source.read('missing'), { name: 'SecretMissingError', origin: join(root, 'secrets', 'missing') });
  for (const outside of ['../secrets.d/1/github', '/etc/passwd', '', 'a//b', './github', 'x}y']) {
    await t.rejects(source.read(outside), { name: 'SourceInputError' }, JSON.stringify(outside));
  }
  await t.rejects(openSource(`files:${root}/none`, context).list(), {
    name: 'SourceUnreachableError',
    message: /does not exist/,
  });
});

t.test('a mounted Kubernetes secret', async (t) => {
  const root = folder(t);
  mkdirSync(join(root, '..2026'));
  writeFileSync(join(root, '..2026', 'token'), 'first-value');
  symlinkSync('..2026', join(root, '..data'));
  symlinkSync('..data/token', join(root, 'token'));
  const source = openSource(`files:${root}`, contextFor(t, {}));
  t.same(await source.list(), ['token']);
  t.match(await source.read('token'), { value: 'first-value' });
});

t.test("systemd's credentials", async (t) => {
  const root = folder(t);
  writeFileSync(join(root, 'github'), 'ghp_planted_3\n', { mode: 0o400 });
  chmodSync(root, 0o500);
  const source = openSource('credentials', contextFor(t, { CREDENTIALS_DIRECTORY: root }));
  t.same(await source.list(), ['github']);
  t.strictSame(await source.read('github'), { value: 'ghp_planted_3', secret: true, origin: 'credential github' });
  t.equal(source.referenceTo('github'), '${credential:github}');
  await t.rejects(source.read('gitlab'), { name: 'SecretMissingError', remedy: /LoadCredential=gitlab/ });
  await t.rejects(source.read('../x'), { name: 'SecretMissingError' });
  await t.rejects(openSource('credentials', contextFor(t, {})).list(), {
    name: 'SourceUnreachableError',
    remedy: /LoadCredential/,
  });
});

t.test('variables', async (t) => {
  const context = contextFor(t, { MCP_GITHUB_TOKEN: 'ghp_planted_4', MCP_EMPTY: '', OTHER: 'x', 'BASH_FUNC_x%%': '()' });
  t.same(await openSource('env:MCP_', context).list(), ['MCP_EMPTY', 'MCP_GITHUB_TOKEN']);
  t.same(await openSource('env', context).list(), ['MCP_EMPTY', 'MCP_GITHUB_TOKEN', 'OTHER']);
  t.match(await openSource('env', context).read('MCP_GITHUB_TOKEN'), { value: 'ghp_planted_4', secret: true });
  await t.rejects(openSource('env', context).read('MCP_EMPTY'), { name: 'SecretUnusableError' });
  await t.rejects(openSource('env', context).read('NONE'), { name: 'SecretMissingError' });
  await t.rejects(openSource('env', context).read('__proto__'), { name: 'SecretMissingError' });
});

t.test(
  'age, the real one',
  { skip: spawnSync('age', ['--version']).error ? 'the program "age" is not installed' : false },
  async (t) => {
    const root = folder(t);
    const identity = join(root, 'identity');
    execFileSync('age-keygen', ['--output', identity], { stdio: 'pipe' });
    const recipient = /public key: (age1\w+)/.exec(readFileSync(identity, 'utf8'))?.[1] ?? '';
    execFileSync('age', ['--recipient', recipient, '--output', join(root, 'github.age')], { input: 'ghp_planted_5\n' });
    const context = contextFor(t, { ...process.env, AGE_IDENTITY: identity });
    const source = openSource(`age:${root}`, context);
    t.same(await source.list(), ['github']);
    t.strictSame(await source.read('github'), { value: 'ghp_planted_5', secret: true, origin: join(root, 'github.age') });
    t.equal(context.secrets.mask('ghp_planted_5'), '•••');
    await t.rejects(source.read('gitlab'), { name: 'SecretMissingError' });
    await t.rejects(source.read('../github'), { name: 'SourceInputError' });

    const other = join(root, 'other');
    execFileSync('age-keygen', ['--output', other], { stdio: 'pipe' });
    const stranger = openSource(`age:${root}`, contextFor(t, { ...process.env, AGE_IDENTITY: other }));
    await t.rejects(stranger.read('github'), { name: 'SourceAnswerError', message: /no identity matched/, remedy: /recipients/ });
  },
);

t.test('sops: names from the file, values from the program (a stand-in: Debian has no sops)', async (t) => {
  const root = folder(t);
  const file = join(root, 'mcp.yaml');
  writeFileSync(
    file,
    [
      'mcp:',
      '  github.token: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]',
      '  hosts: [ENC[AES256_GCM], plain]'.replace('ENC[AES256_GCM]', '"ENC[AES256_GCM,data:x]"'),
      'url_unencrypted: https://q.example.org',
      'sops:',
      '  mac: ENC[x]',
    ].join('\n'),
  );
  const bin = program(
    t,
    'sops',
    'process.stdout.write(JSON.stringify(process.argv.slice(2)) + Object.keys(process.env).sort().join())',
  );
  const context = contextFor(t, { PATH: bin, SOPS_AGE_KEY_FILE: '/keys', GITHUB_TOKEN: 'not for the child' });
  const source = openSource(`sops:${file}`, context);
  t.same(await source.list(), ['mcp.github.token', 'mcp.hosts.0', 'mcp.hosts.1', 'url_unencrypted']);
  const reading = await source.read('mcp.github.token');
  t.match(reading.value, `["--decrypt","--extract","[\\"mcp\\"][\\"github.token\\"]","${file}"]`);
  t.match(reading.value, 'SOPS_AGE_KEY_FILE');
  t.notMatch(reading.value, 'GITHUB_TOKEN');
  t.match(reading, { secret: true, origin: `${file}#mcp.github.token` });
  t.match((await source.read('mcp.hosts.0')).value, '["--decrypt","--extract","[\\"mcp\\"][\\"hosts\\"][0]"');
  t.match(await source.read('mcp.hosts.1'), { secret: false });
  t.match(await source.read('url_unencrypted'), { secret: false });
  t.equal(source.referenceTo('url_unencrypted'), '${env:url_unencrypted}');
  t.equal(source.referenceTo('mcp.github.token'), undefined, 'no variable can be called so');
  await t.rejects(source.read('sops.mac'), { name: 'SecretMissingError' });

  const dotenv = join(root, 'mcp.env');
  writeFileSync(dotenv, 'GITHUB_TOKEN=ENC[AES256_GCM,data:x]\n# comment\nsops_version=3.9.0\n');
  t.same(await openSource(`sops:${dotenv}`, context).list(), ['GITHUB_TOKEN']);
  await t.rejects(openSource(`sops:${root}/none.yaml`, context).list(), { name: 'SourceUnreachableError', message: /ENOENT/ });
  writeFileSync(file, 'a: [');
  await t.rejects(source.list(), { name: 'SourceInputError', message: /neither YAML nor JSON/ });
});

t.test('op: references are arguments, values are not (a stand-in: the real one is not free)', async (t) => {
  const bin = program(
    t,
    'op',
    `const args = process.argv.slice(2).join(' ');
     const answers = {
       'item list --vault MCP --format json': JSON.stringify([{ id: 'i1', title: 'github' }]),
       'item get i1 --vault MCP --format json': JSON.stringify({ fields: [
         { id: 'credential', label: 'token', type: 'CONCEALED', value: 'ghp_planted_6' }, { id: 'notesPlain', purpose: 'NOTES' }] }),
       'read --no-newline op://MCP/github/token': 'ghp_planted_6',
     };
     if (process.env.OP_SERVICE_ACCOUNT_TOKEN !== 'ops_planted') { console.error('[ERROR] not signed in: ' + process.env.OP_SERVICE_ACCOUNT_TOKEN); process.exit(6); }
     if (!(args in answers)) { console.error('[ERROR] "op://MCP" isn\\'t an item: ' + args); process.exit(1); }
     process.stdout.write(answers[args]);`,
  );
  const context = contextFor(t, { PATH: bin, OP_SERVICE_ACCOUNT_TOKEN: 'ops_planted' });
  const source = openSource('op:MCP', context);
  t.same(await source.list(), ['github/token']);
  const reading = { value: 'ghp_planted_6', secret: true, origin: 'op://MCP/github/token' };
  t.strictSame(await source.read('github/token'), reading);
  t.strictSame(await source.read('op://MCP/github/token'), reading);
  t.equal(context.secrets.mask('ghp_planted_6'), '•••');
  await t.rejects(source.read('github/none'), { name: 'SourceAnswerError', message: /isn't an item/ });
  await t.rejects(source.read('github'), { name: 'SourceInputError', remedy: /op:\/\/Vault\/Item\/field/ });

  const anonymous = contextFor(t, { PATH: bin, OP_SERVICE_ACCOUNT_TOKEN: 'ops_planted_wrong' });
  anonymous.secrets.remember('ops_planted_wrong');
  const refused = await openSource('op:MCP', anonymous)
    .list()
    .catch((error: unknown) => error);
  t.type(refused, SourceError);
  t.match(refused, { message: /not signed in: •••/, remedy: /OP_SERVICE_ACCOUNT_TOKEN/ });
});

t.test('a program that is missing, may not run, or does not end', async (t) => {
  const source = (env: NodeJS.ProcessEnv, timeoutMs = 20_000) => openSource('op:MCP', contextFor(t, env, timeoutMs));
  const bin = program(t, 'op', 'setInterval(() => {}, 1000)');
  await t.rejects(source({ PATH: folder(t) }).list(), {
    name: 'SourceUnreachableError',
    message: /not on PATH/,
    remedy: /install/,
  });
  await t.rejects(source({ PATH: bin }, 300).list(), { name: 'SourceUnreachableError', message: /did not end within 0\.3 s/ });
});

t.test('sources by name', async (t) => {
  const context = contextFor(t, {});
  t.throws(() => openSource('fils:/x', context), { name: 'SourceInputError', message: /did you mean "files"/ });
  t.throws(() => openSource('sops', context), { message: /write sops:FILE/ });
  t.throws(() => openSource('esc', context), { message: /write esc:ORG/ });
  t.match(openSource('esc', contextFor(t, { ESC_ENVIRONMENT: 'acme/mcp/prod' })), { kind: 'esc', where: 'acme/mcp/prod' });
  t.match(openSource('files', context), { where: '/run/secrets' });
  t.match(openSource('agenix', context), { where: '/run/agenix' });
  for (const [kind, { where }] of Object.entries(sourceKinds)) {
    t.equal(openSource(`${kind}:${where === '' ? '' : 'a/b/c'}`, context).kind, kind);
  }
});
