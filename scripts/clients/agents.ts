// Agents that run headless: where each has to be told the address of the model and the MCP server, and how it is asked.
// Recorded with these versions on 2026-11-20; what each endpoint sees is in docs/clients where it matters.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { end, start } from '../bench/processes.ts';
import type { PackageSet } from './packages.ts';
import { type Column, clientKey, type Kind } from './rig.ts';

export interface Agent {
  name: string;
  set: Extract<PackageSet, 'codex' | 'gemini-cli' | 'claude-code'>;
  prepare(turn: Turn): Prepared;
  /** Why it cannot be asked of a kind of provider. */
  skip?(kind: Kind): string | undefined;
}

interface Turn {
  /** Where the agent is installed. */
  folder: string;
  /** Empty, and the agent's own. */
  home: string;
  /** Of the proxy. */
  url: string;
  prompt: string;
  mcpServer: { command: string; args: string[] };
}

interface Prepared {
  /** Below the home. */
  files: Record<string, string>;
  env: Record<string, string>;
  command: string;
  args: string[];
}

/** Longest time of a turn. */
const turnMs = 90_000;

/** Codex as a client of a model of that name, with a provider configured for us or with its own, led elsewhere. */
function codex({ folder, url, prompt, mcpServer }: Turn, model: string, provider: 'ours' | 'built-in' = 'ours'): Prepared {
  const base = JSON.stringify(`${url}/v1`);
  const ourProvider = [
    '[model_providers.switchyard]',
    'name = "switchyard"',
    `base_url = ${base}`,
    'env_key = "SWITCHYARD_KEY"',
    'wire_api = "responses"',
    'request_max_retries = 0',
    'stream_max_retries = 0',
  ];
  const config = [
    `model = ${JSON.stringify(model)}`,
    'check_for_update_on_startup = false',
    ...(provider === 'ours' ? ['model_provider = "switchyard"', ...ourProvider] : [`openai_base_url = ${base}`]),
    '[analytics]',
    'enabled = false',
    '[mcp_servers.probe]',
    `command = ${JSON.stringify(mcpServer.command)}`,
    `args = ${JSON.stringify(mcpServer.args)}`,
    'default_tools_approval_mode = "approve"',
  ];
  const program = join(folder, 'node_modules', '@openai', 'codex', 'bin', 'codex.js');
  return {
    files: {
      '.codex/config.toml': config.join('\n'),
      // As `codex login --with-api-key` writes it.
      ...(provider === 'built-in' && {
        '.codex/auth.json': JSON.stringify({ auth_mode: 'apikey', OPENAI_API_KEY: clientKey }),
      }),
    },
    env: { SWITCHYARD_KEY: clientKey },
    command: process.execPath,
    args: [program, 'exec', '--skip-git-repo-check', '--json', prompt],
  };
}

export const agents: Agent[] = [
  { name: 'Codex', set: 'codex', prepare: (turn) => codex(turn, 'chat') },
  // Tries a WebSocket first.
  { name: 'Codex, own provider', set: 'codex', prepare: (turn) => codex(turn, 'chat', 'built-in') },
  {
    // To a model whose name it knows it brings its tools in an item of the input, and MCP tools only as functions of JavaScript.
    name: 'Codex, known model',
    set: 'codex',
    prepare: (turn) => codex(turn, 'gpt-6-sol'),
    // Who speaks Responses is given them as they came.
    skip: (kind) =>
      kind === 'openai' || kind === 'openrouter' ? 'the chaos upstream reads no tools from items of the input' : undefined,
  },
  {
    name: 'Gemini CLI',
    set: 'gemini-cli',
    prepare: ({ folder, url, prompt, mcpServer }) => ({
      files: {
        '.gemini/settings.json': JSON.stringify({
          security: { auth: { selectedType: 'gemini-api-key' } },
          privacy: { usageStatisticsEnabled: false },
          general: { enableAutoUpdate: false },
          mcpServers: { probe: { ...mcpServer, trust: true } },
        }),
      },
      env: {
        GOOGLE_GEMINI_BASE_URL: url,
        GEMINI_API_KEY: clientKey,
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
        GEMINI_CLI_NO_RELAUNCH: 'true',
      },
      command: process.execPath,
      // No `-m`: the classifier, which wants a JSON answer, is part of the turn.
      args: [
        join(folder, 'node_modules', '@google', 'gemini-cli', 'bundle', 'gemini.js'),
        '-y',
        '-p',
        prompt,
        '--output-format',
        'json',
      ],
    }),
  },
  {
    name: 'Claude Code',
    set: 'claude-code',
    prepare: ({ folder, home, url, prompt, mcpServer }) => ({
      files: { 'mcp.json': JSON.stringify({ mcpServers: { probe: mcpServer } }) },
      env: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: clientKey,
        ANTHROPIC_MODEL: 'claude-sonnet-5',
        ANTHROPIC_DEFAULT_HAIKU_MODEL: 'claude-haiku-5-5',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        ENABLE_TOOL_SEARCH: 'false',
        // It refuses to work unattended as root anywhere else.
        IS_SANDBOX: '1',
      },
      command: join(folder, 'node_modules', `@anthropic-ai/claude-code-${process.platform}-${process.arch}`, 'claude'),
      args: [
        '-p',
        prompt,
        '--output-format',
        'json',
        '--mcp-config',
        join(home, 'mcp.json'),
        '--strict-mcp-config',
        '--allowedTools',
        'mcp__probe__probe_echo',
      ],
    }),
  },
];

