// Every agent's file as it is written for each mode and machine, against files that were looked over by hand (UPDATE=1 writes them
// anew), and against what each agent's documentation or source says an entry is.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { z } from 'zod';
import { type AgentName, agentNames, agents } from '../src/agents.ts';
import { parseDeclaration } from '../src/declaration.ts';
import type { Machine } from '../src/environments/machine.ts';
import { type Fields, isObject } from '../src/files/entries.ts';
import { withEntry } from '../src/files/format.ts';
import { type Plan, PlanError, planAgent } from '../src/plan.ts';

const golden = join(import.meta.dirname, 'fixtures', 'golden');

const mcpServers = {
  github: {
    command: '/run/current-system/sw/bin/github-mcp',
    args: ['stdio', 'a b', 'C:\\x', '100%'],
    env: { LOG_LEVEL: 'warn', REGION: '${env:REGION}' },
    credentials: { GITHUB_TOKEN: '/run/secrets/github' },
  },
  docs: { url: 'https://docs.example.org/mcp', headers: { Authorization: 'Bearer ${env:DOCS_TOKEN}' } },
  plain: { url: 'https://open.example.org/mcp' },
};

/** Variables of Windows do not reach programs of WSL. */
const serversForWindows = {
  github: { ...mcpServers.github, env: { LOG_LEVEL: 'warn' } },
  docs: { ...mcpServers.docs, headers: { Authorization: 'Bearer ${file:/run/secrets/docs}' } },
  plain: mcpServers.plain,
};

const home = '/home/u';
const linux: Machine = { environment: 'linux', home, projectRoot: '/home/u/app', env: {} };
const machines: Record<string, Machine> = {
  linux,
  macos: { ...linux, environment: 'macos', home: '/Users/u' },
  'windows host of WSL': {
    environment: 'windows',
    home: '/mnt/c/Users/u',
    projectRoot: '/mnt/c/Users/u/app',
    env: {},
    wsl: { distro: 'NixOS', user: 'nixos' },
  },
};
const program = ['/run/current-system/sw/bin/switchyard'] as const;

function plan(name: AgentName, machine: Machine, choices: object, gateway: object = { tokenEnv: 'SWITCHYARD_TOKEN' }): Plan {
  const declaration = parseDeclaration(
    { gateway, mcpServers: machine.wsl ? serversForWindows : mcpServers, agents: { [name]: choices } },
    'test',
  );
  return planAgent(declaration, name, { machine, program, readToken: () => 'the-token-itself' });
}

function textOf({ agent, at, entries }: Plan): string {
  return entries.reduce((text, { name, fields }) => withEntry(agent.format, text, at({}), name, fields), '');
}

function section(title: string, name: AgentName, machine: Machine, choices: object, gateway?: object): string {
  try {
    const made = plan(name, machine, choices, gateway);
    return `=== ${title}: ${made.path}${made.secret ? ' (holds the token)' : ''}\n${textOf(made)}`;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return `=== ${title}: refused\n${error.message}\n`;
  }
}

for (const name of agentNames) {
  t.test(agents[name].title, async (t) => {
    const files = { tokenFile: '/run/secrets/switchyard' };
    const sections = [
      ...Object.entries(machines).map(([title, machine]) => section(`gateway, ${title}`, name, machine, {})),
      section('gateway with a token file, linux', name, linux, {}, files),
      section('gateway with a token file, windows host of WSL', name, machines['windows host of WSL'] as Machine, {}, files),
      section('gateway without a token, linux', name, linux, {}, {}),
      section(
        'one entry for each server, linux',
        name,
        linux,
        { servers: { exclude: ['plain'] } },
        { tokenEnv: 'T', perServer: true },
      ),
      section('bridge, linux', name, linux, { mode: 'bridge' }, files),
      section('literal token, linux', name, linux, { token: 'literal' }, files),
      section('direct, linux', name, linux, { mode: 'direct' }),
      section('direct, windows host of WSL', name, machines['windows host of WSL'] as Machine, { mode: 'direct' }),
      section('project, linux', name, linux, { scope: 'project' }),
    ];
    const text = sections.join('\n');
    const file = join(golden, `${name}.txt`);
    if (process.env.UPDATE) {
      mkdirSync(golden, { recursive: true });
      writeFileSync(file, text);
    }
    t.equal(text, readFileSync(file, 'utf8'));
  });
}

