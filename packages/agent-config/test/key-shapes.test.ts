// What counts as a secret value and what does not, and differences as people read them.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { unifiedDiff } from '../src/files/unified-diff.ts';
import { isKeyLike, isSecretName, maskKeys } from '../src/key-shapes.ts';

const random20 = 'aZ3kQ9xW2mN7pL5tR8vB1c';

t.test('values', async (t) => {
  const secret: [value: string, name?: string][] = [
    [`sk-proj-${random20}`],
    [`ghp_${random20}${random20}`],
    [`Bearer ghp_${random20}${random20}`],
    ['AKIAABCDEFGHIJKLMNOP'],
    [`xoxb-1234567890-${random20}`],
    ['hunter2', 'DB_PASSWORD'],
    ['abcdef123', 'api-key'],
    ['Bearer abcdef123', 'Authorization'],
    ['postgres://u:p4ss@h/db', 'DATABASE_URL'],
    ['3f2a9c7e1b5d8f60a4c2e7b9d1f3a5c8'],
    [`pul-${'0a1b2c3d'.repeat(5)}`],
  ];
  for (const [value, name] of secret) t.ok(isKeyLike(value, name), `${name ?? ''} ${value.slice(0, 8)}…`);
  const harmless: [value: string, name?: string][] = [
    ['${env:API_KEY}', 'API_KEY'],
    ['$API_KEY', 'API_KEY'],
    ['Bearer ${{ secrets.X }}', 'Authorization'],
    ['{env:TOKEN}', 'TOKEN'],
    ['/run/secrets/github', 'GITHUB_TOKEN'],
    ['~/.config/token', 'TOKEN'],
    ['GITHUB_TOKEN', 'bearer_token_env_var'],
    ['op://vault/item/field', 'TOKEN'],
    ['<YOUR_TOKEN>', 'TOKEN'],
    ['', 'TOKEN'],
    ['4096', 'MAX_TOKENS'],
    ['info', 'LOG_LEVEL'],
    ['@modelcontextprotocol/server-filesystem'],
    ['/nix/store/0c5b8vw40dy178xlpddw65q9gf1h2186-github-mcp-server-0.13.0/bin/x'],
    ['6c1d3b1e-0000-4000-8000-000000000001', 'ACCOUNT_ID'],
    ['us-east-1-production-cluster-2'],
    ['https://example.org/mcp', 'TOKEN_URL'],
  ];
  for (const [value, name] of harmless) t.notOk(isKeyLike(value, name), `${name ?? ''} ${value}`);
  t.ok(isSecretName('X-API-Key'));
  t.notOk(isSecretName('TOKEN_FILE'));
});

t.test('texts', async (t) => {
  const masked: [string, string][] = [
    [`"apiKey": "${random20}"`, '"apiKey": "•••"'],
    ['"env": {"DB_PASSWORD": "hunter2"}', '"env": {"DB_PASSWORD": "•••"}'],
    [`export OPENAI_API_KEY=sk-${random20}`, 'export OPENAI_API_KEY=•••'],
    ['"Authorization": "Bearer abc123def"', '"Authorization": "Bearer •••"'],
    ['https://u:secret@h/x?api_key=abcdef1&b=2', 'https://u:•••@h/x?api_key=•••&b=2'],
    ['["--api-key", "abcdef1"]', '["--api-key", "•••"]'],
  ];
  for (const [text, wanted] of masked) t.equal(maskKeys(text), wanted);
  const kept = [
    'bearer_token_env_var = "SWITCHYARD_TOKEN"',
    'Authorization: Bearer ${{ secrets.SWITCHYARD_TOKEN }}',
    '"--credential", "GITHUB_TOKEN=/run/secrets/github", "--token-file", "/run/secrets/t", "--token-env", "T_T"',
    '"credentials": {"GITHUB_TOKEN": "${file:/run/secrets/github}"}',
    '"keyboard": "us", "monkey": "business"',
    'sha256 of nothing',
  ];
  for (const text of kept) t.equal(maskKeys(text), text);
});

const hasPatch = spawnSync('patch', ['--version']).status === 0;

t.test('differences are those that patch takes', { skip: hasPatch ? false : '`patch` is not installed' }, async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.comment(`SEED=${seed}`);
  const random = new Random(seed);
  const folder = t.testdir();
  const file = join(folder, 'f');
  const text = () =>
    Array.from({ length: random.below(30) }, () => random.pick(['a', 'b', 'c', ''])).join('\n') + random.pick(['', '\n']);
  for (let round = 0; round < 60; round++) {
    const [before, after] = [`${text()}x`, `${text()}y`];
    writeFileSync(file, before);
    const diff = unifiedDiff('f', before, after);
    const { stdout, status } = spawnSync('patch', ['-o', '-', 'f'], { cwd: folder, input: diff, encoding: 'utf8' });
    if (status !== 0 || !stdout.endsWith(after))
      return t.fail(`round ${round}: ${JSON.stringify({ before, after, diff, stdout })}`);
  }
  t.equal(unifiedDiff('f', 'same', 'same'), '');
  t.match(unifiedDiff('f', undefined, 'new\n'), /^--- \/dev\/null\n\+\+\+ f\n@@ -0,0 \+1,1 @@\n\+new\n$/);
});