/** One turn of an agent. Throws when it does not call the tool, or when the model does not see or the agent not print what it gave. */
export async function agentTurn(
  { name, prepare }: Agent,
  folder: string,
  { kind, url, chaos }: Column,
  base: string,
): Promise<void> {
  const home = join(base, `${name} ${kind}`.replace(/\W+/g, '-').toLowerCase());
  const word = `word-${randomUUID()}`;
  const task = `task-${randomUUID()}`;
  const prompt = `Call the tool probe_echo with a message and tell me what it gives back. (${task})`;
  const mcpServer = { command: process.execPath, args: [join(import.meta.dirname, 'echo-server.ts'), word] };
  const prepared = prepare({ folder, home, url, prompt, mcpServer });
  for (const [file, text] of Object.entries(prepared.files)) {
    mkdirSync(dirname(join(home, file)), { recursive: true });
    writeFileSync(join(home, file), text);
  }
  const work = join(home, 'work');
  mkdirSync(work);
  const { code, output } = await run({ ...prepared, home, work });
  const asked = chaos.requests.filter(({ text }) => text.includes(task));
  const told = output.slice(-1500);
  assert.ok(asked.length > 0, `the model was never asked; ended with ${code}: ${told}`);
  const refused = asked.find(({ status }) => status !== undefined && status >= 400);
  assert.equal(refused, undefined, `the provider answered ${refused?.status} to ${refused?.text.slice(0, 300)}; ${told}`);
  assert.equal(code, 0, `ended with ${code}: ${told}`);
  assert.ok(
    asked.some(({ text }) => text.includes(`hello from chaos ${word}`)),
    `the model was asked ${asked.length} times and never saw what the tool gave: ${told}`,
  );
  for (const { path, body } of asked) {
    if (!/\/chat(\/completions)?$/.test(path)) continue;
    const roles = ((body?.messages ?? []) as { role: string }[]).map(({ role }) => role);
    assert.ok(!/system|developer/.test(roles.slice(1).join()), `chat templates refuse ${roles.join(', ')}`);
  }
  assert.match(output, new RegExp(`The tool says: .*hello from chaos ${word}`), `the end of the answer is missing: ${told}`);
}

interface Run extends Prepared {
  home: string;
  work: string;
}

async function run({ command, args, env, home, work }: Run): Promise<{ code: number | string; output: string }> {
  // Nothing of this environment: keys and proxies of the machine are not the test's.
  const child = start('env', ['-i', ...Object.entries(ownEnv(home, env)).map((pair) => pair.join('=')), command, ...args], {
    cwd: work,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const timer = setTimeout(() => void end(child), turnMs);
  const code = await new Promise<number | string>((resolve) => {
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  clearTimeout(timer);
  return { code, output };
}

function ownEnv(home: string, env: Record<string, string>): Record<string, string> {
  const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
  return { HOME: home, PATH: path, LANG: 'C.UTF-8', TERM: 'dumb', NO_COLOR: '1', CI: '1', ...env };
}
