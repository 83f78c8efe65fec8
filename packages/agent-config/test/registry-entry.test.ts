// server.json of the MCP registry, and servers found in a folder of sources.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { declareOffer, discoverServers, fromServerJson } from '../src/catalog.ts';
import { parseDeclaration } from '../src/declaration.ts';

const weather = {
  $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
  name: 'io.github.acme/weather_server',
  title: 'Weather',
  description: 'Tells the weather.',
  version: '1.2.3',
  repository: { url: 'https://github.com/acme/weather', source: 'github' },
  packages: [
    {
      registryType: 'npm',
      identifier: '@acme/weather-mcp',
      version: '1.2.3',
      transport: { type: 'stdio' },
      runtimeArguments: [{ type: 'named', name: '--prefer-offline' }],
      packageArguments: [
        { type: 'positional', valueHint: 'folder' },
        { type: 'named', name: '--units', value: 'metric' },
      ],
      environmentVariables: [
        { name: 'WEATHER_KEY', description: 'key', isRequired: true, isSecret: true },
        { name: 'WEATHER_URL', default: 'https://w.example.org' },
        { name: 'auth_header', value: 'Bearer {token}', variables: { token: { isSecret: true, isRequired: true } } },
      ],
    },
    { registryType: 'pypi', identifier: 'weather-mcp', version: '0.9.0', transport: { type: 'stdio' } },
    {
      registryType: 'oci',
      identifier: 'ghcr.io/acme/weather:1.2.3',
      transport: { type: 'stdio' },
      environmentVariables: [{ name: 'WEATHER_KEY', isRequired: true, isSecret: true }],
    },
    { registryType: 'mcpb', identifier: 'https://example.org/w.mcpb', transport: { type: 'stdio' } },
    { registryType: 'npm', identifier: 'no-version', transport: { type: 'stdio' } },
    { registryType: 'npm', identifier: 'ranged', version: '^1.0.0', transport: { type: 'stdio' } },
    { registryType: 'npm', identifier: 'http-only', version: '1.0.0', transport: { type: 'streamable-http', url: 'http://x' } },
  ],
  remotes: [
    {
      type: 'streamable-http',
      url: 'https://{tenant}.example.org/mcp',
      variables: { tenant: { isRequired: true, description: 'your tenant' } },
      headers: [{ name: 'X-Key', value: 'Bearer {key}', variables: { key: { isSecret: true, isRequired: true } } }],
    },
    { type: 'sse', url: 'https://old.example.org/sse' },
  ],
};

t.test('every kind of package and remote', async (t) => {
  const { name, entry } = fromServerJson(weather, '2026-11-20');
  t.equal(name, 'weather-server');
  t.match(entry, { title: 'Weather', docs: 'https://github.com/acme/weather', verified: '2026-11-20' });
  t.match(
    entry.notes,
    /mcpb.*no-version names no exact version.*ranged names no.*http-only speaks streamable-http/s,
    'what is left out is told',
  );
  const declared = Object.fromEntries(entry.offers.map((offer) => [offer.name, declareOffer(entry, offer, new Map()).server]));
  t.strictSame(declared, {
    remote: { type: 'http', url: 'https://${env:TENANT}.example.org/mcp', headers: { 'X-Key': 'Bearer ${env:KEY}' } },
    'remote-2': { type: 'http', url: 'https://old.example.org/sse' },
    local: {
      command: 'npx',
      args: ['--prefer-offline', '-y', '@acme/weather-mcp@1.2.3', '<folder>', '--units', 'metric'],
      env: { auth_header: 'Bearer ${env:TOKEN}', WEATHER_URL: 'https://w.example.org' },
    },
    pypi: { command: 'uvx', args: ['weather-mcp==0.9.0'] },
    oci: { command: 'docker', args: ['run', '-i', '--rm', '-e', 'WEATHER_KEY', 'ghcr.io/acme/weather:1.2.3'] },
  });
  const [, , local] = entry.offers;
  if (!local) throw new Error('no local offer');
  const given = new Map([
    ['WEATHER_KEY', '${env:W}'],
    ['TOKEN', '${env:T}'],
  ]);
  t.match(declareOffer(entry, local, given).server, {
    credentials: { WEATHER_KEY: '${env:W}' },
    env: { auth_header: 'Bearer ${env:T}' },
  });
  t.doesNotThrow(() => parseDeclaration({ mcpServers: declared }, 'test'));
});

