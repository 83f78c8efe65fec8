// Entries as each client writes them, and how they are reached; references as each client spells them.
import t from 'tap';
import { normalizeReferences, type ServerEntry, ServerEntryError, serverEntrySchema, targetOf } from '../src/server-entry.ts';

const stdio = (more: object = {}) => ({ kind: 'stdio', command: 'npx', args: ['-y', 'x'], env: { A: 'b' }, ...more });
const url = 'https://example.org/mcp';
const headers = { Authorization: 'Bearer x' };
const program = { command: 'npx', args: ['-y', 'x'], env: { A: 'b' } };

const entries: [client: string, entry: object, target: object][] = [
  ['Claude Code, stdio', { type: 'stdio', ...program }, stdio()],
  ['Claude Code, http', { type: 'http', url, headers }, { kind: 'http', url, headers }],
  ['Claude Code, sse', { type: 'sse', url }, { kind: 'sse', url, headers: {} }],
  ['Claude Desktop', program, stdio()],
  ['Cursor, stdio', { type: 'stdio', ...program }, stdio()],
  [
    'Cursor, url',
    { url, headers, auth: { CLIENT_ID: 'x', CLIENT_SECRET: 'y', scopes: [] } },
    { kind: 'http-or-sse', url, headers },
  ],
  ['Gemini CLI, stdio', { ...program, cwd: '/srv', timeout: 30_000, trust: true }, stdio({ cwd: '/srv' })],
  [
    'Gemini CLI, httpUrl',
    { httpUrl: url, headers, includeTools: ['a'], excludeTools: ['b'], description: 'x' },
    { kind: 'http', url, headers },
  ],
  ['Gemini CLI, url and type', { url, type: 'http', oauth: {}, authProviderType: 'x' }, { kind: 'http', url, headers: {} }],
  ['Copilot CLI, local', { type: 'local', ...program, tools: ['*'] }, stdio()],
  ['Copilot CLI, http', { type: 'http', url, headers, tools: ['*'] }, { kind: 'http', url, headers }],
  [
    'Cline, stdio',
    { type: 'stdio', ...program, cwd: '/srv', disabled: false, autoApprove: ['a'], timeout: 60 },
    stdio({ cwd: '/srv' }),
  ],
  ['Cline, http', { type: 'streamableHttp', url, headers, autoApprove: false }, { kind: 'http', url, headers }],
  ['Roo Code, stdio', { ...program, alwaysAllow: ['a'], disabledTools: ['b'], watchPaths: ['x'], timeout: 60 }, stdio()],
  ['Roo Code, http', { type: 'streamable-http', url, headers, disabled: true }, { kind: 'http', url, headers }],
  ['Continue', { name: 'x', type: 'streamable-http', url }, { kind: 'http', url, headers: {} }],
  ['VS Code', { type: 'http', url, headers, gallery: true, version: '1.0.0' }, { kind: 'http', url, headers }],
  ['VS Code, a socket', { type: 'http', url: 'unix:///run/x.sock' }, { kind: 'socket', path: '/run/x.sock' }],
  ['Windsurf', { serverUrl: url, headers }, { kind: 'http-or-sse', url, headers }],
  ['LM Studio', { url, headers }, { kind: 'http-or-sse', url, headers }],
  ['Amp', { url }, { kind: 'http-or-sse', url, headers: {} }],
  ['Goose, type', { type: 'streamable_http', url }, { kind: 'http', url, headers: {} }],
  ['opencode, remote', { type: 'remote', url, headers, oauth: false, enabled: true }, { kind: 'http-or-sse', url, headers }],
  ['older files', { transport: 'sse', url }, { kind: 'sse', url, headers: {} }],
  ['a URL that is a reference', { url: '${env:URL}' }, { kind: 'http-or-sse', url: '${env:URL}', headers: {} }],
  ['nothing but a program', { command: 'x' }, { kind: 'stdio', command: 'x', args: [], env: {} }],
];

for (const [client, entry, target] of entries) {
  t.test(client, async (t) => {
    const parsed = serverEntrySchema.parse(entry);
    t.same(JSON.parse(JSON.stringify(targetOf(parsed))), target);
  });
}

t.test('a socket of our own', async (t) => {
  t.same(targetOf({ socket: '/run/x.sock' }), { kind: 'socket', path: '/run/x.sock' });
});

t.test('entries that name no server, or two', async (t) => {
  const bad: [entry: ServerEntry & { socket?: string }, says: RegExp][] = [
    [{}, /one of "command", "url" or "socket" is needed/],
    [{ args: ['x'] }, /is needed/],
    [{ command: 'x', url }, /"command" and "url" exclude each other; keep one/],
    [{ command: 'x', httpUrl: url }, /exclude/],
    [{ command: 'x', url, socket: '/x' }, /"command" and "url" and "socket"/],
    [{ type: 'http', command: 'x' }, /"type": "http" needs "url", but "command" is given/],
    [{ type: 'sse', command: 'x' }, /needs "url"/],
    [{ url: 'example.org/mcp' }, /must start with http/],
    [{ url: 'file:///etc/passwd' }, /must start with http/],
    [{ url: 'javascript:alert(1)' }, /must start with http/],
  ];
  for (const [entry, says] of bad) {
    t.throws(() => targetOf(entry), ServerEntryError);
    t.throws(() => targetOf(entry), { message: says });
  }
});

t.test('fields that nobody writes are refused', async (t) => {
  for (const entry of [
    { comand: 'x' },
    { command: 'x', environment: {} },
    { command: ['x'] },
    { url, header: {} },
    { command: 'x', env: { A: 1 } },
  ])
    t.notOk(serverEntrySchema.safeParse(entry).success, JSON.stringify(entry));
});

t.test('references as the clients write them', async (t) => {
  const env = { SET: 'value', EMPTY: '' };
  const cases: [text: string, normalized: string][] = [
    ['Bearer ${SET}', 'Bearer ${env:SET}'],
    ['${SET:-other}', '${env:SET}'],
    ['${UNSET:-other}', 'other'],
    ['${UNSET:-}', ''],
    ['${UNSET}', '${env:UNSET}'],
    ['${EMPTY:-other}', 'other'],
    ['${UNSET:-http://localhost:1/x?y=z}', 'http://localhost:1/x?y=z'],
    ['${env:SET}', '${env:SET}'],
    ['${file:/run/key} and ${credential:key}', '${file:/run/key} and ${credential:key}'],
    ['${SET}${SET}', '${env:SET}${env:SET}'],
    ['$SET {env:SET} ${not a name} ${}', '$SET {env:SET} ${not a name} ${}'],
  ];
  for (const [text, normalized] of cases) t.equal(normalizeReferences(text, env), normalized, text);
});