/** What an entry is, as the agent's documentation or source has it (sheet of 2026-11-20). */
const texts = z.record(z.string(), z.string());
const program1 = { command: z.string(), args: z.array(z.string()), env: texts.optional(), cwd: z.string().optional() };
const stdio = (type: string | undefined, more: object = {}) =>
  z.strictObject({ ...(type !== undefined && { type: z.literal(type) }), ...program1, ...more });
const http = (type: string | undefined, url = 'url', more: object = {}) =>
  z.strictObject({ ...(type !== undefined && { type: z.literal(type) }), [url]: z.url(), headers: texts.optional(), ...more });
const tools = { tools: z.array(z.string()) };
const gooseShared = { name: z.string(), enabled: z.boolean(), timeout: z.number(), env_keys: z.array(z.string()).optional() };

const entrySchemas: Record<AgentName, z.ZodType> = {
  'claude-code': z.union([stdio('stdio'), http('http')]),
  codex: z.union([
    z.strictObject({ ...program1, env_vars: z.array(z.string()).optional() }),
    z.strictObject({ url: z.url(), bearer_token_env_var: z.string().optional(), http_headers: texts.optional() }),
  ]),
  'gemini-cli': z.union([stdio(undefined), http(undefined, 'httpUrl')]),
  opencode: z.union([
    z.strictObject({ type: z.literal('local'), command: z.array(z.string()).min(1), environment: texts.optional() }),
    http('remote', 'url', { oauth: z.literal(false).optional() }),
  ]),
  'copilot-cli': z.union([stdio('local', tools), http('http', 'url', tools)]),
  cline: z.union([stdio('stdio'), http('streamableHttp')]),
  continue: z.union([
    stdio('stdio', { name: z.string() }),
    z.strictObject({
      name: z.string(),
      type: z.literal('streamable-http'),
      url: z.url(),
      requestOptions: z.strictObject({ headers: texts }).optional(),
    }),
  ]),
  amp: z.union([stdio(undefined), http(undefined)]),
  cursor: z.union([stdio('stdio'), http(undefined)]),
  'roo-code': z.union([stdio('stdio'), http('streamable-http')]),
  vscode: z.union([stdio('stdio'), http('http')]),
  zed: z.union([stdio(undefined), http(undefined)]),
  windsurf: z.union([stdio(undefined), http(undefined, 'serverUrl')]),
  void: z.union([stdio(undefined), z.strictObject({ url: z.url() })]),
  'claude-desktop': stdio(undefined),
  goose: z.union([
    z.strictObject({
      type: z.literal('stdio'),
      cmd: z.string(),
      args: z.array(z.string()),
      envs: texts.optional(),
      ...gooseShared,
    }),
    z.strictObject({ type: z.literal('streamable_http'), uri: z.url(), headers: texts.optional(), ...gooseShared }),
  ]),
  'lm-studio': z.union([stdio(undefined), http(undefined)]),
};

t.test('every entry is what its agent takes', async (t) => {
  for (const name of agentNames)
    for (const [title, machine] of Object.entries(machines))
      for (const choices of [{}, { mode: 'bridge' }, { mode: 'direct' }])
        for (const { fields, name: server } of plan(name, machine, choices, machine.wsl && { tokenFile: '/run/secrets/t' })
          .entries) {
          const { success, error } = entrySchemas[name].safeParse(fields);
          t.ok(success, `${name}, ${title}, ${JSON.stringify(choices)}, ${server}: ${error?.message ?? ''}`);
        }
});