t.test('older spellings, and the registry’s own wrapping', async (t) => {
  const older = {
    name: 'io.github.acme/x',
    description: 'd',
    version_detail: { version: '1.0.0' },
    packages: [
      {
        registry_type: 'npm',
        identifier: 'x',
        version: '1.0.0',
        environment_variables: [{ name: 'X_KEY', is_secret: true, is_required: true }],
      },
    ],
  };
  for (const value of [older, { server: older, _meta: {} }]) {
    t.match(fromServerJson(value, '2026-11-20').entry.offers, [
      { args: ['-y', 'x@1.0.0'], variables: [{ name: 'X_KEY', secret: true, required: true }] },
    ]);
  }
});

t.test('what can not be used says why', async (t) => {
  const cases: [unknown, RegExp][] = [
    [{}, /name: .*server\.json/],
    [null, /server\.json/],
    [[], /server\.json/],
    [{ name: 'a/b' }, /neither "packages" nor "remotes"/],
    [
      { name: 'a/b', packages: [{ registryType: 'nuget', identifier: 'N', version: '1.0.0', transport: { type: 'stdio' } }] },
      /"nuget" are not started here/,
    ],
    [{ name: 'a/b', packages: [{ registryType: 'npm', identifier: 'n', version: 'latest' }] }, /no exact version/],
    [{ name: 'a/b', packages: [{ registryType: 'oci', identifier: 'r/n:latest' }] }, /no exact version/],
    [{ name: 'a/b', packages: 'x' }, /packages/],
  ];
  for (const [value, message] of cases)
    t.throws(() => fromServerJson(value, '2026-11-20'), { name: 'RegistryEntryError', message }, JSON.stringify(value));
});

t.test('servers in a folder', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'sources-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, content: unknown) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  write('a/server.json', { ...weather, packages: weather.packages.slice(0, 1), remotes: [] });
  write('b/package.json', { name: '@acme/notes', mcpName: 'io.github.acme/notes', bin: './cli.js' });
  write('c/package.json', {
    name: 'two',
    dependencies: { '@modelcontextprotocol/sdk': '1' },
    bin: { 'two-mcp': 'mcp.js', other: 'o.js' },
  });
  write('d/package.json', { name: 'a-client', dependencies: { '@modelcontextprotocol/sdk': '1' }, bin: { chat: 'c.js' } });
  write(
    'e/pyproject.toml',
    '[project]\nname = "py"\ndependencies = ["mcp[cli]>=1.2"]\n[project.scripts]\npy-server = "py:main"\n',
  );
  write('f/pyproject.toml', '[project]\nname = "other"\ndependencies = ["mcp-nothing"]\n[project.scripts]\nx = "y:z"\n');
  write('g/server.json', { port: 80 });
  write('h/package.json', '{ broken');
  write('node_modules/i/package.json', { mcpName: 'x/y', bin: 'i.js' });
  const { found, unreadable } = discoverServers(root, '2026-11-20');
  t.match(found, [
    { name: 'weather-server', because: /server\.json/, server: { command: 'npx' } },
    { name: 'notes', because: /mcpName/, server: { command: 'node', args: [join(root, 'b', 'cli.js')] } },
    { name: 'two-mcp', because: /sdk/, server: { args: [join(root, 'c', 'mcp.js')] } },
    {
      name: 'py-server',
      because: /mcp\[cli\]/,
      server: { command: 'uv', args: ['run', '--directory', join(root, 'e'), 'py-server'] },
    },
  ]);
  t.equal(found.length, 4);
  t.match(unreadable, [{ file: join(root, 'h', 'package.json'), problem: /JSON/ }]);
  t.throws(() => discoverServers(join(root, 'none'), '2026-11-20'), { code: 'ENOENT' });
});
