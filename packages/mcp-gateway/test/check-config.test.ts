// What `--check-config` says about configurations that cannot work: the field, what is wrong, and what was meant.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { gatewayMain, newFolder } from './fixtures/gateway-process.ts';

const folder = newFolder(t);
const file = join(folder, 'config.json');

function check(text: string): { code: number | null; stdout: string; stderr: string } {
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [gatewayMain, '--config', file, '--check-config'], {
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}
const server = (entry: object) => ({ mcpServers: { files: entry } });

const good: [what: string, config: object][] = [
  ['nothing', {}],
  ['a schema for editors', { $schema: 'https://example.org/x', mcpServers: {} }],
  ['a program', server({ command: 'node', args: ['x'], env: { A: 'b' }, cwd: '/tmp' })],
  [
    'an endpoint with a secret',
    server({ url: 'https://example.org/mcp', headers: { authorization: 'Bearer ${file:/run/key}' } }),
  ],
  ['a URL that is a reference', server({ url: '${env:MCP_URL}' })],
  ['a socket', server({ socket: '/run/files.sock' })],
  ['a group', { ...server({ command: 'x' }), groups: { some: ['files'] } }],
];

const bad: [what: string, config: object | string, says: RegExp][] = [
  ['no JSON', '{"mcpServers": {', /config\.json:1:17: not valid JSON/],
  ['a list', '[]', /expected an object/],
  ['a mistyped setting', { mcpServer: {} }, /mcpServer: unknown key \(did you mean "mcpServers"\?\)/],
  ['a mistyped field', server({ comand: 'x' }), /mcpServers\.files\.comand: unknown key \(did you mean "command"\?\)/],
  [
    'a mistyped timer',
    server({ command: 'x', timeouts: { startMS: 1 } }),
    /mcpServers\.files\.timeouts\.startMS: unknown key \(did you mean "startMs"\?\)/,
  ],
  ['a server of no kind', server({ args: ['x'] }), /mcpServers\.files: one of "command", "url" or "socket" is needed/],
  [
    'a server of two kinds',
    server({ command: 'x', url: 'http://x' }),
    /mcpServers\.files: "command" and "url" exclude each other/,
  ],
  ['an empty command', server({ command: '' }), /mcpServers\.files\.command/],
  [
    'another kind of URL',
    server({ url: 'ftp://example.org' }),
    /"url" must start with http:\/\/ or https:\/\/, found "ftp:\/\/example\.org"/,
  ],
  ['a type without what it needs', server({ command: 'x', type: 'http' }), /"type": "http" needs "url", but "command" is given/],
  [
    'a type that is none',
    server({ url: 'http://x', type: 'htp' }),
    /mcpServers\.files\.type: expected one of .*did you mean "http"/,
  ],
  ['a socket without its folder', server({ socket: 'files.sock' }), /mcpServers\.files\.socket/],
  ['an era that is none', server({ command: 'x', protocol: 'modem' }), /mcpServers\.files\.protocol: .*did you mean "modern"/],
  [
    'a variable that is a number',
    server({ command: 'x', env: { PORT: 1 } }),
    /mcpServers\.files\.env\.PORT: expected a string, found a number \(not shown\)/,
  ],
  ['no time at all', server({ command: 'x', timeouts: { startMs: 0 } }), /mcpServers\.files\.timeouts\.startMs/],
  [
    'a name for no URL',
    { mcpServers: { 'my files': { command: 'x' } } },
    /mcpServers.*"my files".*a server name has 1 to 64 letters/s,
  ],
  ['a port out of range', { listen: { port: 70000 } }, /listen\.port/],
  [
    'a group of a server that is not there',
    { ...server({ command: 'x' }), groups: { some: ['fils'] } },
    /groups\.some\[0\]: no server is named "fils" \(did you mean "files"\?\)/,
  ],
];

for (const [what, config] of good) {
  t.test(`good: ${what}`, async (t) => {
    const { code, stdout, stderr } = check(JSON.stringify(config));
    t.same({ code, stderr }, { code: 0, stderr: '' });
    t.match(stdout, /config\.json: ok/);
  });
}

for (const [what, config, says] of bad) {
  t.test(`bad: ${what}`, async (t) => {
    const { code, stderr } = check(typeof config === 'string' ? config : JSON.stringify(config));
    t.equal(code, 78, 'EX_CONFIG');
    t.match(stderr, says);
    t.notMatch(stderr, /at .*\(.*:\d+:\d+\)/, 'no stack trace');
  });
}

t.test('every mistake is named at once', async (t) => {
  const { stderr } = check(JSON.stringify({ ...server({ comand: 'x' }), lisen: {}, graceMs: 'long' }));
  t.match(stderr, /comand/);
  t.match(stderr, /lisen: unknown key \(did you mean "listen"\?\)/);
  t.match(stderr, /graceMs: expected a/);
});

t.test('a value that looks like a secret is not repeated', async (t) => {
  const { stderr } = check(
    JSON.stringify(server({ url: 'http://x', headers: { authorization: { token: 'sk-verysecret123456' } } })),
  );
  t.match(stderr, /headers\.authorization/);
  t.notMatch(stderr, /verysecret/);
});
