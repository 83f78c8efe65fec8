// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like that.
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SecretError, Secrets } from '../src/secrets.ts';
import { Random } from './fixtures/random.ts';

const FIELD = 'servers.github.headers.Authorization';

t.test('the three sources, alone and inside a text', async (t) => {
  const folder = t.testdir({ github: 'ghp_secret1\n', crlf: 'secret2\r\n', blank: 'secret3\n\n', inner: ' two words ' });
  const secrets = new Secrets({ credentialsDirectory: folder, env: { TOKEN: 'secret4' } });
  const cases: [text: string, value: string][] = [
    ['${credential:github}', 'ghp_secret1'],
    [`\${file:${folder}/github}`, 'ghp_secret1'],
    ['${env:TOKEN}', 'secret4'],
    ['Bearer ${credential:github}', 'Bearer ghp_secret1'],
    ['${env:TOKEN}:${credential:github}', 'secret4:ghp_secret1'],
    ['${credential:crlf}', 'secret2'],
    ['${credential:blank}', 'secret3\n'],
    ['${credential:inner}', ' two words '],
    ['$${env:TOKEN}', '${env:TOKEN}'],
    ['$${x}-${env:TOKEN}', '${x}-secret4'],
    ['plain $ { text }', 'plain $ { text }'],
    ['${HOME}/${input:x}/${workspaceFolder}', '${HOME}/${input:x}/${workspaceFolder}'],
    ['', ''],
  ];
  for (const [text, value] of cases) t.equal(secrets.resolve(text, FIELD), value, text);
});

t.test('a value is never read as a reference again, nor as a replacement pattern', async (t) => {
  const secrets = new Secrets({ env: { A: '${env:B}', B: 'no', C: "$& $1 $' $$" } });
  t.equal(secrets.resolve('${env:A}', FIELD), '${env:B}');
  t.equal(secrets.resolve('[${env:C}]', FIELD), "[$& $1 $' $$]");
});

t.test('hasReferences', async (t) => {
  const secrets = new Secrets({ env: {} });
  for (const text of ['${env:A}', 'x ${file:/a} y', '$${a} ${credential:b}']) t.ok(secrets.hasReferences(text), text);
  for (const text of ['', 'plain', '$${env:A}', '${HOME}', '${input:a}']) t.notOk(secrets.hasReferences(text), text);
});