t.test('what is written is understood again', async (t) => {
  for (const name of agentNames)
    for (const { fields } of plan(name, linux, { mode: 'direct' }).entries) {
      const agent = agents[name];
      const again = agent.write(agent.read(fields));
      t.same(agent.named ? { name: fields.name, ...again } : again, fields, name);
    }
});

t.test('fields that only one agent knows go to that agent alone', async (t) => {
  const server = { command: '/bin/x', agentFields: { cline: { timeout: 90, autoApprove: ['a'] } } };
  const declaration = parseDeclaration(
    { mcpServers: { x: server }, agents: { cline: { mode: 'direct' }, zed: { mode: 'direct' } } },
    'test',
  );
  const fieldsFor = (name: AgentName): Fields => {
    const { entries } = planAgent(declaration, name, { machine: linux, program, readToken: () => '' });
    return entries[0]?.fields ?? {};
  };
  t.match(fieldsFor('cline'), { timeout: 90, autoApprove: ['a'] });
  t.notOk('timeout' in fieldsFor('zed'));
});

t.test('approving tools, only where the agent’s file can', async (t) => {
  const fields = (name: AgentName, approve: unknown) => plan(name, linux, { approve }).entries[0]?.fields;
  t.match(fields('codex', 'all'), { default_tools_approval_mode: 'approve' });
  t.match(fields('codex', ['a']), { tools: { a: { approval_mode: 'approve' } } });
  t.match(fields('gemini-cli', 'all'), { trust: true });
  t.match(fields('cline', ['a']), { autoApprove: ['a'] });
  t.match(fields('roo-code', ['a']), { alwaysAllow: ['a'] });
  t.throws(() => plan('zed', linux, { approve: 'all' }), {
    message: /agents.zed.approve: its file has no setting for approving all tools \(codex, gemini-cli have\)/,
  });
});

t.test('what cannot be done is refused with the reason', async (t) => {
  const refuse = (declared: object, name: AgentName, reason: RegExp, machine = linux) => {
    const declaration = parseDeclaration(declared, 'test');
    t.throws(() => planAgent(declaration, name, { machine, program, readToken: () => '' }), { message: reason });
  };
  const direct = (name: AgentName, server: object) => ({ mcpServers: { s: server }, agents: { [name]: { mode: 'direct' } } });
  refuse(direct('zed', { command: 'x', args: ['--key', '${file:/k}'] }), 'zed', /s: args\[1\] holds a secret, .*`credentials`/);
  refuse(
    direct('zed', { command: 'x', credentials: { K: 'sk-the-key-itself' } }),
    'zed',
    /s: a secret must be a reference by itself/,
  );
  refuse(direct('zed', { url: 'unix:///run/x.sock' }), 'zed', /cannot reach a Unix socket/);
  refuse(direct('void', { type: 'sse', url: 'https://x.org/sse', headers: { A: 'b' } }), 'void', /SSE server cannot be bridged/);
  refuse(
    direct('cursor', { command: 'x' }),
    'cursor',
    /"x" must be an absolute path to be started from Windows/,
    machines['windows host of WSL'],
  );
  refuse({ agents: { cline: { scope: 'project' } } }, 'cline', /has no file of a project/);
  refuse(
    { mcpServers: { a_b: { command: 'x' }, 'a-b': { command: 'y' } }, agents: { 'gemini-cli': { mode: 'direct' } } },
    'gemini-cli',
    /a-b: two servers get this name/,
  );
  refuse({ agents: { zed: { servers: { include: ['githb'] } } } }, 'zed', /servers.include: no server "githb"/);
  t.throws(() => parseDeclaration({ agents: { cusror: {} } }, 'test'), { message: /agents.*cusror.*cursor/ });
  t.throws(() => parseDeclaration({ gatway: {} }, 'test'), { message: /gatway: unknown key \(did you mean "gateway"\?\)/ });
  t.ok(isObject(parseDeclaration({ mcpServers: { x: { httpUrl: 'https://x.org', trust: true } } }, 'a file of a client')));
});
