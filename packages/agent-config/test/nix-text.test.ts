// Values as Nix: strings of every kind come back from a reader of Nix's own rules, and from Nix itself where it is installed.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { nixServers } from '../src/nix/nix-servers.ts';
import { nixString, nixText } from '../src/nix/nix-text.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const pieces = [
  "''",
  '${',
  '$${',
  '$',
  '{',
  '}',
  '"',
  '\\',
  '\n',
  '\r',
  '\t',
  "'",
  'ü',
  '日',
  ' ',
  'a',
  '\\n',
  '${a}',
  "''${",
  '/*',
  '#',
];
const hasNix = spawnSync('nix-instantiate', ['--version']).status === 0;

/** A string of Nix as Nix reads it (Nix manual, "String literal"); throws where it would be evaluated or ends too soon. */
function readNixString(source: string): string {
  let text = '';
  let at = 1;
  for (; at < source.length - 1; at++) {
    const letter = source[at] as string;
    if (letter === '"') throw new Error('it ends too soon');
    if (letter === '$' && source[at + 1] === '{') throw new Error('it would be evaluated');
    // `$$` is two signs, and what follows them begins nothing.
    if (letter === '$' && source[at + 1] === '$') {
      text += '$$';
      at++;
    } else if (letter !== '\\') text += letter;
    else {
      at++;
      const escaped = source[at] as string;
      text += { n: '\n', r: '\r', t: '\t' }[escaped] ?? escaped;
    }
  }
  if (at !== source.length - 1 || source[at] !== '"') throw new Error('it does not end');
  return text;
}

t.test(`strings (SEED=${seed})`, async (t) => {
  const random = new Random(seed);
  const texts = Array.from({ length: 2000 }, () => Array.from({ length: random.below(8) }, () => random.pick(pieces)).join(''));
  const wrong = texts.filter((text) => readNixString(nixString(text)) !== text);
  t.same(wrong, []);
  if (!hasNix) return t.comment('nix-instantiate is not installed: read by our own reader only');
  const { stdout } = spawnSync('nix-instantiate', ['--eval', '--strict', '--json', '-E', nixText(texts.slice(0, 200))], {
    encoding: 'utf8',
  });
  t.same(JSON.parse(stdout), texts.slice(0, 200));
});

t.test('values and keys', async (t) => {
  t.equal(
    nixText({ a: [], b: {}, c: [-1, 1.5, 1e21], 'd e': null, if: true, "it's": 1, "x'": 2 }),
    [
      '{',
      '  a = [ ];',
      '  b = { };',
      '  c = [',
      '    (-1)',
      '    1.5',
      '    1.0e+21',
      '  ];',
      '  "d e" = null;',
      '  "if" = true;',
      "  it's = 1;",
      "  x' = 2;",
      '}',
    ].join('\n'),
  );
});

t.test('servers as a module', async (t) => {
  const { text, notes } = nixServers({
    github: {
      command: '/run/current-system/sw/bin/github-mcp',
      args: ['stdio'],
      env: { LEVEL: '${x}' },
      credentials: { GITHUB_TOKEN: '${file:/run/secrets/github}' },
    },
    docs: { url: 'https://docs.example.org/mcp', headers: { Authorization: 'Bearer ${file:/run/secrets/docs}' }, disabled: true },
    npx: { command: 'npx', args: ['-y', 'x'], credentials: { K: '${credential:k}', E: '${env:E}' } },
  });
  t.equal(
    text,
    `{
  services.mcp-credentials = {
    github-github-token = {
      path = "/run/secrets/github";
    };
    docs-authorization = {
      path = "/run/secrets/docs";
    };
  };
  services.ai.mcpGateway.servers = {
    github = {
      command = "/run/current-system/sw/bin/github-mcp";
      args = [
        "stdio"
      ];
      env = {
        LEVEL = "\\\${x}";
      };
      credentials = {
        GITHUB_TOKEN = "github-github-token";
      };
    };
    docs = {
      url = "https://docs.example.org/mcp";
      headers = {
        Authorization = "Bearer \\\${credential:docs-authorization}";
      };
      enable = false;
    };
    npx = {
      command = "npx";
      args = [
        "-y"
        "x"
      ];
      credentials = {
        K = "k";
      };
    };
  };
}
`,
  );
  t.match(notes.join('\n'), /npx: command "npx" must be an absolute path/);
  t.match(notes.join('\n'), /npx: E is env:E, which a service does not have/);
});