t.test('what can not be followed says why and what to do', async (t) => {
  const folder = t.testdir({ empty: '', newline: '\n', binary: 'a\0b', github: 'x', large: 'x'.repeat(65 * 1024), folder: {} });
  const secrets = new Secrets({ credentialsDirectory: folder, env: { GITHUB_TOKEN: 'x', EMPTY: '' } });
  const cases: [text: string, message: string | RegExp][] = [
    [
      '${file:/run/secrets/none}',
      `${FIELD}: file /run/secrets/none does not exist (is the secret declared and readable by this user?)`,
    ],
    [`\${file:${folder}/empty}`, `${FIELD}: file ${folder}/empty is empty (has the secret been written yet?)`],
    [`\${file:${folder}/newline}`, /is empty/],
    [`\${file:${folder}/binary}`, /is binary \(is it still encrypted\?\)/],
    [`\${file:${folder}/large}`, /too large for a secret \(66560 bytes, at most 65536\)/],
    [`\${file:${folder}/folder}`, /is a folder/],
    [`\${file:${folder}/github/x}`, /does not exist/],
    ['${file:relative}', /needs an absolute path/],
    ['${credential:gihub}', /credential gihub does not exist in .* \(did you mean "github"\?\)/],
    ['${credential:zebra}', /is there a LoadCredential=zebra:/],
    ['${credential:../x}', /not a credential's name/],
    ['${credential:..}', /not a credential's name/],
    ['${env:GITHUB_TOKN}', /environment variable GITHUB_TOKN is not set \(did you mean "GITHUB_TOKEN"\?\)/],
    ['${env:EMPTY}', /environment variable EMPTY is empty/],
    ['${credentail:x}', /did you mean "\$\{credential:x\}"\?/],
  ];
  for (const [text, message] of cases) {
    t.throws(() => secrets.resolve(text, FIELD), { name: 'SecretError', field: FIELD, message }, text);
  }
  t.throws(() => new Secrets({ env: {} }).resolve('${credential:x}', FIELD), {
    message: /CREDENTIALS_DIRECTORY is not set \(run under systemd with LoadCredential=x:/,
  });
  t.ok(new SecretError('a', 'b') instanceof Error);
});

t.test('a changed file is read again, however it changed', async (t) => {
  const folder = t.testdir({ key: 'first-value', other: 'fourth-value' });
  const file = join(folder, 'key');
  const secrets = new Secrets({ env: {} });
  const read = (): string => secrets.resolve(`\${file:${file}}`, FIELD);
  t.equal(read(), 'first-value');
  writeFileSync(file, 'second-value!');
  t.equal(read(), 'second-value!', 'written in place');
  writeFileSync(file, '');
  t.equal(read(), 'second-value!', 'emptied, as happens before it is written in place');
  writeFileSync(`${file}.new`, 'third-value!!');
  renameSync(`${file}.new`, file);
  t.equal(read(), 'third-value!!', 'replaced by rename, same size');
  rmSync(file);
  symlinkSync(join(folder, 'other'), file);
  t.equal(read(), 'fourth-value', 'a symlink now, as with sops-nix');
  utimesSync(join(folder, 'other'), 1, 1);
  t.equal(read(), 'fourth-value');
  rmSync(file);
  t.throws(read, SecretError, 'gone');
  for (const value of ['first-value', 'second-value!', 'third-value!!', 'fourth-value'])
    t.equal(secrets.mask(`<${value}>`), '<•••>');
});

t.test('Kubernetes swaps a folder', async (t) => {
  const folder = t.testdir({ v1: { key: 'value-one' }, v2: { key: 'value-two' } });
  symlinkSync('v1', join(folder, '..data'));
  const secrets = new Secrets({ env: {} });
  const read = (): string => secrets.resolve(`\${file:${folder}/..data/key}`, FIELD);
  t.equal(read(), 'value-one');
  symlinkSync('v2', join(folder, '..tmp'));
  renameSync(join(folder, '..tmp'), join(folder, '..data'));
  t.equal(read(), 'value-two');
});

t.test('masking knows the forms a value takes', async (t) => {
  const value = 'p@ss"w\\ord/+ü\n2nd line of the secret';
  const secrets = new Secrets({ env: { KEY: value } });
  secrets.resolve('${env:KEY}', FIELD);
  const forms = {
    plain: value,
    json: JSON.stringify({ a: value }),
    url: `https://x/?key=${encodeURIComponent(value)}`,
    base64: Buffer.from(value).toString('base64'),
    base64url: Buffer.from(value).toString('base64url'),
    'one line': '2nd line of the secret',
  };
  for (const [form, text] of Object.entries(forms)) {
    const masked = secrets.mask(`before ${text} after`);
    t.match(masked, /^before .*•••.* after$/, form);
    t.notMatch(masked, /ord|2nd|MmQ/, form);
  }
});

t.test('a value inside basic authentication is masked at every alignment', async (t) => {
  const secrets = new Secrets({ env: { KEY: 'correct-horse-battery' } });
  secrets.resolve('${env:KEY}', FIELD);
  for (const user of ['', 'a', 'ab', 'abc', 'abcd']) {
    const header = Buffer.from(`${user}:correct-horse-battery`).toString('base64');
    const masked = secrets.mask(`Basic ${header}`);
    t.match(masked, '•••');
    t.notMatch(Buffer.from(masked.replace(/^Basic |•••.*$/g, ''), 'base64').toString(), /cor/);
  }
});

t.test('short values are left alone, and unknown text comes back as the same string', async (t) => {
  const secrets = new Secrets({ env: { PIN: '12345' } });
  t.equal(secrets.mask('anything'), 'anything');
  secrets.resolve('${env:PIN}', FIELD);
  t.equal(secrets.mask('12345 12345'), '12345 12345');
  secrets.remember('issued-token');
  t.equal(secrets.mask('an issued-token'), 'an •••');
  t.equal(secrets.mask('issue'), 'issue');
});

t.test('no known value survives, and nothing else is lost', async (t) => {
  const random = new Random(7);
  for (let round = 0; round < 400; round++) {
    // Few letters, so that values overlap, repeat and begin one another.
    const values = Array.from({ length: 1 + random.below(6) }, () => random.text(6 + random.below(6), 'aab'));
    const secrets = new Secrets({ env: {} });
    for (const value of values) secrets.remember(value);
    const text = Array.from({ length: 12 }, () =>
      random.pick([random.pick(values), random.text(random.below(8), 'abc'), '.']),
    ).join('');
    const covered = new Array<boolean>(text.length).fill(false);
    for (const value of values) {
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) covered.fill(true, at, at + value.length);
    }
    const expected = [...text]
      .map((letter, at) => (covered[at] ? '\0' : letter))
      .join('')
      .replace(/\0+/g, '•••');
    if (secrets.mask(text) !== expected) t.equal(secrets.mask(text), expected, JSON.stringify({ values, text }));
  }
});

t.test('masking a megabyte against a hundred secrets takes milliseconds', async (t) => {
  const random = new Random(3);
  const secrets = new Secrets({ env: {} });
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
  for (let count = 0; count < 100; count++) secrets.remember(`ghp_${random.text(36, letters)}`);
  const text = JSON.stringify({ text: random.text(1_000_000, `${letters}      `) });
  secrets.mask(text);
  const before = performance.now();
  t.equal(secrets.mask(text), text);
  const took = performance.now() - before;
  t.comment(`${took.toFixed(1)} ms`);
  t.ok(took < 150, `${took.toFixed(1)} ms`);
});

t.test('the credentials folder is the one systemd names', async (t) => {
  const folder = join(t.testdir(), 'credentials');
  mkdirSync(folder);
  writeFileSync(join(folder, 'key'), 'from-systemd');
  t.equal(new Secrets({ env: { CREDENTIALS_DIRECTORY: folder } }).resolve('${credential:key}', FIELD), 'from-systemd');
});
